"""How well a score ranks leads: (outcome, score) -> number, curve or `Figure`.

Ties are broken by expectation (see `ranking`); bootstrap intervals are in `resampling`, probabilities in `reliability`.
Sources: DeLong et al. 1988 in the fast form of Sun & Xu 2014; Obuchowski 1997 for several leads of one customer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm, rankdata

from core.errors import NotComputable
from core.ranking import TAIL, Figure, Z, checked, deep_enough, ranking

ROUNDING = 1e-12
"""An AUC's error below this is 0, but for the rounding of sums."""


def auc(outcome: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve; a tie counts half. Shapes (n,), (n,). Raises NotComputable as `ranking` does.

    Example:
        >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.75
    """
    return float(ranking(outcome, score).auc())


def average_precision(outcome: ArrayLike, score: ArrayLike) -> float:
    """Area under the precision-recall curve; scikit-learn's where no scores tie, the mean over orders where they do.

    Example:
        >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 3)
        0.833
    """
    return float(ranking(outcome, score).average_precision())


def precision_at(outcome: ArrayLike, score: ArrayLike, share: float) -> float:
    """Share of the best floor(share * n) leads that convert. Raises NotComputable where that is less than one lead.

    Example:
        >>> round(precision_at([1, 0, 0, 1], [0.9, 0.5, 0.5, 0.5], 0.5), 3)
        0.667
    """
    return float(deep_enough(ranking(outcome, score), share).precision_at(share))


def recall_at(outcome: ArrayLike, score: ArrayLike, share: float) -> float:
    """Share of all conversions found among the best floor(share * n) leads. Raises as `precision_at` does."""
    return float(deep_enough(ranking(outcome, score), share).recall_at(share))


def lift_at(outcome: ArrayLike, score: ArrayLike, share: float) -> float:
    """`precision_at` over the base rate: how often better than calling at random. Raises as `precision_at` does."""
    return float(deep_enough(ranking(outcome, score), share).lift_at(share))


@dataclass(frozen=True)
class Gains:
    """What calling down to a depth brings: points of a curve that is straight in between. Each shape (points,)."""

    depth: np.ndarray
    """Share of leads called, from 0 to 1."""
    captured: np.ndarray
    """Share of conversions among them."""

    @property
    def lift(self) -> np.ndarray:
        """Captured over depth; at depth 0 the lift of the first cell."""
        first = self.captured[1] / self.depth[1]
        return np.divide(self.captured, self.depth, out=np.full_like(self.depth, first), where=self.depth > 0)

    def at(self, depth: ArrayLike) -> np.ndarray:
        """Share captured at any depth."""
        return np.interp(np.asarray(depth, dtype=float), self.depth, self.captured)


def gains(outcome: ArrayLike, score: ArrayLike) -> Gains:
    """The cumulative gains curve, from (0, 0) to (1, 1). Raises NotComputable as `ranking` does.

    Example:
        >>> gains([1, 0, 1, 0], [4, 3, 2, 1]).captured.tolist()
        [0.0, 0.5, 0.5, 1.0, 1.0]
    """
    found = ranking(outcome, score)
    depth, captured = (np.concatenate([[0.0], a / a[-1]]) for a in (found.seen, found.won))
    return Gains(depth, captured)


def auc_interval(outcome: ArrayLike, score: ArrayLike, clusters: np.ndarray | None = None) -> Figure:
    """AUC with its DeLong interval. Shapes (n,), (n,), (n,).

    `clusters`: one id per lead (its customer), where leads of one customer share their fate; the errors are then
    summed within a customer (Obuchowski 1997), which is the large-sample form of a bootstrap over customers.

    Raises:
        NotComputable: as `ranking`, or fewer than two leads (or customers) of either class.
    """
    truth, values = checked(outcome, score)
    value, influence = _auc_influence(truth, values)
    error, fewest = _standard_error(influence, truth, clusters)
    if error == 0 and value in (0.0, 1.0):
        # DeLong's error is 0 for a perfect order, even among four leads. The bound that "no failure in `fewest` trials"
        # gives is wide and honest instead.
        bound = TAIL ** (1 / fewest)
        return Figure(value, bound, 1.0) if value == 1 else Figure(value, 0.0, 1 - bound)
    return Figure(value, max(value - Z * error, 0.0), min(value + Z * error, 1.0))


def auc_difference(
    outcome: ArrayLike, score_a: ArrayLike, score_b: ArrayLike, clusters: np.ndarray | None = None
) -> tuple[Figure, float]:
    """AUC of a less that of b on the same leads, with paired DeLong interval and two-sided p. Shapes (n,) each.

    Raises:
        NotComputable: as `auc_interval`, or neither AUC varies (a perfect order against a constant score).
    """
    truth, a = checked(outcome, score_a)
    _, b = checked(outcome, score_b)
    (auc_a, influence_a), (auc_b, influence_b) = _auc_influence(truth, a), _auc_influence(truth, b)
    error, _ = _standard_error(influence_a - influence_b, truth, clusters)
    difference = auc_a - auc_b
    if error == 0 and abs(difference) > ROUNDING:
        raise NotComputable(
            f"the AUCs {auc_a:.3f} and {auc_b:.3f} show no sampling error on these {len(truth)} leads, so their "
            "difference has no interval: use more leads"
        )
    p = 2 * float(norm.sf(abs(difference) / error)) if error > 0 else 1.0
    return Figure(difference, max(difference - Z * error, -1.0), min(difference + Z * error, 1.0)), p


def auc_from_stage(
    outcome: ArrayLike, score: ArrayLike, stage: ArrayLike, stage_from: int, clusters: np.ndarray | None = None
) -> Figure:
    """AUC of conversion among leads that reached at least stage `stage_from`. Shapes (n,) each; stage -1 = unknown.

    The AUC over all leads can be won by telling the stages apart alone; this one cannot.

    Raises:
        NotComputable: as `auc_interval`, on those leads.
    """
    kept = np.asarray(stage) >= stage_from
    return auc_interval(
        np.asarray(outcome)[kept], np.asarray(score)[kept], None if clusters is None else np.asarray(clusters)[kept]
    )


def auc_of_reaching(score: ArrayLike, stage: ArrayLike, stage_from: int, clusters: np.ndarray | None = None) -> Figure:
    """AUC of "reached stage `stage_from` or deeper" among leads of known stage (not -1). Raises as `auc_interval`."""
    known = np.asarray(stage) >= 0
    reached = (np.asarray(stage)[known] >= stage_from).astype(float)
    return auc_interval(reached, np.asarray(score)[known], None if clusters is None else np.asarray(clusters)[known])


def cluster_sums(influence: np.ndarray, clusters: np.ndarray | None) -> np.ndarray:
    """Parts summed within clusters, times sqrt(C / (C - 1)); without clusters each row is its own."""
    sums = influence
    if clusters is not None:
        _, code = np.unique(clusters, return_inverse=True)
        sums = np.zeros((code.max() + 1, *influence.shape[1:]))
        np.add.at(sums, code, influence)
    return sums * np.sqrt(len(sums) / max(len(sums) - 1, 1))


def _auc_influence(truth: np.ndarray, score: np.ndarray) -> tuple[float, np.ndarray]:
    """AUC, and each lead's part in its error: DeLong's V10 - AUC over m, V01 - AUC over n."""
    positive = truth == 1
    m, n = int(positive.sum()), int((~positive).sum())
    ranks = rankdata(score)
    own = np.empty_like(ranks)
    own[positive], own[~positive] = rankdata(score[positive]), rankdata(score[~positive])
    placed = np.where(positive, (ranks - own) / n, 1 - (ranks - own) / m)
    value = float(placed[positive].mean())
    return value, np.where(positive, (placed - value) / m, (placed - value) / n)


def _standard_error(influence: np.ndarray, truth: np.ndarray, clusters: np.ndarray | None) -> tuple[float, int]:
    """Standard error from the leads' parts, and how many leads (or clusters) the rarer class has."""
    counts = [len(np.unique(clusters[truth == c])) if clusters is not None else int((truth == c).sum()) for c in (0, 1)]
    if min(counts) < 2:
        unit = "leads" if clusters is None else "customers"
        raise NotComputable(
            f"an interval needs at least 2 {unit} with and 2 without a conversion, however: "
            f"got={counts[1]} and {counts[0]}"
        )
    if clusters is not None:
        variance = (cluster_sums(influence, clusters) ** 2).sum()
    else:
        variance = sum((influence[truth == c] ** 2).sum() * n / (n - 1) for c, n in enumerate(counts))
    error = float(np.sqrt(variance))
    return error if error > ROUNDING else 0.0, min(counts)
