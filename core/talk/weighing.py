"""Means over the sample, each lead weighed by the leads that it stands for, with intervals of a bootstrap by lead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from core.comparison import holm
from core.errors import NotComputable
from core.ranking import TAIL

FEWEST = 10
"""Leads below which there is no mean to tell: its interval would be a guess."""
FEWEST_FOR_P = 20
"""Leads below which nothing is said of chance: of fewer, a bootstrap tells the spread too poorly."""
RESAMPLES = 1000


@dataclass(frozen=True)
class Means:
    """A figure for each of m things; NaN where fewer than FEWEST leads tell it. Shapes (m,)."""

    leads: np.ndarray
    """How many leads of the sample tell it."""
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    """Two-sided, against 0: Student's t with a degree of freedom less than leads, by the bootstrap's standard error, so
    that it can be small enough for Holm; NaN where fewer than FEWEST_FOR_P leads tell it."""

    @property
    def p_holm(self) -> np.ndarray:
        """`p` corrected for all of the things that have one, (m,)."""
        corrected = holm({str(place): p for place, p in enumerate(self.p.tolist()) if np.isfinite(p)})
        return np.array([corrected.get(str(place), np.nan) for place in range(len(self.p))])


@dataclass(frozen=True)
class Weighing:
    """Leads of a sample with the bootstrap's draws: whole leads, drawn anew within each band."""

    weight: np.ndarray
    """(n,), leads that each stands for."""
    drawn: np.ndarray
    """(n, RESAMPLES), weight times how often the lead was drawn."""

    @staticmethod
    def of(weight: np.ndarray, band: np.ndarray, seed: int = 0) -> Weighing:
        """Raises NotComputable for fewer than FEWEST leads."""
        if len(weight) < FEWEST:
            raise NotComputable(
                f"what moves scores is told over {FEWEST} leads at least, however: there are {len(weight)}; "
                "look at more leads, or bring in a file with more"
            )
        rng, counts = np.random.default_rng(seed), np.zeros((len(weight), RESAMPLES))
        for one in np.unique(band):
            rows = np.flatnonzero(band == one)
            counts[rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=RESAMPLES).T
        return Weighing(weight, counts * weight[:, None])

    def means(self, x: np.ndarray, among: np.ndarray | None = None) -> Means:
        """The mean of each column of `x` (n, m) over the leads of its column in `among` (n, m), bool; else over all."""
        asked = np.ones(x.shape, dtype=bool) if among is None else among
        drawn = _over(self.drawn.T @ np.where(asked, x, 0.0), self.drawn.T @ asked)
        value = _over(self.weight @ np.where(asked, x, 0.0), self.weight @ asked)
        return _told(asked.sum(axis=0), value, drawn)

    def gaps(self, x: np.ndarray, one: np.ndarray, other: np.ndarray) -> Means:
        """The mean of each column of `x` (n, m) over leads `one` (n,) less that over leads `other` (n,), bool."""
        parts = []
        for who in (one, other):
            drawn = _over(self.drawn.T @ (x * who[:, None]), (self.drawn.T @ who)[:, None])
            parts.append((_over(self.weight @ (x * who[:, None]), self.weight @ who), drawn))
        (value, drawn), (less, drawn_less) = parts
        fewest = np.full(x.shape[1], min(int(one.sum()), int(other.sum())))
        return _told(fewest, value - less, drawn - drawn_less)

    def deviation(self, x: np.ndarray) -> float:
        """Standard deviation of `x` (n,)."""
        mean = np.average(x, weights=self.weight)
        return float(np.sqrt(np.average((x - mean) ** 2, weights=self.weight)))


def _over(sums: np.ndarray, weights: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums / weights, dtype=float)


def _told(leads: np.ndarray, value: np.ndarray, drawn: np.ndarray) -> Means:
    """`drawn` (RESAMPLES, m); a draw without any of the leads has no mean, and is left out of its column."""
    few = leads < FEWEST
    value, drawn = np.where(few, np.nan, value), np.where(few, 0.0, drawn)
    low, high = np.nanquantile(drawn, [TAIL, 1 - TAIL], axis=0)
    spread = np.nanstd(drawn, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.abs(np.where(spread > 0, value / spread, np.where(value == 0, 0.0, np.inf)))
    p = np.where(leads < FEWEST_FOR_P, np.nan, 2 * t.sf(apart, np.maximum(leads - 1, 1)))
    low, high = (np.where(few, np.nan, one) for one in (low, high))
    return Means(leads, value, low, high, p)
