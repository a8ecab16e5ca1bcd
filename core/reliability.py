"""Whether probabilities come true: calibration error, calibration line, Brier score, log loss, observed over expected.

Sources: Cox 1958 (calibration line); Broecker & Smith 2007 (what chance alone shows).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.special import expit, logit

from core.errors import NotComputable
from core.metrics import cluster_sums
from core.ranking import Figure, Z, equal_length, two_classes
from core.resampling import blocks, bundled, draw, percentile


def brier(outcome: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared error of the probability. Shapes (n,), (n,). Raises NotComputable."""
    truth, chance = checked_probability(outcome, probability)
    return float(np.mean((truth - chance) ** 2))


def log_losses(outcome: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Each lead's negative log likelihood in nats; probabilities are held 1e-15 off 0 and 1, as is usual. (n,)."""
    return -np.log(np.clip(np.where(outcome == 1, probability, 1 - probability), 1e-15, None))


def log_loss(outcome: ArrayLike, probability: ArrayLike) -> float:
    """Mean negative log likelihood, in nats. Shapes (n,), (n,). Raises NotComputable."""
    return float(log_losses(*checked_probability(outcome, probability)).mean())


def observed_over_expected(outcome: ArrayLike, probability: ArrayLike) -> float:
    """Conversions over the sum of probabilities; 1 is right, below 1 the probabilities promise too much."""
    truth, chance = checked_probability(outcome, probability)
    if chance.sum() == 0:
        raise NotComputable("observed over expected needs a probability above 0, however: every probability is 0")
    return float(truth.sum() / chance.sum())


def equal_mass_bins(probability: np.ndarray, bins: int) -> np.ndarray:
    """Membership of each lead in each of `bins` equally filled bins, by probability. (n,) -> (n, bins), rows sum to 1.

    Tied leads that lie across an edge belong to both sides in proportion: the mean over their orders.

    Raises:
        NotComputable: fewer leads than bins.
    """
    n = len(probability)
    if n < bins:
        raise NotComputable(f"calibration error in {bins} bins needs at least {bins} leads, however: got={n}")
    _, group, size = np.unique(probability, return_inverse=True, return_counts=True)
    edges = np.floor(np.arange(bins + 1) * n / bins)
    high = size.cumsum()[:, None]
    low = high - size[:, None]
    overlap = np.clip(np.minimum(high, edges[1:]) - np.maximum(low, edges[:-1]), 0, None) / size[:, None]
    return overlap[group]


def expected_calibration_error(outcome: ArrayLike, probability: ArrayLike, bins: int = 15) -> float:
    """Mean distance of outcome and probability over equal-mass bins (equal widths would put nearly all leads in one).

    It is above 0 for a perfectly calibrated model too, the more so the fewer leads: see `chance_calibration_error`.
    Shapes (n,), (n,). Raises NotComputable.

    Example:
        >>> expected_calibration_error([1, 0, 1, 0], [0.25, 0.25, 0.75, 0.75], bins=2)
        0.25
    """
    truth, chance = checked_probability(outcome, probability)
    return float(np.abs((truth - chance) @ equal_mass_bins(chance, bins)).sum() / len(truth))


def chance_calibration_error(probability: ArrayLike, bins: int = 15) -> float:
    """The calibration error that perfectly calibrated leads with these probabilities show on average, by chance alone.

    Normal approximation within bins: E|residual sum| = sqrt(2 / pi * sum p(1-p)). Shape (n,). Raises NotComputable.
    """
    _, chance = checked_probability(np.zeros(np.shape(probability)), probability)
    variance = (chance * (1 - chance)) @ equal_mass_bins(chance, bins)
    return float(np.sqrt(2 / np.pi * variance).sum() / len(chance))


def calibration_line(
    outcome: ArrayLike, probability: ArrayLike, clusters: np.ndarray | None = None
) -> tuple[Figure, Figure]:
    """Slope and intercept of the logistic regression of the outcome on logit p; ideal 1 and 0. Shapes (n,) each.

    A slope below 1 means that the probabilities are too far apart. Intervals: Wald with robust (by cluster) errors.

    Raises:
        NotComputable: one class, a constant probability, or probabilities that separate the classes (no finite slope).
    """
    truth, chance = checked_probability(outcome, probability)
    two_classes(truth)
    x = logit(np.clip(chance, 1e-12, 1 - 1e-12))
    if x.min() == x.max():
        raise NotComputable(f"a calibration slope needs probabilities that differ, however: all are {chance[0]:.6g}")
    lost, won = x[truth == 0], x[truth == 1]
    if lost.max() <= won.min() or won.max() <= lost.min():
        raise NotComputable(
            "the probability separates converted leads from all others, so the calibration slope is not finite"
        )
    centre, spread = x.mean(), x.std()
    design = np.column_stack([np.ones_like(x), (x - centre) / spread])

    def loss(theta: np.ndarray) -> float:
        line = design @ theta
        return float(np.mean(np.logaddexp(0, line) - truth * line))

    def gradient(theta: np.ndarray) -> np.ndarray:
        return design.T @ (expit(design @ theta) - truth) / len(truth)

    def curvature(theta: np.ndarray) -> np.ndarray:
        fitted = expit(design @ theta)
        return (design * (fitted * (1 - fitted))[:, None]).T @ design / len(truth)

    start = np.array([logit(truth.mean()), 0.0])
    theta = minimize(loss, start, jac=gradient, hess=curvature, method="trust-exact", options={"gtol": 1e-9}).x
    back = np.array([[1.0, -centre / spread], [0.0, 1 / spread]])
    influence = (
        design * (truth - expit(design @ theta))[:, None] @ np.linalg.inv(curvature(theta)).T / len(truth) @ back.T
    )
    errors = np.sqrt((cluster_sums(influence, clusters) ** 2).sum(axis=0))
    intercept, slope = (
        Figure(float(v), float(v - Z * e), float(v + Z * e)) for v, e in zip(back @ theta, errors, strict=True)
    )
    return slope, intercept


def calibration_intervals(
    outcome: ArrayLike,
    probability: ArrayLike,
    bins: int = 15,
    resamples: int = 2000,
    seed: int = 0,
    clusters: np.ndarray | None = None,
) -> dict[str, Figure]:
    """`expected_calibration_error`, `brier`, `log_loss` and `observed_over_expected`, each with its bootstrap interval.

    All leads are drawn together here: a base rate held fixed would hide most of the error of a probability. The
    calibration error's resamples keep the bins and are centred on the value, since chance pushes every resample up.

    Raises:
        NotComputable: as the metrics themselves, or fewer than two leads (customers, with `clusters`).
    """
    truth, chance = checked_probability(outcome, probability)
    residuals = equal_mass_bins(chance, bins)
    residuals *= (truth - chance)[:, None]
    columns = [np.ones_like(truth), truth, chance, (truth - chance) ** 2, log_losses(truth, chance)]
    rng = np.random.default_rng(seed)
    unit = bundled(np.arange(len(truth)) if clusters is None else clusters, rng)
    units = int(unit.max()) + 1
    if units < 2:
        raise NotComputable(f"an interval needs at least 2 leads or customers, however: got={units}")
    into = csr_array((np.ones(len(unit)), (unit, np.arange(len(unit)))))
    totals = np.hstack([into @ np.column_stack(columns), into @ residuals])
    del residuals, columns  # of millions of leads, most of the memory
    one_each = np.ones(units, dtype=np.int64)
    sums = np.concatenate([draw(rng, one_each, block).T @ totals for block in blocks(resamples, units)])
    n, won, expected, squared, nats = sums[:, :5].T
    error = np.abs(sums[:, 5:]).sum(axis=1) / n
    ratio = np.divide(won, expected, out=np.full_like(won, np.nan), where=expected > 0)
    value = expected_calibration_error(truth, chance, bins)
    spread = percentile(value, value + error - error.mean())
    return {
        "expected_calibration_error": Figure(value, max(spread.low, 0.0), spread.high),
        "brier": percentile(brier(truth, chance), squared / n),
        "log_loss": percentile(log_loss(truth, chance), nats / n),
        "observed_over_expected": percentile(observed_over_expected(truth, chance), ratio),
    }


def checked_probability(outcome: ArrayLike, probability: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 of one length, the second within 0..1; one class is allowed. Raises NotComputable."""
    truth, chance = equal_length(outcome, probability)
    outside = np.flatnonzero((chance < 0) | (chance > 1))
    if len(outside):
        raise NotComputable(
            f"a probability must lie in [0, 1], however: got={chance[outside[0]]!r} at position {outside[0]}"
        )
    return truth, chance
