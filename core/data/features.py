"""Fields as numbers: what a linear layer can use (`transform`) and what a tree can use (`table`).

Everything is learned from the training part alone. What the training part cannot tell (a missing number, a category
never met) sits at the training mean, which is 0 after centring, so that it moves no linear score.

Source: piecewise-linear encoding by quantiles after Gorishniy et al. 2022 (arXiv 2203.05556).
# DIFF: plain quantiles there; here the commonest value gets an edge of its own, because counts of calls and visits are
# mostly zero and plain quantiles would leave one bin.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from core.data.leads import Leads
from core.errors import RunError, ValidationError

OTHER = "(other)"
"""Category that stands for rare values and for values never met in training."""
BINS = 8
"""Most bins of the piecewise-linear encoding. Source: ours."""
LEADS_PER_BIN = 30
"""Fewest training leads that a bin is made for. Source: ours."""
RARE_SHARE = 0.005
"""A category with a smaller share of the training leads is pooled. Source: ours."""
RARE_LEADS = 10
"""A category with fewer training leads is pooled. Source: ours."""
HEAVY_SKEW = 2.0
"""Skewness of the magnitudes from which signed log1p is taken, where it lessens the skewness. Source: ours."""
REACH = 100.0
"""A value is clipped this many times the training part's 1-99% range beyond that range. Wide, since a field that
drifts, as interest rates do, must still carry its trend (bank marketing leaves its training range 37-fold); wild
outliers in the training part already call for log1p. Source: ours."""
CURVE = 0.1
"""Standard deviation of the piecewise-linear columns: small beside the value's 1, so that an L2 penalty prefers
straight lines to curves. With 1, the encoding fell below plain fields on drifting ones (bank marketing: AUC 0.47
against 0.67; with 0.1: 0.72); a curve that is there is still found, with a weaker penalty. Source: ours."""
LEAST_SPREAD = 0.2
"""0/1 columns are divided by their standard deviation, but by no less than this: else a category of 1 lead in 1,000
would come out at 30 and one L2 strength could not hold it. Source: ours."""


@dataclass(frozen=True)
class _Number:
    name: str
    log: bool
    low: float
    high: float
    edges: tuple[float, ...]
    """In units of the logarithm where `log`, as are `low` and `high`."""
    missing: bool

    @staticmethod
    def fit(name: str, values: np.ndarray) -> _Number:
        known = values[np.isfinite(values)]
        missing = 0 < len(known) < len(values)
        if len(known) == 0 or known.min() == known.max():
            return _Number(name, False, 0.0, 0.0, (), missing)
        size = np.abs(known)
        log = _skewness(size) > max(HEAVY_SKEW, _skewness(np.log1p(size)))
        known = np.sign(known) * np.log1p(size) if log else known
        bottom, top = np.quantile(known, [0.01, 0.99])
        if bottom == top:
            bottom, top = known.min(), known.max()
        low, high = float(bottom - REACH * (top - bottom)), float(top + REACH * (top - bottom))
        return _Number(name, log, low, high, _edges(np.clip(known, low, high)), missing)

    def columns(self) -> list[str]:
        names = [self.name] if self.high > self.low else []
        units = np.sign(self.edges) * np.expm1(np.abs(self.edges)) if self.log else self.edges
        names += [f"{self.name}: {low:.4g} to {high:.4g}" for low, high in pairwise(units)]
        return names + ([f"{self.name}: missing"] if self.missing else [])

    def spread(self, raw: np.ndarray) -> np.ndarray:
        """Shape (columns,): what each column of `raw` is divided by."""
        spread = np.nanstd(raw, axis=0)
        bends = slice(int(self.high > self.low), spread.size - self.missing)
        spread[bends] /= CURVE
        return np.append(spread[: bends.stop], np.maximum(spread[bends.stop :], LEAST_SPREAD))

    def rare(self, values: np.ndarray) -> np.ndarray:
        """Shape (n,): whether a number lies outside the training part's 1-99% range; what is missing does not."""
        x = np.sign(values) * np.log1p(np.abs(values)) if self.log else values
        beside = REACH * (self.high - self.low) / (1 + 2 * REACH)
        hair = 1e-9 * (self.high - self.low)
        return (x < self.low + beside - hair) | (x > self.high - beside + hair)

    def raw(self, values: np.ndarray) -> np.ndarray:
        """Shape (n, columns), NaN where unknown."""
        known = np.isfinite(values)
        x = np.where(known, values, np.nan)
        if self.log:
            x = np.sign(x) * np.log1p(np.abs(x))
        x = np.clip(x, self.low, self.high)
        parts = [x[:, None]] if self.high > self.low else []
        if self.edges:
            edges = np.array(self.edges)
            parts.append(np.clip((x[:, None] - edges[:-1]) / np.diff(edges), 0, 1))
        if self.missing:
            parts.append(~known[:, None])
        return np.hstack(parts, dtype=np.float64) if parts else np.empty((len(values), 0))


def _skewness(known: np.ndarray) -> float:
    """Third standardised moment; the scale is taken out first, so that large units do not overflow."""
    x = known / known.max()
    x = x - x.mean()
    return float((x**3).mean() / max((x**2).mean(), 1e-30) ** 1.5)


def _edges(known: np.ndarray) -> tuple[float, ...]:
    """Bin edges by quantile, the commonest value apart where it fills a bin or more; () for fewer than two bins."""
    distinct, counts = np.unique(known, return_counts=True)
    mode = distinct[counts.argmax()]
    common = counts.max() >= len(known) / BINS
    rest = known[known != mode] if common else known
    bins = min(BINS, len(rest) // LEADS_PER_BIN)
    if len(distinct) < 3 or bins < 2:
        return ()
    edges = np.unique(np.append(np.quantile(rest, np.linspace(0, 1, bins + 1)), mode if common else rest.min()))
    # Edges that all but coincide would divide by nearly nothing.
    edges = edges[np.append(True, np.diff(edges) > 1e-9 * (edges[-1] - edges[0]))]
    return tuple(edges.tolist()) if len(edges) > 2 else ()


@dataclass(frozen=True)
class _Category:
    name: str
    levels: tuple[str, ...]

    @staticmethod
    def fit(name: str, values: pd.Series) -> _Category:
        counts = values.value_counts()
        floor = max(RARE_LEADS, RARE_SHARE * len(values))
        frequent = sorted((str(v) for v, n in counts.items() if n >= floor and v not in ("", OTHER)))
        pooled = any(n < floor or v == OTHER for v, n in counts.items() if v != "")
        return _Category(name, (*frequent, *([OTHER] if pooled else []), *([""] if "" in counts.index else [])))

    def columns(self) -> list[str]:
        labels = {"": f"{self.name}: missing", OTHER: f"{self.name}: other"}
        return [labels.get(level, f"{self.name}={level}") for level in self.levels] if len(self.levels) > 1 else []

    def spread(self, raw: np.ndarray) -> np.ndarray:
        """Shape (columns,): what each column of `raw` is divided by."""
        return np.maximum(np.nanstd(raw, axis=0), LEAST_SPREAD)

    def codes(self, values: pd.Series) -> np.ndarray:
        """Position in `levels`, -1 where the training part cannot tell."""
        codes = pd.Index(self.levels, dtype=object).get_indexer(pd.Index(values, dtype=object))
        unmet = (codes < 0) & (values != "").to_numpy()
        return np.where(unmet, self.levels.index(OTHER), codes) if OTHER in self.levels else codes

    def rare(self, values: pd.Series) -> np.ndarray:
        """Shape (n,): whether the training part had too few leads of this category to tell it from others, or none."""
        return ((values != "") & ~values.isin([level for level in self.levels if level != OTHER])).to_numpy()

    def raw(self, values: pd.Series) -> np.ndarray:
        """Shape (n, columns), NaN where unknown."""
        if len(self.levels) < 2:
            return np.empty((len(values), 0))
        codes = self.codes(values)
        return np.where(codes[:, None] < 0, np.nan, codes[:, None] == np.arange(len(self.levels)))


@dataclass(frozen=True)
class FeatureEncoder:
    """Numeric and categorical fields to standardised columns; make it with `fit`. Text fields are left to others.

    Per number: its value (signed log1p where heavily skewed, clipped), a piecewise-linear encoding, and whether it is
    missing. Per category: one column a level, rare values pooled, missing a level of its own.
    """

    numbers: tuple[_Number, ...]
    categories: tuple[_Category, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]

    @staticmethod
    def fit(leads: Leads) -> FeatureEncoder:
        """Learn from the training part; no outcome is looked at."""
        frame, features = leads.features, leads.schema.features
        numbers = tuple(_Number.fit(name, frame[name].to_numpy(dtype=np.float64)) for name in features.numeric)
        categories = tuple(_Category.fit(name, frame[name]) for name in features.categorical)
        mean: list[float] = []
        scale: list[float] = []
        for part in FeatureEncoder(numbers, categories, (), ())._parts:
            raw = part.raw(_values(leads, part))
            if raw.shape[1]:
                mean += np.nanmean(raw, axis=0).tolist()
                scale += part.spread(raw).tolist()
        return FeatureEncoder(numbers, categories, tuple(mean), tuple(scale))

    @property
    def _parts(self) -> tuple[_Number | _Category, ...]:
        return (*self.numbers, *self.categories)

    @property
    def fields(self) -> tuple[str, ...]:
        """Source fields: numbers, then categories."""
        return tuple(part.name for part in self._parts)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """One readable name per output column."""
        return tuple(name for part in self._parts for name in part.columns())

    @cached_property
    def groups(self) -> np.ndarray:
        """Shape (width,), int64: position in `fields` that each output column comes from."""
        sizes = [len(part.columns()) for part in self._parts]
        return np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)

    @property
    def width(self) -> int:
        """Number of output columns; 0 without fields, or where no field varies."""
        return len(self.mean)

    def transform(self, leads: Leads) -> np.ndarray:
        """Shape (n, width), float32, finite; about mean 0 and variance 1 on the training part.

        Raises:
            ValidationError: the leads lack fields that the encoder was fitted on.
        """
        self._check(leads)
        out = np.empty((len(leads), self.width), dtype=np.float32)
        start = 0
        for part in self._parts:
            raw = part.raw(_values(leads, part))
            span = slice(start, start := start + raw.shape[1])
            out[:, span] = np.nan_to_num((raw - np.array(self.mean[span])) / np.array(self.scale[span]), nan=0.0)
        return out

    def rare(self, leads: Leads) -> pd.DataFrame:
        """A column per field, True where the training part had hardly any lead with that value: numbers outside its
        1-99% range, categories that were pooled or never met.

        Raises:
            ValidationError: the leads lack fields that the encoder was fitted on.
        """
        self._check(leads)
        return pd.DataFrame({part.name: part.rare(_values(leads, part)) for part in self._parts})

    def table(self, leads: Leads) -> pd.DataFrame:
        """Columns `fields`, index 0..n-1, for trees: raw floats with NaN, pandas categoricals with the fitted levels.

        Raises:
            ValidationError: the leads lack fields that the encoder was fitted on.
        """
        self._check(leads)
        columns: dict[str, Any] = {part.name: _values(leads, part) for part in self.numbers}
        for part in self.categories:
            codes = part.codes(_values(leads, part))
            columns[part.name] = pd.Categorical.from_codes(codes, categories=pd.Index(part.levels, dtype=object))
        return pd.DataFrame(columns, index=range(len(leads)))

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` reads it back exactly."""
        return asdict(self)

    @staticmethod
    def from_dict(document: dict[str, Any]) -> FeatureEncoder:
        """Raises RunError where the document is not what `to_dict` wrote."""
        try:
            numbers = tuple(_Number(**{**entry, "edges": tuple(entry["edges"])}) for entry in document["numbers"])
            categories = tuple(_Category(entry["name"], tuple(entry["levels"])) for entry in document["categories"])
            encoder = FeatureEncoder(numbers, categories, tuple(document["mean"]), tuple(document["scale"]))
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"the feature encoder is not what was written: {error!r}; train the run again") from error
        if not len(encoder.names) == len(encoder.mean) == len(encoder.scale):
            raise RunError(
                f"the feature encoder must hold a mean and a scale for each of {len(encoder.names)} columns, however: "
                f"got {len(encoder.mean)} and {len(encoder.scale)}; train the run again"
            )
        return encoder

    def _check(self, leads: Leads) -> None:
        absent = [name for name in self.fields if name not in leads.features.columns]
        if absent:
            problem = "field '{}' was used in training, however: these leads lack it; add the column"
            raise ValidationError(tuple(problem.format(name) for name in absent))


def _values(leads: Leads, part: _Number | _Category) -> Any:
    column = leads.features[part.name]
    return column.to_numpy(dtype=np.float64) if isinstance(part, _Number) else column
