"""Who is in which arm: halves within strata, drawn until the arms are alike before the start, or matched pairs.

How far the arms are apart is one number, M, the squared length of `draws.distance`: about chi-square over all draws
that the strata allow, so that a share `accept` of them lies below its quantile. In a small team that share would be a
few draws, which anybody could foresee: there as many are accepted as leave chance its work.

Source: Morgan & Rubin 2012, Rerandomization to improve covariate balance in experiments.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2

from core.decisions.field_trial.choices import ARMS, KINDS
from core.decisions.field_trial.draws import coins, distance, halves, matched_pairs, possible, whitened
from core.decisions.field_trial.specialists import COUNTS, FEWEST
from core.errors import ConfigError, NotComputable, ValidationError

BLOCK = 2_000_000
"""Places drawn at once: some 50 MB."""
TRIED = 2_000
"""Draws that show how M is distributed among these people. Source: ours."""
ALIKE = 200
"""Different draws, mirror images apart, of which one is taken: with fewer some people's arm could be foretold, and a
permutation would have too little to compare with. Source: ours; 199 are what a test at 5% asks for at the least."""
MOST_TRIED = 200_000
"""Draws tried to find them."""
FEWEST_DRAWS = 20
"""Draws that the strata must allow, mirror images counted, for drawing again to be of use. Source: ours."""
MOST_DRAWS = 1_000_000


@dataclass(frozen=True)
class Design:
    """How specialists are drawn into arms."""

    kind: str = "rerandomised"
    """rerandomised: halves of each stratum, drawn until the arms are alike; pairs: a coin for each pair of like
    specialists; stratified: halves of each stratum, drawn once. Source: ours, after the paper's balanced strata."""
    strata: tuple[str, ...] = ("tier",)
    """Columns whose every combination is halved. Source: the paper's four capability tiers."""
    balance: tuple[str, ...] = ("lock_ins_30", "lock_ins_14", "lock_ins_7", "follow_ups")
    """Columns in which the arms shall be alike. Source: the paper."""
    accept: float = 0.01
    """Share of draws that are alike enough, in (0, 1]; a larger one where that would be fewer than ALIKE different
    draws. Source: method 4.3, .01 to .001."""
    seed: int = 0
    """The same specialists, design and seed make the same arms."""
    draws: int = 10_000
    """Most draws before giving up."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(f"the design's kind must be one of {', '.join(KINDS)}, however: got={self.kind!r}")
        if not 0 < self.accept <= 1:
            raise ConfigError(f"the design's accept must lie in (0, 1], however: got={self.accept!r}")
        if self.seed < 0:
            raise ConfigError(f"the design's seed must be 0 or more, however: got={self.seed!r}")
        if not 1 <= self.draws <= MOST_DRAWS:
            raise ConfigError(f"the design's draws must lie in [1, {MOST_DRAWS:,}], however: got={self.draws!r}")
        if self.kind != "stratified" and not self.balance:
            raise ConfigError(f"a {self.kind} design needs columns to balance; name some, or take the kind stratified")


@dataclass(frozen=True)
class Assignment:
    """Specialists with their arms."""

    frame: pd.DataFrame
    """The specialists in the given order, with `stratum` and `arm`: treatment or control."""
    distance: float
    """M of the accepted draw; NaN for pairs, which are alike one by one."""
    threshold: float
    """The largest M that is accepted; infinity where every draw is, NaN for pairs."""
    draws: tuple[float, ...]
    """M of every draw, the accepted one last; empty for pairs."""


def assign(specialists: pd.DataFrame, design: Design) -> Assignment:
    """Draw the arms; their sizes differ by one at most. Shape (k, m) -> (k, m + 2).

    Raises:
        ValidationError: the specialists lack a column of the design.
        NotComputable: fewer than four specialists, strata that leave nothing to draw again, or no draw was accepted.
    """
    stratum, code = _strata(specialists, design)
    rng = np.random.default_rng(design.seed)
    distances: list[float] = []
    threshold = math.nan
    if design.kind == "pairs":
        treated = coins(_pairs(specialists, code, design), len(code), rng, 1)[0]
    else:
        columns, threshold = _whitened(specialists, code, design)
        treated = _first_alike(code, columns, threshold, design, rng, distances)
    frame = specialists.assign(stratum=stratum, arm=np.where(treated, *ARMS))
    return Assignment(frame, distances[-1] if distances else math.nan, threshold, tuple(distances))


def accepted(specialists: pd.DataFrame, design: Design, times: int, seed: int | Sequence[int]) -> np.ndarray:
    """Further assignments that the design would have accepted as well, for permutation tests.

    Shape: (times, k), bool: True in treatment, in the specialists' order.

    Raises:
        ValidationError, NotComputable: as `assign`.
    """
    _, code = _strata(specialists, design)
    rng = np.random.default_rng(seed)
    if design.kind == "pairs":
        return coins(_pairs(specialists, code, design), len(code), rng, times)
    columns, threshold = _whitened(specialists, code, design)
    kept: list[np.ndarray] = []
    missing, size = times, max(1, min(math.ceil(1.1 * times / design.accept), BLOCK // len(code)))
    while missing:  # comes to its end: of all draws, a share of `accept` or more is alike enough
        treated = halves(code, rng, size)
        kept.append(treated[distance(treated, columns) <= threshold][:missing])
        missing -= len(kept[-1])
    return np.concatenate(kept)


def balance(frame: pd.DataFrame) -> pd.DataFrame:
    """How alike the arms are. Shape (k, m) with `arm` -> (columns, 4): column, treatment, control, standardised.

    Means of each arm, and their difference over the standard deviation of all specialists; 0 where all are equal.
    """
    figures = frame[[*COUNTS, "follow_ups"]].astype(np.float64)
    figures.insert(1, "order_rate", figures.pop("orders") / figures["leads"].mask(figures["leads"] == 0))
    treatment, control = (figures[frame["arm"] == arm].mean() for arm in ARMS)
    spread = figures.std()
    standardised = ((treatment - control) / spread).where(spread > 0, 0.0)
    table = pd.DataFrame({"treatment": treatment, "control": control, "standardised": standardised})
    return table.rename_axis("column").reset_index()


def _strata(specialists: pd.DataFrame, design: Design) -> tuple[np.ndarray, np.ndarray]:
    """Name and number of each specialist's stratum, (k,) both."""
    missing = [name for name in (*design.strata, *design.balance) if name not in specialists.columns]
    if missing:
        raise ValidationError((f"the specialists must have the columns of the design, however: no {missing}",))
    if len(specialists) < FEWEST:
        raise NotComputable(f"a trial needs {FEWEST} specialists or more, however: got={len(specialists)}")
    if not design.strata:
        return np.full(len(specialists), "all"), np.zeros(len(specialists), dtype=np.int64)
    stratum = specialists[list(design.strata)].astype(str).agg(" / ".join, axis=1).to_numpy()
    return stratum, np.unique(stratum, return_inverse=True)[1]


def _first_alike(
    code: np.ndarray,
    columns: np.ndarray,
    threshold: float,
    design: Design,
    rng: np.random.Generator,
    distances: list[float],
) -> np.ndarray:
    """The first accepted draw, (k,) bool; `distances` takes M of every draw up to it."""
    for treated in _blocks(code, rng, design.draws, math.ceil(2 / design.accept)):
        apart = distance(treated, columns)
        alike = np.flatnonzero(apart <= threshold)
        distances.extend(apart[: alike[0] + 1 if len(alike) else None].tolist())
        if len(alike):
            return treated[alike[0]]
    raise NotComputable(
        f"none of {design.draws:,} draws made the arms alike enough: M must be {threshold:.3g} or less, the best was "
        f"{min(distances):.3g}; take a larger accept, fewer columns to balance, or matched pairs"
    )


def _blocks(code: np.ndarray, rng: np.random.Generator, times: int, likely: int) -> Iterator[np.ndarray]:
    """At most `times` draws, in blocks of bounded size; `likely`: as many as will do, in most cases."""
    size = max(1, min(likely, BLOCK // len(code)))
    for start in range(0, times, size):
        yield halves(code, rng, min(size, times - start))


def _whitened(specialists: pd.DataFrame, code: np.ndarray, design: Design) -> tuple[np.ndarray, float]:
    """The balanced columns as `draws.whitened` turns them, (k, rank), and the largest M that is accepted."""
    columns = whitened(specialists[list(design.balance)].to_numpy(dtype=np.float64), code)
    if design.kind == "stratified":
        return columns, math.inf
    if (draws := possible(code)) < FEWEST_DRAWS:
        raise NotComputable(
            f"{len(code):,} specialists in {code.max() + 1:,} strata can be drawn into arms in {draws:,} ways only, "
            f"{FEWEST_DRAWS} are needed to draw again until the arms are alike; take the kind stratified, more people "
            "or fewer strata"
        )
    rank = columns.shape[1]
    if not rank:
        return columns, 0.0
    rng = np.random.default_rng([design.seed, TRIED])
    tried = distance(halves(code, rng, TRIED), columns)
    # With few people, or a column in which few differ from 0, M is no chi-square: its own quantile keeps the promise.
    threshold = max(float(chi2.ppf(design.accept, rank)), float(np.quantile(tried, design.accept)))
    if possible(code) / 2 * design.accept < ALIKE:
        threshold = max(threshold, _wide_enough(code, columns, design.accept, rng))
    # Mirror images, and draws of like people, are as far apart but for rounding: all of them count, or none.
    return columns, threshold * (1 + 1e-9) + 1e-12


def _wide_enough(code: np.ndarray, columns: np.ndarray, accept: float, rng: np.random.Generator) -> float:
    """M below which ALIKE different draws lie, or all that the strata allow."""
    times = int(min(10 * possible(code), math.ceil(2 * ALIKE / accept), MOST_TRIED))
    treated = halves(code, rng, max(TRIED, times))
    # Of two mirror images, the one that has the first person in treatment stands for both.
    first = treated == treated[:, :1]
    different = first[~pd.DataFrame(np.packbits(first, axis=1)).duplicated().to_numpy()]
    return float(np.sort(distance(different, columns))[:ALIKE][-1])


def _pairs(specialists: pd.DataFrame, code: np.ndarray, design: Design) -> np.ndarray:
    together = np.zeros(len(code), dtype=np.int64)
    return matched_pairs(whitened(specialists[list(design.balance)].to_numpy(dtype=np.float64), together), code)
