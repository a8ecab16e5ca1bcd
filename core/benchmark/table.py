"""Every arm's figures on the same tested leads, how far chance spreads them, and what sets them apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from core.benchmark.arms import Arm
from core.benchmark.choosing import as_good, best_by_validation, validation, validation_error
from core.benchmark.measuring import AUC, clusters, measured, measures, outcome, ran
from core.benchmark.results import Results
from core.benchmark.spread import Contrast, Point, Spread
from core.comparison import Difference, holm
from core.errors import LeadRankError, NotComputable
from core.evaluation import Measure, Missing
from core.metrics import auc_interval
from core.ranking import Figure

RESAMPLES = 1000
"""Only a standard error is taken from them, which then varies by 1 / sqrt(2 * 1000) = 2%."""


@dataclass(frozen=True)
class Row:
    """One arm by one measure."""

    arm: str
    measure: Measure
    figure: Figure | Point | Missing
    """Mean over seeds; the interval covers leads and seeds. A point where there is no telling how far it spreads."""
    between: float
    """Standard deviation between seeds; NaN with one seed."""
    seeds: int
    relative: float
    """Figure over that of the reference, less 1; NaN where there is none."""
    apart: Difference | Missing | None
    """Less the reference, p corrected over the arms; None for the reference itself."""
    from_own: Difference | Missing | None
    """Less the arm that it is a variant of, p corrected over all such arms; None for others."""


@dataclass(frozen=True)
class Cost:
    """What an arm takes, mean over seeds, the language model's reading included."""

    train_seconds: float
    score_seconds: float
    """For 1,000 leads."""


@dataclass(frozen=True, eq=False)
class Table:
    """What a benchmark has found so far. Arms stand in the order of `results.arms`, those without a trial left out."""

    results: Results
    reference: str | None
    """The best baseline by validation, which all others are held against; None while no baseline has run."""
    language: str | None
    """The best way that reads the talk with the language model, by validation too; None while none has run. Ablations
    are there to explain, and do not stand for election."""
    rows: tuple[Row, ...]
    spreads: dict[str, Spread]
    """By the name of each measure that has a value; arms as in `arms`."""
    missing: dict[str, str]
    """Measures without a value, and why."""
    resamples: int

    @property
    def arms(self) -> dict[str, Arm]:
        """Arms that have run, by key."""
        return ran(self.results)

    @cached_property
    def as_good(self) -> tuple[str, ...]:
        """Baselines that validation cannot tell from `reference`, itself among them, the simplest first."""
        return as_good(self.results, baselines(self.results))

    @property
    def simplest(self) -> str | None:
        """The first of `as_good`; None while no baseline has run."""
        return self.as_good[0] if self.as_good else None

    @property
    def telling(self) -> tuple[str, ...]:
        """Arms that curves are drawn of: the simplest and the best usual method, the best trees, the language model."""
        trees = [key for key in baselines(self.results) if self.arms[key].family == "tree"]
        four = (self.simplest, self.reference, best_by_validation(self.results, trees), self.language)
        return tuple(dict.fromkeys(arm for arm in four if arm is not None))

    @property
    def leads(self) -> int:
        return len(self.results.test)

    @property
    def converted(self) -> int:
        return int(self.results.test["converted"].sum())

    @property
    def measures(self) -> tuple[Measure, ...]:
        return measures(self.results.capacity)

    @property
    def at_capacity(self) -> Measure:
        """Share of orders among as many of the best leads as the team can call."""
        return Measure("precision_at", self.results.capacity)

    @cached_property
    def _by_arm(self) -> dict[tuple[str, str], Row]:
        return {(row.arm, row.measure.name): row for row in self.rows}

    @property
    def untold(self) -> str:
        """Why figures have no ranges; empty where they have."""
        return next((spread.untold for spread in self.spreads.values()), "")

    @property
    def reads(self) -> bool:
        """Whether `language` reads the talk; without words it learns from the fields alone."""
        return self.language is not None and self.results.of(self.language)[0].reads

    def row(self, arm: str, measure: Measure) -> Row:
        """Raises KeyError where the arm has not run."""
        return self._by_arm[arm, measure.name]

    def contrast(self, measure: Measure, weights: Mapping[str, float]) -> Contrast:
        """A weighted sum of arms' figures: `{"hpro": 1, "asllr": -1}` is what sets the first above the second.

        Raises:
            NotComputable: the measure has no value on these leads.
            LeadRankError: an arm has not run.
        """
        if measure.name in self.missing:
            raise NotComputable(self.missing[measure.name])
        unknown = [arm for arm in weights if arm not in self.arms]
        if unknown:
            raise LeadRankError(f"{unknown} must be among the arms that have run, {list(self.arms)}")
        return self.spreads[measure.name].contrast(np.array([weights.get(arm, 0.0) for arm in self.arms]))

    def cost(self, arm: str) -> Cost:
        """Raises KeyError where the arm has not run."""
        trials, shared = self.results.of(arm), self.results.shared
        if not trials:
            raise KeyError(arm)
        both = trials[0].reads and self.arms[arm].shares_states
        reading = float(shared.get("read_seconds_per_1000") or 0) if both else 0.0
        # Of the training part the language model may read a sample alone.
        leads = {**shared.get("split", {}), **shared.get("read", {})}
        learnt = leads.get("train", 0) + leads.get("calibration", 0)
        return Cost(
            float(np.mean([one.train_seconds for one in trials])) + reading * learnt / 1000,
            float(np.mean([one.score_seconds for one in trials])) + reading,
        )

    def to_frame(self) -> pd.DataFrame:
        """One row for each arm and measure: all that is told of it, with what the arm costs."""
        return pd.DataFrame([self._record(row) for row in self.rows])

    def _record(self, row: Row) -> dict[str, Any]:
        arm, cost = self.arms[row.arm], self.cost(row.arm)
        told = {
            "arm": row.arm,
            "title": arm.title,
            "family": arm.family,
            "baseline": arm.baseline,
            "measure": row.measure.name,
            "seeds": row.seeds,
            **_flat("", row.figure),
            "seed_sd": row.between,
            "relative": row.relative,
            "reference": self.reference,
            **_flat("difference", row.apart),
            "own_reference": arm.reference or None,
            **_flat("own_difference", row.from_own),
            "validation": validation(self.results, row.arm),
            "validation_error": validation_error(self.results, row.arm),
            "train_seconds": cost.train_seconds,
            "score_seconds_per_1000": cost.score_seconds,
        }
        return told | {"reason": None if isinstance(row.figure, Figure) else row.figure.reason}


def build_table(results: Results, *, resamples: int = RESAMPLES, seed: int = 0) -> Table:
    """All arms that have run, on the same resamples of the leads (of customers, where they repeat).

    Figures are means over seeds; intervals and p cover leads and seeds (see `spread`). The training part is the same
    in all: how another one would change the order is not told.

    Raises:
        NotComputable: no arm has run, or the tested leads have one outcome alone.
        LeadRankError: an arm's scores are not those of the tested leads.
    """
    spreads, missing = measured(results, resamples, seed)
    arms = ran(results)
    reference = best_by_validation(results, baselines(results))
    language = best_by_validation(results, [key for key, arm in arms.items() if electable(arm)])
    found = {
        measure: _missing(results, measure, missing[measure.name])
        if measure.name in missing
        else _rows(results, measure, spreads[measure.name], reference)
        for measure in measures(results.capacity)
    }
    rows = tuple(found[measure][arm] for arm in arms for measure in found)
    return Table(results, reference, language, rows, spreads, missing, resamples)


def baselines(results: Results) -> list[str]:
    """Arms that have run and that the language model has to beat."""
    return [key for key, arm in ran(results).items() if arm.baseline]


def electable(arm: Arm) -> bool:
    """Whether the arm may be `Table.language`."""
    return arm.reads and arm.family != "ablation"


def _missing(results: Results, measure: Measure, reason: str) -> dict[str, Row]:
    return {
        arm: Row(arm, measure, Missing(reason), np.nan, len(results.of(arm)), np.nan, None, None)
        for arm in ran(results)
    }


def _rows(results: Results, measure: Measure, spread: Spread, reference: str | None) -> dict[str, Row]:
    """A row for each arm."""
    arms = ran(results)
    place = {key: position for position, key in enumerate(arms)}
    against = {} if reference is None else {key: reference for key in arms if key != reference}
    apart = _differences(spread, place, against)
    from_own = _differences(spread, place, {key: arm.reference for key, arm in arms.items() if arm.reference in arms})
    base = 0.0 if reference is None else spread.value[place[reference]]
    return {
        key: Row(
            arm=key,
            measure=measure,
            figure=_figure(spread, position, measure, results, key),
            between=float(spread.between[position]),
            seeds=int(spread.seeds[position]),
            relative=float(spread.value[position] / base - 1) if base > 0 else np.nan,
            apart=apart.get(key),
            from_own=from_own.get(key),
        )
        for key, position in place.items()
    }


def _differences(
    spread: Spread, place: Mapping[str, int], against: Mapping[str, str]
) -> dict[str, Difference | Missing]:
    """Each arm of `against` less its other, with p corrected over all of them."""
    found: dict[str, tuple[Figure, float]] = {}
    none: dict[str, Difference | Missing] = {}
    for key, other in against.items():
        weights = np.zeros(len(place))
        weights[place[key]], weights[place[other]] = 1, -1
        one = spread.contrast(weights)
        try:
            found[key] = one.figure(), one.p()
        except NotComputable as error:
            none[key] = Missing(str(error))
    corrected = holm({key: p for key, (_, p) in found.items()})
    return none | {key: Difference(gap.value, gap.low, gap.high, p, corrected[key]) for key, (gap, p) in found.items()}


def _figure(spread: Spread, position: int, measure: Measure, results: Results, arm: str) -> Figure | Point:
    """The arm's own figure, its interval within [0, 1]."""
    one = spread.contrast(np.eye(len(spread.value))[position])
    try:
        if one.error == 0 and measure == AUC:
            # A perfect order, in every resample and with every seed.
            return auc_interval(outcome(results), results.of(arm)[0].score, clusters(results.test))
        figure = one.figure()
    except NotComputable as error:
        return Point(one.value, str(error))
    return Figure(figure.value, max(figure.low, 0.0), min(figure.high, 1.0))


def _flat(name: str, told: Figure | Point | Difference | Missing | None) -> dict[str, float]:
    """Columns of a figure or difference, NaN where it is missing."""
    parts = ("value", "low", "high") if name == "" else ("value", "low", "high", "p", "p_holm")
    start = f"{name}_" if name else ""
    values = {part: float(getattr(told, part, np.nan)) for part in parts}
    return {(name if part == "value" and name else f"{start}{part}"): value for part, value in values.items()}
