"""From a model's logit to a probability that can be believed: prior shift first, then Platt scaling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from scipy.special import logit as log_odds

from core.errors import NotComputable, RunError

MIN_SLOPE = 1e-3
"""Least slope, per standard deviation of the logit: probabilities never rank against the score. Source: ours."""


@dataclass(frozen=True)
class Platt:
    """probability = sigmoid(slope * logit + intercept), with slope above 0.

    `reversed` says that on the fitting slice a higher logit went with fewer conversions: the slope was then held at its
    least value, so that probabilities are close to the slice's rate, and the caller should warn.

    Source: Platt (1999), with his smoothed targets (N+ + 1)/(N+ + 2) and 1/(N- + 2).
    # DIFF: Platt lets the slope turn negative; here it stays positive, so that rank and probability never disagree.

    Example:
        >>> round(float(Platt(slope=1.0, intercept=0.0)(np.array([0.0]))[0]), 3)
        0.5
    """

    slope: float
    intercept: float
    reversed: bool = False

    @staticmethod
    def fit(logit: np.ndarray, outcome: np.ndarray, weight: np.ndarray | None = None) -> Platt:
        """Fit on a slice that did not train the model.

        Shape: logit, outcome (0 or 1) and weight (0 or more) are all (n,).

        Raises:
            NotComputable: lengths differ, a logit is not finite, an outcome is not 0 or 1, or one class is missing.
        """
        z, y = np.asarray(logit, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
        w = np.ones_like(z) if weight is None else np.asarray(weight, dtype=np.float64)
        if z.ndim != 1 or z.shape != y.shape or z.shape != w.shape:
            raise NotComputable(
                "calibration needs one logit, outcome and weight per lead, however: "
                f"got shapes {z.shape}, {y.shape}, {w.shape}"
            )
        if not np.isfinite(z).all():
            wrong = int((~np.isfinite(z)).sum())
            raise NotComputable(f"calibration needs finite logits, however: {wrong} of {len(z)} are not")
        if not np.isin(y, (0, 1)).all() or not (w >= 0).all():
            raise NotComputable(
                "calibration needs outcomes of 0 or 1 and weights of 0 or more, however: others came; "
                "leave out leads without an outcome"
            )
        positives, negatives = float(w[y == 1].sum()), float(w[y == 0].sum())
        if positives <= 0 or negatives <= 0:
            raise NotComputable(
                "calibration needs converted and unconverted leads, however: "
                f"got {positives:g} converted and {negatives:g} not; make split.calibration_share larger"
            )
        target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
        share = w / w.sum()
        centre = float(share @ z)
        spread = float(np.sqrt(share @ (z - centre) ** 2))
        varies = spread > 1e-12 * float(np.abs(z).max())
        spread = spread if varies else 1.0
        x = (z - centre) / spread if varies else np.zeros_like(z)

        def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
            eta = parameters[0] * x + parameters[1]
            error = share * (expit(eta) - target)
            return float(share @ (np.logaddexp(0, eta) - target * eta)), np.array([error @ x, error.sum()])

        start = np.array([1.0 if varies else MIN_SLOPE, log_odds(share @ target)])
        bounds = [(MIN_SLOPE, None), (None, None)]
        best = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9})
        slope = float(best.x[0]) / spread
        # The loss is convex and its derivative at slope 0 is -covariance: that sign tells where the free optimum lies.
        return Platt(slope, float(best.x[1]) - slope * centre, reversed=bool((share * x) @ target < 0))

    def __call__(self, logit: np.ndarray) -> np.ndarray:
        """Probabilities, float64, of the logits' shape."""
        return expit(self.slope * np.asarray(logit, dtype=np.float64) + self.intercept)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` reads it back exactly."""
        return {"slope": self.slope, "intercept": self.intercept, "reversed": self.reversed}

    @staticmethod
    def from_dict(document: dict[str, Any]) -> Platt:
        """Raises RunError where a key is missing or is no number."""
        try:
            return Platt(float(document["slope"]), float(document["intercept"]), bool(document.get("reversed", False)))
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"calibration must hold slope and intercept, however: got={document!r}") from error


def prior_shift(logit: np.ndarray, sampled_rate: float, true_rate: float) -> np.ndarray:
    """Logits as they would be had training seen the true base rate rather than the sampler's.

    z_true = z - (log odds of sampled_rate - log odds of true_rate). Source: method brief 1.7.

    Raises:
        NotComputable: a rate does not lie strictly between 0 and 1.

    Example:
        >>> round(float(prior_shift(np.array([0.0]), sampled_rate=1 / 32, true_rate=0.0133)[0]), 3)
        -0.873
    """
    for name, rate in (("sampled_rate", sampled_rate), ("true_rate", true_rate)):
        if not 0 < rate < 1:
            raise NotComputable(f"{name} must lie strictly between 0 and 1, however: got={rate!r}")
    return np.asarray(logit, dtype=np.float64) - (log_odds(sampled_rate) - log_odds(true_rate))
