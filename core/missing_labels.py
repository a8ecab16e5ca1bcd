"""Some positives carry no label: how many, and from which score on a missing label may be filled in.

    g(s) = P(label | s)                           isotonic, on leads that did not train
    c    = P(label | positive)                    the share of labels among the surest leads, taken to be positives all
    P(positive | s)           = g / c
    P(positive | s, no label) = g (1 - c) / (c (1 - g))

So labels must be missing at random among positives, and the surest leads must be sure; an audited sample, whose truth
was looked up, needs neither. The surest leads are as many as carry labels at one rate: where the rate still climbs
towards the top, they are not all positives, and fewer are taken. Where even they carry labels hardly more often than
others, or as good as all of them do, nothing is filled in.
Source: Elkan and Noto 2008 (KDD, "Learning classifiers from only positive and unlabeled data"), third estimator of c.
# DIFF: they take the greatest g, which one lucky lead can set; here it is the mean over the surest leads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from sklearn.isotonic import IsotonicRegression
from statsmodels.stats.proportion import proportion_confint

from core.errors import NotComputable

WINDOWS = (0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.005)
"""Shares of the leads who may be taken to be positives all, the largest that passes. Source: ours; a logistic curve
with a ceiling was tried instead, and missed c by .2 where a network had learned plain cross-entropy."""
FEWEST = 50
"""Fewest leads of a window. Source: ours."""
CLIMBS = 0.9
"""How sure it must be that the rate climbs within a window before a smaller one is taken. Source: ours."""


@dataclass(frozen=True, eq=False)
class Labelling:
    """How labels lie over the scores."""

    scores: np.ndarray
    """Knots (k,), ascending."""
    rates: np.ndarray
    """P(label) at each knot (k,); between two knots a straight line."""
    share: float
    """c, the share of all positives that carry a label, in (0, 1]."""
    telling: bool = True
    """Whether the surest leads carry labels more often than others, and not all of them do, by more than chance."""

    @staticmethod
    def fit(label: np.ndarray, score: np.ndarray) -> Labelling:
        """Shapes (n,): label 1 or 0 of leads that did not train; score, any scale.

        Raises:
            NotComputable: none of the surest leads carries a label.

        Example:
            >>> label, score = np.repeat([0, 0, 1], [1900, 40, 60]), np.repeat([0.0, 1.0, 1.0], [1900, 40, 60])
            >>> Labelling.fit(label, score).share
            0.6
        """
        order = np.argsort(-score, kind="stable")
        # Leads of one score stand in no order: each counts as their mean.
        _, place = np.unique(score, return_inverse=True)
        mean = np.bincount(place, label) / np.bincount(place)
        sorted_label = mean[place][order]
        sizes = [int(part * len(score)) for part in WINDOWS if part * len(score) >= FEWEST] or [min(FEWEST, len(score))]
        surest = next((size for size in sizes if not _climbs(sorted_label[:size])), sizes[-1])
        # Leads of one score are all in or all out.
        window = label[score >= score[order[surest - 1]]]
        if not window.any():
            raise NotComputable(
                "how many labels are missing cannot be told: none of the surest leads carries one, so the fields do "
                "not tell who was labelled"
            )
        low, high = proportion_confint(window.sum(), len(window), alpha=0.1, method="wilson")
        telling = bool(low > label.mean() and high < 1)
        fitted = IsotonicRegression(out_of_bounds="clip").fit(score, label)
        return Labelling(fitted.X_thresholds_, fitted.y_thresholds_, float(window.mean()), telling)

    def positive(self, score: np.ndarray) -> np.ndarray:
        """Chance to be positive, label or no. Shape (n,) -> (n,)."""
        return np.minimum(np.interp(score, self.scores, self.rates) / self.share, 1.0)

    def missing(self, score: np.ndarray) -> np.ndarray:
        """Chance to be positive of leads without a label. Shape (n,) -> (n,)."""
        p = self.positive(score)
        return p * (1 - self.share) / np.maximum(1 - self.share * p, 1e-12) if self.telling else np.zeros_like(p)


def _climbs(label: np.ndarray) -> bool:
    """Whether the first half, the surer one, carries labels more often than the second. `label` (n,), surest first."""
    half = len(label) // 2
    first, second = float(label[:half].mean()), float(label[half:].mean())
    error = np.sqrt(label.mean() * (1 - label.mean()) * (1 / half + 1 / (len(label) - half)))
    return bool(first - second > norm.ppf(CLIMBS) * error)


@dataclass(frozen=True)
class Line:
    """From which score on a lead without a label counts as positive."""

    threshold: float
    """inf: no lead is sure enough."""
    precision: float
    """Share of those above that are positive, as estimated; NaN where there is none."""


def draw_line(score: np.ndarray, chance: np.ndarray, precision: float, *, most: int | None = None) -> Line:
    """The lowest score above which leads without a label are positive in `precision` of cases, on average.

    Shapes (n,): scores of leads without a label; the chance of each to be positive, or its truth, 1 or 0. `most`: more
    of them than so many are never above the line.

    Example:
        >>> draw_line(np.array([3.0, 2.0, 1.0]), np.array([1.0, 0.7, 0.1]), 0.8)
        Line(threshold=2.0, precision=0.85)
    """
    order = np.argsort(-score, kind="stable")
    score, chance = score[order], np.asarray(chance, dtype=np.float64)[order]
    reached = np.cumsum(chance) / np.arange(1, len(chance) + 1)
    last_of_tie = np.append(score[1:] < score[:-1], True)[: len(score)]
    good = np.flatnonzero((reached >= precision) & last_of_tie)
    good = good if most is None else good[good < most]
    if not len(good):
        return Line(float("inf"), float("nan"))
    return Line(float(score[good[-1]]), float(reached[good[-1]]))
