"""A made-up team and two rankings of known worth: a queue changes who is called, calls change who orders.

    leads of a day (chance from the simulated market) -> queue of the arm: by a score that knows the chance in part
        -> the first so many are called -> a call multiplies the chance of an order

The new queue knows the chances better than the old one, by as much as makes the true uplift.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, gammaincc, ndtri

from core.data.market import BLOCK, Market, draw_latent
from core.errors import ConfigError, NotComputable

NOISES = 32
"""Errors of a queue's score tried on each lead when its expected orders are worked out."""
AT_ONCE = 2_000_000
"""Leads simulated at once, about 150 MB."""
MOST_LEADS = 20_000_000
"""Leads of one trial, about ten seconds."""


@dataclass(frozen=True)
class Scenario:
    """The made-up truth of a rehearsal."""

    specialists: int = 60
    """People in both arms together."""
    days: int = 132
    """Days on which leads come in. Source: the paper's trial."""
    leads_per_day: float = 20.0
    """New leads of one person on a day, on average; the number varies as chance has it (Poisson)."""
    calls_per_day: float = 5.0
    """Leads one person calls on a day; with 2.5, two or three."""
    base_rate: float = 0.0133
    """Orders per lead with the old ranking. Source: the paper's 1.33%."""
    uplift: float = 0.095
    """By how much the new ranking truly raises orders per lead, relative; 0: both rankings are equally good.
    Source: the paper's +9.5%."""
    called_factor: float = 4.0
    """How many times as likely an order is when the lead is called. Source: ours."""
    specialist_spread: float = 0.4
    """How much people differ in skill: standard deviation in log-odds of an order. Source: ours, near `Market`'s."""
    old_quality: float = 0.5
    """Correlation of the old ranking's score with the true log-odds, 0 to 1. Source: ours."""
    maturity_days: float = 30.0
    """Days until an outcome is final. Days."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name, low, high in _BOUNDS:
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"{name} must lie in [{low:g}, {high:g}], however: got={getattr(self, name)!r}")
        if (leads := self.specialists * self.days * self.leads_per_day) > MOST_LEADS:
            raise ConfigError(
                f"a rehearsed trial may have {MOST_LEADS:,} leads, however: specialists x days x leads_per_day = "
                f"{leads:,.0f}; take fewer people, days or leads a day"
            )

    @cached_property
    def truth(self) -> Truth:
        """Raises NotComputable: no queue can bring this uplift; says how much could be reached."""
        return _solve(self)


_BOUNDS = (
    ("specialists", 4, 20_000),
    ("days", 1, 1_000),
    ("leads_per_day", 0.01, 1_000),
    ("calls_per_day", 0.01, 1_000),
    ("base_rate", 1e-4, 0.5),
    ("uplift", 0, 10),
    ("called_factor", 1, 100),
    ("specialist_spread", 0, 2),
    ("old_quality", 0, 1),
    ("maturity_days", 0, 365),
    ("seed", 0, 2**63),
)


@dataclass(frozen=True)
class Truth:
    """The leads and the two queues, such that base rate and uplift are what the scenario says."""

    logit: np.ndarray
    """(BLOCK,) log-odds that a called lead of an average person orders; a day's leads are drawn from these."""
    standard: np.ndarray
    """(BLOCK,) the same with mean 0 and standard deviation 1."""
    new_quality: float
    """Correlation of the new ranking's score with the true log-odds."""
    icc: float
    """Intra-class correlation of orders with the old ranking: what differing skill makes of it."""


def _solve(scenario: Scenario) -> Truth:
    market = Market(BLOCK, scenario.seed)
    rng = market.rng(4)
    logit = draw_latent(market, rng, BLOCK).logit
    standard = (logit - logit.mean()) / logit.std()
    noise = ndtri((np.arange(NOISES)[:, None] + (rng.permutation(BLOCK) + 0.5) / BLOCK) / NOISES)
    points, weights = np.polynomial.hermite_e.hermegauss(15)
    weights /= weights.sum()

    def gain(quality: float) -> np.ndarray:
        called = _called(scenario, quality * standard + np.sqrt(1 - quality**2) * noise)
        return called + (1 - called) / scenario.called_factor

    def rates(shift: float, gained: np.ndarray) -> np.ndarray:
        """Orders per lead of people of different skill."""
        return gained @ expit(logit[:, None] + shift + scenario.specialist_spread * points) / BLOCK

    old = gain(scenario.old_quality)
    if (most := float(rates(40, old) @ weights)) <= scenario.base_rate:
        raise NotComputable(
            f"no more than {most:.1%} of the leads can order here even where every called one does, however: "
            f"base_rate={scenario.base_rate:.1%}; take a smaller one, more calls or a smaller called_factor"
        )
    shift = float(brentq(lambda by: rates(by, old) @ weights - scenario.base_rate, -40, 40))

    def lacking(quality: float) -> float:
        return float(rates(shift, gain(quality)) @ weights) / scenario.base_rate - 1 - scenario.uplift

    quality = scenario.old_quality
    if scenario.uplift > 0:
        if (most := lacking(1.0)) < 0:
            raise NotComputable(
                f"no ranking can bring {scenario.uplift:+.1%} here: one that knows every chance would bring "
                f"{most + scenario.uplift:+.1%}, at {scenario.calls_per_day:g} calls for {scenario.leads_per_day:g} "
                "leads a day; take a smaller uplift, fewer calls, a weaker old ranking or calls that matter more"
            )
        quality = float(brentq(lacking, quality, 1.0))
    between = (rates(shift, old) - scenario.base_rate) ** 2 @ weights
    icc = between / (scenario.base_rate * (1 - scenario.base_rate))
    return Truth(logit + shift, standard, quality, float(icc))


def _called(scenario: Scenario, score: np.ndarray) -> np.ndarray:
    """Chance of each lead to be called, over its noises. Shape (NOISES, n) -> (n,).

    Leads arrive as a Poisson process, so those above a lead on its day are a Poisson number too: it is called where
    they are fewer than the day's calls. 2.5 calls are 2 or 3 at random.
    """
    above = np.empty(score.size)
    above[score.ravel().argsort()] = 1 - (np.arange(score.size) + 0.5) / score.size
    mean, whole = scenario.leads_per_day * above, np.floor(scenario.calls_per_day)
    fewer = gammaincc(whole, mean) if whole else np.zeros_like(mean)
    called = fewer + (scenario.calls_per_day - whole) * (gammaincc(whole + 1, mean) - fewer)
    return called.reshape(score.shape).mean(axis=0)


def work(
    scenario: Scenario, rng: np.random.Generator, skill: np.ndarray, quality: np.ndarray, days: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Leads, orders and calls of each person and day: (k, days) each. Shapes: skill (k,), quality (k,)."""
    blocks = max(1, round(len(skill) * days * scenario.leads_per_day / AT_ONCE))
    parts = [
        _work_at_once(scenario, rng, skill[some], quality[some], days)
        for some in np.array_split(np.arange(len(skill)), blocks)
    ]
    leads, orders, calls = (np.concatenate(one) for one in zip(*parts, strict=True))
    return leads, orders, calls


def _work_at_once(
    scenario: Scenario, rng: np.random.Generator, skill: np.ndarray, quality: np.ndarray, days: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    truth, shape = scenario.truth, (len(skill), days)
    leads = rng.poisson(scenario.leads_per_day, shape)
    day = np.repeat(np.arange(leads.size), leads.ravel())
    person = day // days
    lead = rng.integers(0, len(truth.logit), len(day))
    known = quality[person]
    score = known * truth.standard[lead] + np.sqrt(1 - known**2) * rng.standard_normal(len(day))
    order = np.lexsort((-score, day))
    # Sorted by day and score, a lead's place in its day's queue is its distance from the day's first.
    place = np.arange(len(day)) - np.repeat(leads.cumsum() - leads.ravel(), leads.ravel())
    capacity = np.floor(scenario.calls_per_day + rng.random(leads.size))
    called = place < capacity[day]
    chance = expit(truth.logit[lead[order]] + scenario.specialist_spread * skill[person])
    ordered = rng.random(len(day)) < chance * np.where(called, 1, 1 / scenario.called_factor)
    orders, calls = (np.bincount(day, weights=what, minlength=leads.size).astype(int) for what in (ordered, called))
    return leads, orders.reshape(shape), calls.reshape(shape)
