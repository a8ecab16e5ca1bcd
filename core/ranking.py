"""Leads as counts by score, best first: what every figure of a ranking, and every resample of one, is computed from.

Ties are broken by expectation: a figure is its mean over every order in which tied leads could be called.
Source for ties: McSherry & Najork 2008.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from core.errors import NotComputable

LEVEL = 0.95
"""Share of repeated samples whose interval should hold the truth; every interval in the project has this level."""
TAIL = (1 - LEVEL) / 2
Z = float(ndtri(1 - TAIL))
"""Standard errors from the middle to either end of a normal interval."""


@dataclass(frozen=True)
class Figure:
    """A value and its 95% interval."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Ranking:
    """Leads as counts by score cell, best first; shape (..., cells), so that thousands of resamples are one object.

    A cell holds leads of one score; neighbouring cells without a converted lead are one cell, which changes no figure
    below and keeps resampling cheap: cells grow with the number of converted leads, not of all leads.
    """

    positives: np.ndarray
    """Converted leads in each cell, int64."""
    negatives: np.ndarray
    """Other leads in each cell, int64."""

    @cached_property
    def sizes(self) -> np.ndarray:
        return self.positives + self.negatives

    @cached_property
    def seen(self) -> np.ndarray:
        """Leads called once a cell is finished."""
        return self.sizes.cumsum(axis=-1)

    @cached_property
    def won(self) -> np.ndarray:
        """Converted leads among `seen`."""
        return self.positives.cumsum(axis=-1)

    def auc(self) -> np.ndarray:
        """Chance that a converted lead stands above another one; NaN for a resample with one class."""
        above = self.won - self.positives / 2
        pairs = self.won[..., -1] * (self.seen - self.won)[..., -1]
        return np.where(pairs > 0, (self.negatives * above).sum(axis=-1) / np.maximum(pairs, 1), np.nan)

    def average_precision(self) -> np.ndarray:
        """Mean precision at the places of the converted leads.

        Within a cell of s leads, a of them converted, after N leads and T conversions, the mean over all orders is
        a/s * sum_i (T + 1 + (i-1)c) / (N + i) with c = (a-1)/(s-1); harmonic numbers give the sum at once.
        """
        harmonic = np.concatenate([[0.0], (1 / np.arange(1, self.seen[..., -1].max() + 1)).cumsum()])
        before, others = self.seen - self.sizes, self.positives - 1
        follow = others / np.maximum(self.sizes - 1, 1)
        cell = (self.won - others - follow * (before + 1)) * (harmonic[self.seen] - harmonic[before])
        cell += follow * self.sizes
        cell *= self.positives / np.maximum(self.sizes, 1)
        return cell.sum(axis=-1) / np.maximum(self.won[..., -1], 1)

    def captured(self, share: float) -> tuple[np.ndarray, np.ndarray]:
        """Conversions expected in the best K = floor(share * leads) calls, and K (at least 1)."""
        # The small addend: 0.29 * 100 is 28.999999999999996.
        calls = np.maximum(np.floor(share * self.seen[..., -1] + 1e-9).astype(np.int64), 1)
        cell = (self.seen >= calls[..., None]).argmax(axis=-1)[..., None]
        size, won, seen, positives = (
            np.take_along_axis(a, cell, axis=-1)[..., 0] for a in (self.sizes, self.won, self.seen, self.positives)
        )
        return won - (seen - calls) * positives / size, calls

    def precision_at(self, share: float) -> np.ndarray:
        """Share of the best K leads that convert."""
        captured, calls = self.captured(share)
        return captured / calls

    def recall_at(self, share: float) -> np.ndarray:
        """Share of all conversions that stand among the best K leads."""
        return self.captured(share)[0] / np.maximum(self.won[..., -1], 1)

    def lift_at(self, share: float) -> np.ndarray:
        """Precision over the base rate."""
        return self.precision_at(share) * self.seen[..., -1] / np.maximum(self.won[..., -1], 1)


def cells(outcome: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The cell of each lead, 0 = best. Shapes (n,), (n,) -> (n,). Expects checked input."""
    _, group = np.unique(-score, return_inverse=True)
    held = np.bincount(group, weights=outcome) > 0
    opens = np.concatenate([[True], held[1:] | held[:-1]])
    return (opens.cumsum() - 1)[group]


def ranking(outcome: ArrayLike, score: ArrayLike) -> Ranking:
    """Count leads by score cell. Shapes (n,), (n,).

    Raises:
        NotComputable: no leads, unequal lengths, an outcome other than 0 or 1, a score not finite, or one class only.
    """
    truth, values = checked(outcome, score)
    cell = cells(truth, values)
    return Ranking(
        np.bincount(cell, weights=truth).astype(np.int64), np.bincount(cell, weights=1 - truth).astype(np.int64)
    )


def checked(outcome: ArrayLike, score: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """As `equal_length`, and both classes are there. Raises NotComputable."""
    truth, values = equal_length(outcome, score)
    two_classes(truth)
    return truth, values


def equal_length(outcome: ArrayLike, score: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 of one length, outcomes 0 or 1, scores finite. Raises NotComputable."""
    truth, values = np.asarray(outcome, dtype=float), np.asarray(score, dtype=float)
    if truth.ndim != 1 or truth.shape != values.shape:
        raise NotComputable(
            f"outcome and score must be two lists of one length, however: got={truth.shape} and {values.shape}"
        )
    if len(truth) == 0:
        raise NotComputable("there are no leads, so there is nothing to measure")
    wrong = np.flatnonzero((truth != 0) & (truth != 1))
    if len(wrong):
        raise NotComputable(
            f"an outcome must be 0 or 1, however: got={truth[wrong[0]]} at position {wrong[0]} ({len(wrong)} in all); "
            "leave out leads whose outcome is not known"
        )
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise NotComputable(
            f"a score or probability must be finite, however: got={values[wrong[0]]} at position {wrong[0]} "
            f"({len(wrong)} in all)"
        )
    return truth, values


def two_classes(truth: np.ndarray) -> None:
    """Raises NotComputable where all outcomes are the same."""
    if truth.min() == truth.max():
        which = "every one" if truth[0] == 1 else "none"
        raise NotComputable(
            f"converted and other leads are both needed, however: {which} of the {len(truth)} leads converted; "
            "use more leads or a longer period"
        )


def deep_enough(found: Ranking, share: float) -> Ranking:
    """The same ranking. Raises NotComputable where `share` of it is less than one lead, or no share at all."""
    leads = int(found.seen[-1])
    if not 0 < share <= 1:
        raise NotComputable(f"the share of leads must lie in (0, 1], however: got={share!r}")
    if share * leads + 1e-9 < 1:
        needed = int(np.ceil(1 / share - 1e-9))
        raise NotComputable(f"the best {share:g} of the leads needs at least {needed} leads, however: got={leads}")
    return found
