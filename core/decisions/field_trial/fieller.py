"""An effect with its interval, made in one way from the rates of both arms, so that test and interval always agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from core.errors import NotComputable


@dataclass(frozen=True)
class Estimate:
    """One reading of the effect."""

    method: str
    uplift: float
    low: float
    high: float
    """Relative: 0.095 = +9.5%; at 1 - alpha, or wider where a bound says so."""
    p: float
    """Two-sided, of no difference, as if this were the only look."""
    treatment: float
    control: float
    """Orders per lead."""
    standard_error: float
    """Of treatment - control, orders per lead."""
    df: float
    """Degrees of freedom; infinite for permutation."""
    draws: int = 0
    """Assignments compared with, for permutation."""

    @property
    def shown(self) -> bool:
        """Whether the interval leaves no room for equal rankings."""
        return self.low > 0 or self.high < 0


def critical_t(df: float, alpha: float, bound: float | None) -> float:
    return float(stats.t.isf(alpha / 2 if bound is None else stats.norm.sf(bound), df))


def fieller(method: str, means: list[float], covariance: np.ndarray, df: float, critical: float) -> Estimate:
    """Relative uplift of treatment over control from both rates (treatment first) and their covariance (2, 2)."""
    treatment, control = map(float, means)
    (new, both), (_, old) = covariance
    error = float(np.sqrt(max(new + old - 2 * both, 0.0)))
    if control <= 0:
        raise NotComputable(
            f"a relative effect needs orders in the control arm, however: {rates_words(treatment, control)}"
        )
    if not error > 1e-12 * control:
        raise NotComputable("every specialist of an arm has the same order rate, so there is no interval; check orders")
    bend = control**2 - critical**2 * old
    if bend <= 0:
        raise NotComputable(
            f"too few orders in the control arm to bound an effect: {1000 * control:.3g} per 1,000 leads, with a "
            f"standard error of {1000 * np.sqrt(old):.3g}; give more days or specialists"
        )
    middle = treatment * control - critical**2 * both
    reach = np.sqrt(max(middle**2 - bend * (treatment**2 - critical**2 * new), 0.0))
    p = float(2 * stats.t.sf(abs(treatment - control) / error, df))
    low, high = (max(float((middle + sign * reach) / bend) - 1, -1.0) for sign in (-1, 1))
    return Estimate(method, treatment / control - 1, low, high, p, treatment, control, error, float(df))


def rates_words(treatment: float, control: float) -> str:
    return f"treatment has {1000 * treatment:.3g} and control {1000 * control:.3g} orders per 1,000 leads"
