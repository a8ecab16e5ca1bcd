"""Some positives carry no label: how many, and from which score on a missing label may be filled in.

    c    = P(label | positive)                    the share of positives that carry their label
    g(s) = P(label | s) = c / (1 + exp(-a - b u)) u: place of s among all scores, as a normal quantile
    P(positive | s)           = g / c
    P(positive | s, no label) = g (1 - c) / (c (1 - g))

c is the height at which labels level off among the surest leads, so labels must be missing at random among positives,
and the surest leads must be positive nearly all. It says nothing of the score, so it is read off whatever ranks every
lead without having seen it: logistic regression, fitted on the other folds. Where a curve that levels off at 1 fits as
well, or the level is hardly above the mean, nothing says that labels are missing, and nothing is filled in. An audited
sample, whose truth was looked up, needs neither assumption.
Sources: c as the level of P(label): Elkan and Noto 2008 (KDD, "Learning classifiers from only positive and unlabeled
data"); logistic with a ceiling: Jaskie, Elkan and Spanias 2019 (Asilomar, "A modified logistic regression for positive
and unlabeled learning").
# DIFF: they fit the ceiling and the fields' weights at once; here the ranking is given, so that three numbers are left
to fit, and any network's answers get the same curve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logit
from scipy.stats import chi2, norm, rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from statsmodels.stats.proportion import proportion_confint

from core.errors import NotComputable

FOLDS = 5
PENALTY = 0.1
"""C of the logistic regression, on standardised columns. Source: ours; 0.001 to 0.1 moved c by .01."""
MOST = 50_000
"""Leads that c is read off, drawn by chance where there are more: c then is known to half a percent."""
LEVEL = 0.95
"""How sure it must be that labels are missing at all before one is filled in. Source: ours."""
GROUPS = 400
"""Groups of neighbouring scores that a curve is fitted on, and points at which it is kept."""
BRIEF = {"maxiter": 50}
"""Steps of a fit: ten do where labels level off, and where they do not, the ceiling wanders without end."""
AUDITED = 20
"""Fewest audited positives that tell a share. Source: ours."""


@dataclass(frozen=True)
class Share:
    """c, the share of all positives that carry a label."""

    value: float
    """In (0, 1]."""
    error: float = 0.0
    """Its standard error."""
    telling: bool = True
    """Whether there is evidence that labels are missing."""

    @property
    def missing(self) -> float:
        """Positives without a label, for each that carries one; 0 without evidence of any."""
        return 1 / self.value - 1 if self.telling else 0.0


def share_labelled(x: np.ndarray, label: np.ndarray) -> Share:
    """c by fields x (n, T), standardised, and label (n,) 1 or 0.

    Raises:
        NotComputable: fewer labels, or leads without one, than folds.
    """
    if min(label.sum(), (1 - label).sum()) < FOLDS:
        raise NotComputable(
            f"how many labels are missing needs {FOLDS} leads with a label and {FOLDS} without, however: "
            f"{int(label.sum()):,} of {len(label):,} carry one"
        )
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(label))[:MOST]
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    model = LogisticRegression(C=PENALTY, max_iter=500)
    score = cross_val_predict(model, x[rows], label[rows], cv=folds, method="decision_function")
    return share_by_score(label[rows], score)


def share_by_score(label: np.ndarray, score: np.ndarray) -> Share:
    """c by a score of leads that it did not learn from. Shapes (n,).

    Example:
        >>> u = np.random.default_rng(0).normal(size=4000)
        >>> positive, seen = u > 0.5, np.arange(4000) % 5 < 3
        >>> found = share_by_score((positive & seen).astype(int), u)
        >>> round(found.value, 1), found.telling
        (0.6, True)
    """
    u, labelled, leads = _groups(label, score)
    fits = [
        minimize(_misfit, [logit(start), 0.0, 1.5], (u, labelled, leads), options=BRIEF) for start in (0.3, 0.6, 0.9)
    ]
    best = min(fits, key=lambda one: one.fun)
    full = minimize(lambda ab: _misfit([np.inf, *ab], u, labelled, leads), [0.0, 1.0], options=BRIEF)
    c = float(expit(best.x[0]))
    error = float(np.sqrt(np.linalg.pinv(_information(c, best.x[1:], u, leads))[0, 0]))
    # A ceiling of 1 lies at the edge, so half of the chance that chi-square gives.
    level = 2 * (full.fun - best.fun) > chi2.ppf(1 - 2 * (1 - LEVEL), 1)
    return Share(c, error, bool(level and c - norm.ppf(LEVEL) * error > label.mean()))


def share_audited(label: np.ndarray, positive: np.ndarray) -> Share:
    """c by leads whose truth was looked up, drawn whether they carried a label or no. Shapes (n,), 1 or 0.

    Raises:
        NotComputable: too few of them are positive, or none of those carries a label.

    Example:
        >>> share_audited(np.repeat([1, 0, 0], [30, 20, 50]), np.repeat([1, 1, 0], [30, 20, 50])).value
        0.6
    """
    n, seen = int(positive.sum()), int(label[positive == 1].sum())
    if n < AUDITED or not seen:
        raise NotComputable(
            f"an audit needs {AUDITED} leads or more that a campaign did bring, and one of them with a label, however: "
            f"{n:,} were brought by it and {seen:,} of these carry one; audit more, or leave the audit out"
        )
    c = seen / n
    high = proportion_confint(seen, n, alpha=2 * (1 - LEVEL), method="wilson")[1]
    return Share(c, float(np.sqrt(c * (1 - c) / n)), bool(high < 1))


@dataclass(frozen=True, eq=False)
class Labelling:
    """How labels lie over the scores."""

    scores: np.ndarray
    """Knots (k,), ascending."""
    places: np.ndarray
    """u at each knot (k,); between two knots a straight line."""
    curve: np.ndarray
    """a and b, (2,)."""
    doubt: np.ndarray
    """Variances of c, a and b and their covariances, (3, 3)."""
    share: Share

    @staticmethod
    def fit(label: np.ndarray, score: np.ndarray, share: Share) -> Labelling:
        """Shapes (n,): label 1 or 0 of leads that did not train; score, any scale."""
        (u, *counts), c = _groups(label, score), min(share.value, 1 - 1e-9)
        curve = minimize(lambda ab: _misfit([logit(c), *ab], u, *counts), [0.0, 1.5], options=BRIEF).x
        doubt = np.zeros((3, 3))
        doubt[0, 0], doubt[1:, 1:] = share.error**2, np.linalg.pinv(_information(c, curve, u, counts[1])[1:, 1:])
        known, at = np.unique(score, return_index=True)
        kept = np.unique(np.linspace(0, len(known) - 1, GROUPS).astype(int))
        return Labelling(known[kept].astype(np.float64), _quantiles(score)[at[kept]], curve, doubt, share)

    def positive(self, score: np.ndarray) -> np.ndarray:
        """Chance to be positive, label or no. Shape (n,) -> (n,)."""
        return expit(self.curve[0] + self.curve[1] * np.interp(score, self.scores, self.places))

    def missing(self, score: np.ndarray) -> np.ndarray:
        """Chance to be positive of leads without a label. Shape (n,) -> (n,)."""
        p, c = self.positive(score), self.share.value
        return p * (1 - c) / np.maximum(1 - c * p, 1e-12) if self.share.telling else np.zeros_like(p)

    def line(self, score: np.ndarray, precision: float) -> Line:
        """From which score on leads without a label count as positive: where their precision, less one standard error
        of it, is still as promised. `score` (n,): of all leads without a label."""
        score = np.sort(score)[::-1]
        u, p, c = np.interp(score, self.scores, self.places), self.positive(score), self.share.value
        by_p = (1 - c) * p * (1 - p)
        slopes = np.stack([-p * (1 - p), by_p, by_p * u]) / np.maximum(1 - c * p, 1e-12) ** 2
        slopes = np.cumsum(slopes, axis=1) / np.arange(1, len(score) + 1)
        error = np.sqrt(np.einsum("in,ij,jn->n", slopes, self.doubt, slopes))
        return draw_line(score, self.missing(score), precision, error=error)


@dataclass(frozen=True)
class Line:
    """From which score on a lead without a label counts as positive."""

    threshold: float
    """inf: no lead is sure enough."""
    precision: float
    """Share of those above that are positive, as estimated; NaN where there is none."""


def draw_line(score: np.ndarray, chance: np.ndarray, precision: float, *, error: np.ndarray | None = None) -> Line:
    """The lowest score above which leads without a label are positive in `precision` of cases, on average.

    Shapes (n,): scores of leads without a label, highest first; the chance of each to be positive, or its truth, 1 or
    0; `error`, of the mean chance down to each of them: it is taken off before it is held against `precision`.

    Example:
        >>> draw_line(np.array([3.0, 2.0, 1.0]), np.array([1.0, 0.7, 0.1]), 0.8)
        Line(threshold=2.0, precision=0.85)
    """
    reached = np.cumsum(chance, dtype=np.float64) / np.arange(1, len(chance) + 1)
    last_of_tie = np.append(score[1:] < score[:-1], True)[: len(score)]
    good = np.flatnonzero((reached - (0.0 if error is None else error) >= precision) & last_of_tie)
    if not len(good):
        return Line(float("inf"), float("nan"))
    return Line(float(score[good[-1]]), float(reached[good[-1]]))


def _quantiles(score: np.ndarray) -> np.ndarray:
    """The place of each score as a quantile of the normal curve; ties share one. Shape (n,) -> (n,)."""
    return norm.ppf((rankdata(score) - 0.5) / len(score))


def _groups(label: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Neighbours in score as groups: the mean quantile, how many carry a label, how many leads. Shapes (groups,)."""
    u = _quantiles(score)
    parts = np.array_split(np.argsort(u, kind="stable"), min(GROUPS, len(u)))
    means = np.array([u[part].mean() for part in parts])
    return means, np.array([label[part].sum() for part in parts]), np.array([len(part) for part in parts])


def _information(c: float, curve: np.ndarray, u: np.ndarray, leads: np.ndarray) -> np.ndarray:
    """Fisher's, of c, a and b, (3, 3): its inverse holds their variances."""
    p = expit(curve[0] + curve[1] * u)
    slopes = np.stack([p, c * p * (1 - p), c * p * (1 - p) * u])
    return leads * slopes / np.maximum(c * p * (1 - c * p), 1e-12) @ slopes.T


def _misfit(parameters: list[float] | np.ndarray, u: np.ndarray, labelled: np.ndarray, leads: np.ndarray) -> float:
    """Cross-entropy of c / (1 + exp(-a - b u)), summed; parameters: logit of c, a, b."""
    top, a, b = parameters
    log_g = log_expit(top) + log_expit(a + b * u)
    return float(-(labelled * log_g + (leads - labelled) * np.log(-np.expm1(np.minimum(log_g, -1e-12)))).sum())
