"""How large a trial must be to see an effect, and which effect a team of a given size can see.

A specialist's rate of orders has the variance p (1 - p) DEFF / m over m leads. What one specialist's leads have in
common (the intra-class correlation) makes DEFF grow with m: more days then help less and less, more specialists always.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats
from scipy.optimize import brentq

from core.errors import ConfigError, NotComputable


@dataclass(frozen=True)
class Situation:
    """A team and its leads, as far as the size of a trial depends on them."""

    base_rate: float
    """Orders per lead of the old ranking, between 0 and 1."""
    leads_per_specialist: float
    """Mean over the whole trial, 1 or more."""
    icc: float = 0.0
    """Intra-class correlation: the share of the variance of outcomes that lies between specialists, in [0, 1)."""
    cv: float = 0.0
    """Standard deviation of leads per specialist over its mean."""
    correlation: float = 0.0
    """Of a specialist's order rates before and in the trial, in [0, 1): what an adjusted reading can use (CUPED)."""
    alpha: float = 0.05
    """Share of trials without any effect that may claim one, two-sided."""

    def __post_init__(self) -> None:
        rules = {
            "base_rate": (0 < self.base_rate < 1, "lie between 0 and 1"),
            "leads_per_specialist": (1 <= self.leads_per_specialist < math.inf, "be 1 or more"),
            "icc": (0 <= self.icc < 1, "lie in [0, 1)"),
            "cv": (0 <= self.cv < math.inf, "be 0 or more"),
            "correlation": (0 <= self.correlation < 1, "lie in [0, 1)"),
            "alpha": (0 < self.alpha < 1, "lie between 0 and 1"),
        }
        for name, (sound, rule) in rules.items():
            if not sound:
                raise ConfigError(f"{name} must {rule}, however: got={getattr(self, name)!r}")


@dataclass(frozen=True)
class Plan:
    """How many it takes to see an effect."""

    uplift: float
    """Relative, 0.095 = +9.5%."""
    power: float
    """Share of trials with that effect that find it."""
    leads_per_arm: int
    """Before clustering: as if every lead were a draw of its own."""
    design_effect: float
    """How many times as many leads it takes as the leads come by specialist."""
    specialists_per_arm: int
    specialists_per_arm_adjusted: int
    """Where the order rates of the time before are adjusted for."""
    situation: Situation

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def leads_per_arm(base_rate: float, uplift: float, power: float = 0.8, alpha: float = 0.05) -> float:
    """Leads of each arm to see a relative `uplift` with a two-sided test of two shares, before clustering.

    Raises:
        ConfigError: the uplift is not above 0, brings the rate to 1 or beyond, or a share is out of its range.

    Source: method 4.3; the usual normal formula with unpooled variance (Fleiss 1981).

    Example:
        >>> round(leads_per_arm(0.0133, 0.095))
        135079
    """
    _check(base_rate, uplift, power, alpha)
    raised = base_rate * (1 + uplift)
    quantiles = stats.norm.isf(alpha / 2) + stats.norm.ppf(power)
    variance = base_rate * (1 - base_rate) + raised * (1 - raised)
    return float(quantiles**2 * variance / (raised - base_rate) ** 2)


def design_effect(leads_per_specialist: float, icc: float, cv: float = 0.0) -> float:
    """How many times as many leads a trial needs as their outcomes are alike within a specialist.

    Source: Eldridge, Ashby & Kerry 2006, for clusters of unequal size.

    Example:
        >>> design_effect(200, 0.005)
        1.995
    """
    return 1 + ((1 + cv**2) * leads_per_specialist - 1) * icc


def plan(situation: Situation, uplift: float, power: float = 0.8) -> Plan:
    """What it takes to see `uplift`, by the normal formula. Raises ConfigError as `leads_per_arm`."""
    leads = leads_per_arm(situation.base_rate, uplift, power, situation.alpha)
    effect = _design_effect(situation)
    specialists = leads * effect / situation.leads_per_specialist
    return Plan(
        uplift=uplift,
        power=power,
        leads_per_arm=math.ceil(leads),
        design_effect=effect,
        specialists_per_arm=math.ceil(specialists),
        specialists_per_arm_adjusted=math.ceil(specialists * (1 - situation.correlation**2)),
        situation=situation,
    )


def power(
    situation: Situation,
    specialists_per_arm: int,
    uplift: float,
    *,
    adjusted: bool = False,
    bound: float | None = None,
) -> float:
    """Chance that a two-sided t-test on the specialists' rates finds a true relative `uplift`, 0..1.

    `adjusted`: the rates of the time before are adjusted for. `bound`: the normal quantile that counts instead of that
    of alpha, where there are looks before the end.

    Raises:
        ConfigError: fewer than two specialists in an arm, or a rate that is not between 0 and 1.
    """
    if specialists_per_arm < 2:
        raise ConfigError(f"specialists_per_arm must be 2 or more, however: got={specialists_per_arm!r}")
    raised = situation.base_rate * (1 + uplift)
    if not 0 < raised < 1:
        raise ConfigError(f"base_rate x (1 + uplift) must lie between 0 and 1, however: got={raised:g}")
    rates = np.array([situation.base_rate, raised])
    # A relative effect raises everybody's rate, and with it the differences between people: by its square.
    between = situation.icc * rates[0] * (1 - rates[0]) * np.array([1, (1 + uplift) ** 2])
    within = np.maximum(rates * (1 - rates) - between, 0)
    variance = ((1 + situation.cv**2) * between + within / situation.leads_per_specialist).sum()
    variance *= 1 - situation.correlation**2 if adjusted else 1
    shift = (raised - situation.base_rate) / math.sqrt(variance / specialists_per_arm)
    freedom = 2 * specialists_per_arm - 2
    tail = situation.alpha / 2 if bound is None else stats.norm.sf(bound)
    critical = stats.t.isf(tail, freedom)
    return float(stats.nct.sf(critical, freedom, shift) + stats.nct.sf(critical, freedom, -shift))


def detectable(situation: Situation, specialists_per_arm: int, power: float = 0.8, *, adjusted: bool = False) -> float:
    """The smallest relative uplift that so many specialists in each arm find with that power.

    Raises:
        ConfigError: as `power`, or the wished power is not between alpha and 1.
        NotComputable: even a rate near 1 would not be found.
    """
    if not situation.alpha < power < 1:
        raise ConfigError(f"power must lie between alpha and 1, however: got={power!r}")
    most = (1 - 1e-9) / situation.base_rate - 1

    def missing(uplift: float) -> float:
        return _power_of(situation, specialists_per_arm, uplift, adjusted=adjusted) - power

    if missing(most) < 0:
        raise NotComputable(
            f"{specialists_per_arm:,} specialists in each arm, of {situation.leads_per_specialist:,.0f} leads each, "
            "find no effect at all with that power; plan with more specialists or more days"
        )
    return float(brentq(missing, 0.0, most, xtol=1e-9))


_power_of = power  # which an argument of that name hides


def _design_effect(situation: Situation) -> float:
    return design_effect(situation.leads_per_specialist, situation.icc, situation.cv)


def _check(base_rate: float, uplift: float, power: float, alpha: float) -> None:
    for name, share in (("base_rate", base_rate), ("power", power), ("alpha", alpha)):
        if not 0 < share < 1:
            raise ConfigError(f"{name} must lie between 0 and 1, however: got={share!r}")
    if uplift <= 0 or base_rate * (1 + uplift) >= 1:
        raise ConfigError(
            f"uplift must be above 0 and keep base_rate x (1 + uplift) below 1, however: got={uplift!r} at a base rate "
            f"of {base_rate:g}"
        )
