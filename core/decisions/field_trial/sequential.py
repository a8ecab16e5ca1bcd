"""Looking before the end without fooling oneself: bounds for the test statistic at each look.

Time is information: the share of the planned certainty that the leads so far bring, not days. With lasting differences
between specialists more leads of the same people bring less and less, and the share says so.

Why both kinds of bound hold here: over the looks, an estimate built from all leads so far satisfies
cov(estimate now, estimate later) = var(estimate later), as a specialist's lasting difference is in both alike and the
chance of single leads averages out. So estimate x information is a Brownian motion in information time (Jennison &
Turnbull 1997), and what is known of that applies.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq
from scipy.special import lambertw
from scipy.stats import norm

from core.errors import ConfigError

NODES = 100
"""Of the numerical integration; with 600 the bounds are the same to six digits."""
MOST = 8.0
"""The highest bound: chance passes it once in 10^15 looks."""


def information_share(leads_per_specialist_now: float, planned: float, icc: float) -> float:
    """How much of the planned certainty there is: variance of a specialist's rate as planned over that of now.

    Below 1 before the plan is fulfilled, above it with more leads than planned.

    Raises:
        ConfigError: leads are negative, none are planned, or icc is not in [0, 1].

    Example:
        >>> information_share(100, 200, 0.0), round(information_share(100, 200, 0.05), 2)
        (0.5, 0.92)
    """
    if not (leads_per_specialist_now >= 0 and planned > 0 and 0 <= icc <= 1):
        raise ConfigError(
            "an information share needs leads of 0 or more, planned leads above 0 and icc in [0, 1], however: "
            f"got={leads_per_specialist_now!r}, {planned!r}, {icc!r}"
        )
    if leads_per_specialist_now == 0:
        return 0.0
    return (icc + (1 - icc) / planned) / (icc + (1 - icc) / leads_per_specialist_now)


def obrien_fleming(
    shares: Sequence[float], alpha: float = 0.05, information: Sequence[float] | None = None
) -> np.ndarray:
    """Bounds of |z| at each look, by which all looks together err with probability `alpha`. Shape (looks,).

    Args:
        shares: Planned information at each look, ascending in (0, 1]; 1 spends all that is left of alpha.
        alpha: Two-sided; either side spends 2 - 2 Phi(z / sqrt(share)) of its half, z the quantile of a quarter.
        information: Where it came out otherwise than the shares that are spent, in any unit.

    Raises:
        ConfigError: shares or information do not ascend, or lie outside their range.

    Source: Lan & DeMets 1983; integration by Armitage, McPherson & Rowe 1969.

    Example:
        >>> obrien_fleming([0.5, 1.0]).round(3).tolist()
        [2.963, 1.969]
    """
    spent_at, time = np.asarray(shares, float), np.asarray(shares if information is None else information, float)
    sound = len(spent_at) == len(time) > 0 and (np.diff(spent_at) > 0).all() and (np.diff(time) > 0).all()
    if not (sound and spent_at[0] > 0 and spent_at[-1] <= 1 and time[0] > 0 and 0 < alpha < 1):
        raise ConfigError(
            f"looks need shares that ascend within (0, 1] and alpha in (0, 1), however: got={list(shares)}, {alpha!r}"
        )
    spend = np.diff(2 * norm.sf(norm.isf(alpha / 4) / np.sqrt(spent_at)), prepend=0.0)
    points, weights = np.polynomial.legendre.leggauss(NODES)
    bounds, value, mass, before = [], np.zeros(1), np.ones(1), 0.0
    for now, least in zip(time, spend, strict=True):
        step = np.sqrt(now - before)
        bound = _bound(value, mass, step, np.sqrt(now), least)
        edge = bound * np.sqrt(now)
        inside = edge * points
        # What of the paths still between the bounds comes to each node.
        density = norm.pdf((inside[:, None] - value) / step) @ mass / step
        value, mass, before = inside, density * edge * weights, now
        bounds.append(bound)
    return np.array(bounds)


def p_obrien_fleming(
    z: float, shares: Sequence[float], alpha: float = 0.05, information: Sequence[float] | None = None
) -> float:
    """The smallest alpha at which the last of these looks would show |z| a difference; arguments as `obrien_fleming`.

    A p for a look on the way: below alpha exactly where the bound is passed. Source: Jennison & Turnbull 2000, 9.5.
    """

    def beyond(level: float) -> float:
        return float(obrien_fleming(shares, level, information)[-1]) - abs(z)

    least, most = 1e-12, 1 - 1e-6
    if beyond(most) > 0:
        return 1.0
    if beyond(least) < 0:
        return least
    return float(brentq(beyond, least, most, xtol=1e-8))


def always_valid(share: float, alpha: float = 0.05, tuned: float = 1.0) -> float:
    """The bound of |z| by which looking at any time, as often as one likes, errs with probability `alpha` at most.

    Args:
        share: Information so far, above 0; beyond 1 is allowed.
        tuned: The share at which the bound is as low as such a bound can be.

    Raises:
        ConfigError: a share that is not above 0, or alpha outside (0, 1).

    Source: Robbins 1970, the normal mixture; Howard, Ramdas, McAuliffe & Sekhon 2021.

    Example:
        >>> round(always_valid(1.0), 2), round(always_valid(0.1), 2)
        (3.04, 3.82)
    """
    room = _mixture(share, alpha, tuned)
    return float(np.sqrt((share + room) / share * np.log((share + room) / (room * alpha**2))))


def p_always(z: float, share: float, alpha: float = 0.05, tuned: float = 1.0) -> float:
    """p of |z| that holds at any time; below `alpha` exactly where |z| passes `always_valid` of that alpha."""
    room = _mixture(share, alpha, tuned)
    evidence = 0.5 * np.log(room / (share + room)) + z**2 * share / (2 * (share + room))
    return float(np.exp(-max(evidence, 0.0)))


def _mixture(share: float, alpha: float, tuned: float) -> float:
    """The mixture's precision r that makes the bound at `tuned` lowest: log((t + r) / (r alpha^2)) = t / r."""
    if not (share > 0 and tuned > 0 and 0 < alpha < 1):
        raise ConfigError(
            f"an always valid bound needs shares above 0 and alpha in (0, 1), however: got={share!r}, {tuned!r}, "
            f"{alpha!r}"
        )
    return tuned / (-float(lambertw(-(alpha**2) / np.e, -1).real) - 1)


def _bound(value: np.ndarray, mass: np.ndarray, step: float, scale: float, least: float) -> float:
    """The z that the paths at `value`, of probability `mass`, pass upwards with probability `least` in one step."""

    def over(bound: float) -> float:
        return float(norm.sf((bound * scale - value) / step) @ mass) - least

    return MOST if over(MOST) >= 0 else float(brentq(over, 0.0, MOST, xtol=1e-10))
