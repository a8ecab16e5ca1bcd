"""How large a trial must be to see an effect, and which effect a team of a given size can see.

A specialist's rate of orders has the variance p (1 - p) DEFF / m over m leads. What one specialist's leads have in
common (the intra-class correlation) makes DEFF grow with m: more days then help less and less, more specialists always.
Looks before the end cost power: what counts is the bound of the last one, which is above that of a single look.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import stats
from scipy.optimize import brentq

from core.decisions.field_trial.choices import LEAST_UPLIFT, LOOKS, MOST_LEADS, MOST_UPLIFT
from core.decisions.field_trial.sequential import always_valid, obrien_fleming
from core.errors import ConfigError, NotComputable

LEAST_RATE = 1e-6
LEAST_ALPHA = 1e-6
MOST_CV = 100.0
MOST_PEOPLE = 10**15
"""In each arm. These bounds only keep out what no team has, and what floating point cannot hold."""
SMALL = 30
"""Degrees of freedom below which an error's own error may grow it more than four times over."""
SHARES = (0.25, 0.5, 0.75, 1.0)
"""Planned information at the four looks that `protocol.look_days` spreads evenly."""


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
    looks: str = "fixed"
    """When an effect may be read: once, at four planned looks (obrien_fleming) or at any time (always_valid)."""

    def __post_init__(self) -> None:
        leads = f"lie in [1, {MOST_LEADS:,}]"
        rules = {
            "base_rate": (LEAST_RATE <= self.base_rate < 1, f"lie in [{LEAST_RATE:g}, 1)"),
            "leads_per_specialist": (1 <= self.leads_per_specialist <= MOST_LEADS, leads),
            "icc": (0 <= self.icc < 1, "lie in [0, 1)"),
            "cv": (0 <= self.cv <= MOST_CV, f"lie in [0, {MOST_CV:g}]"),
            "correlation": (0 <= self.correlation < 1, "lie in [0, 1)"),
            "alpha": (LEAST_ALPHA <= self.alpha < 1, f"lie in [{LEAST_ALPHA:g}, 1)"),
            "looks": (self.looks in LOOKS, f"be one of {', '.join(LOOKS)}"),
        }
        for name, (sound, rule) in rules.items():
            if not sound:
                raise ConfigError(f"{name} must {rule}, however: got={getattr(self, name)!r}")

    @property
    def bound(self) -> float:
        """The normal quantile that |z| must pass in the end."""
        return _bound(self.looks, self.alpha)


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
        """For JSON; `looks` where there are any before the end."""
        document = asdict(self)
        if self.situation.looks == "fixed":
            del document["situation"]["looks"]
        return document


def leads_per_arm(
    base_rate: float, uplift: float, power: float = 0.8, alpha: float = 0.05, looks: str = "fixed"
) -> float:
    """Leads of each arm to see a relative `uplift` with a two-sided test of two shares, before clustering.

    Raises:
        ConfigError: the uplift is out of its range, brings the rate to 1 or beyond, or a share is out of its own.

    Source: method 4.3; the usual normal formula with unpooled variance (Fleiss 1981).

    Example:
        >>> round(leads_per_arm(0.0133, 0.095))
        135079
    """
    _check(base_rate, uplift, power, alpha)
    raised = base_rate * (1 + uplift)
    quantiles = _bound(looks, alpha) + stats.norm.ppf(power)
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
    leads = leads_per_arm(situation.base_rate, uplift, power, situation.alpha, situation.looks)
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


def power(situation: Situation, specialists_per_arm: int, uplift: float, *, adjusted: bool = False) -> float:
    """Chance that a two-sided t-test on the specialists' rates finds a true relative `uplift` by the last look, 0..1.

    `adjusted`: the rates of the time before are adjusted for. What looks before the end find, and the last one would
    not, is left out: a few in a thousand.

    Raises:
        ConfigError: fewer than two specialists in an arm, or a rate that is not between 0 and 1.
    """
    if not 2 <= specialists_per_arm <= MOST_PEOPLE:
        raise ConfigError(f"specialists_per_arm must lie in [2, {MOST_PEOPLE:,}], however: got={specialists_per_arm!r}")
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
    critical = stats.t.isf(stats.norm.sf(situation.bound), freedom)
    # So far beyond the bound all is found, and scipy's series does not end.
    shift = min(shift, (20 if freedom < SMALL else 4) * critical + 40)
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


@lru_cache
def _bound(looks: str, alpha: float) -> float:
    if looks == "obrien_fleming":
        return float(obrien_fleming(SHARES, alpha)[-1])
    return always_valid(1.0, alpha) if looks == "always_valid" else float(stats.norm.isf(alpha / 2))


def _design_effect(situation: Situation) -> float:
    return design_effect(situation.leads_per_specialist, situation.icc, situation.cv)


def _check(base_rate: float, uplift: float, power: float, alpha: float) -> None:
    for name, share in (("base_rate", base_rate), ("power", power), ("alpha", alpha)):
        if not 0 < share < 1:
            raise ConfigError(f"{name} must lie between 0 and 1, however: got={share!r}")
    if not LEAST_UPLIFT <= uplift <= MOST_UPLIFT or base_rate * (1 + uplift) >= 1:
        raise ConfigError(
            f"uplift must lie in [{LEAST_UPLIFT:g}, {MOST_UPLIFT:g}] and keep base_rate x (1 + uplift) below 1, "
            f"however: got={uplift!r} at a base rate of {base_rate:g}"
        )
