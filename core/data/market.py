"""The settings of a made-up car market and the people in it: why somebody buys.

need budget family fit preference     five factors, N(0, 1), shared in part by leads of one customer
             |                        + the specialist's strength, channel, season, one interaction
          intent  ->  log-odds of converting within thirty days
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from core.errors import ConfigError

BLOCK = 4096
"""Leads per seed."""
FACTORS = ("need", "budget", "family", "fit", "preference")
"""What makes a lead buy: urgency, money, agreement at home, the car itself, and this make over the rival's."""
MATURITY_DAYS = 30
"""Length of the outcome window. Days."""

_WEIGHTS = np.array([0.50, 0.44, 0.42, 0.42, 0.42])
_SLOPE = 2.05  # log-odds per standard deviation of intent; sets the best possible AUC
CHANNELS = ("website", "app", "hotline", "showroom", "event", "referral", "marketplace")
_CHANNEL_EARLY = np.array([0.30, 0.10, 0.15, 0.14, 0.06, 0.07, 0.18])
_CHANNEL_LATE = np.array([0.25, 0.22, 0.12, 0.13, 0.07, 0.08, 0.13])
_CHANNEL_PULL = np.array([0.0, -0.05, 0.1, 0.3, -0.25, 0.45, -0.35])


@dataclass(frozen=True)
class Market:
    """The settings of one simulated market, and what all its leads share."""

    leads: int
    seed: int
    base_rate: float = 0.0133
    """Share that converts within the outcome window. Source: the paper's 1.33%."""
    alignment: float = 0.9
    """How strongly stages and call length follow intent, 0 to 1 (0.9 aligned, 0.1 mostly unrelated). Source: ours."""
    start: date = date(2025, 1, 6)
    days: int = 330
    """Length of the file; the last `MATURITY_DAYS` hold outcomes that are still open."""

    def __post_init__(self) -> None:
        if self.leads < 1:
            raise ConfigError(f"leads must be 1 or more, however: got={self.leads!r}")
        if self.seed < 0:
            raise ConfigError(f"seed must be 0 or more, however: got={self.seed!r}")
        if not 0 < self.base_rate < 0.5:
            raise ConfigError(f"base_rate must lie in (0, 0.5), however: got={self.base_rate!r}")
        if not 0 <= self.alignment <= 1:
            raise ConfigError(f"alignment must lie in [0, 1], however: got={self.alignment!r}")

    def rng(self, *stream: int) -> np.random.Generator:
        """A generator of its own for each purpose or block."""
        return np.random.default_rng([self.seed, *stream])

    @cached_property
    def specialists(self) -> pd.DataFrame:
        """One row per specialist: strength (hidden), team size, experience, and the past lock-in rate by month."""
        rng = self.rng(1)
        n = int(np.clip(self.leads / 65, 12, 8000))
        strength = rng.normal(size=n)
        experience = np.clip(rng.lognormal(2.9 + 0.2 * strength, 0.7), 1, 180).round()
        handled = np.minimum(experience * 14, 900).astype(int)[:, None] + np.arange(12) * 14
        rate = np.minimum(self.base_rate * np.exp(0.35 * strength), 0.6)
        first = rng.binomial(handled[:, 0], rate)
        later = rng.binomial(14, rate[:, None], size=(n, 11)).cumsum(axis=1)
        past = np.column_stack([first, first[:, None] + later]) / handled
        table = pd.DataFrame({"strength": strength, "experience": experience})
        table["team_size"] = rng.integers(4, 13, size=max(1, n // 7))[np.arange(n) % max(1, n // 7)]
        return table.join(pd.DataFrame(past.round(4)).add_prefix("past_"))

    @cached_property
    def intercept(self) -> float:
        """Log-odds at which the mean probability is the base rate: bisection over 16 blocks of a stream of its own."""
        logits = np.concatenate([draw_latent(self, self.rng(2, block), BLOCK).logit for block in range(16)])
        low, high = -30.0, 10.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if sigmoid(logits + middle).mean() < self.base_rate else (low, middle)
        return middle


@dataclass(frozen=True)
class Latent:
    """What nobody sees, one entry per lead; `logit` is the log-odds less the market's intercept."""

    moment: np.ndarray
    customer: np.ndarray
    specialist: np.ndarray
    channel: np.ndarray
    factors: np.ndarray
    chatty: np.ndarray
    intent: np.ndarray
    logit: np.ndarray


def draw_latent(market: Market, rng: np.random.Generator, n: int) -> Latent:
    """`n` leads of the market."""
    moment = rng.random(n) ** 0.92 * market.days
    late = moment / market.days
    # One lead in nine is a further lead of the last customer who was not one.
    own = np.where(rng.random(n) < 0.11, 0, np.arange(n))
    customer = np.maximum.accumulate(own)
    person = rng.normal(size=(n, 5))[customer]
    specialist = rng.integers(0, len(market.specialists), size=n)
    strength = market.specialists["strength"].to_numpy()[specialist]
    shares = _CHANNEL_EARLY + late[:, None] * (_CHANNEL_LATE - _CHANNEL_EARLY)
    channel = (rng.random(n)[:, None] > shares.cumsum(axis=1)[:, :-1]).sum(axis=1)
    factors = np.sqrt(0.5) * person + np.sqrt(0.5) * rng.normal(size=(n, 5))
    season = 0.12 * np.sin(2 * np.pi * moment / 365)
    raw = factors @ _WEIGHTS + 0.22 * strength + 0.5 * _CHANNEL_PULL[channel] + season
    raw = raw + 0.15 * factors[:, 0] * factors[:, 1]
    return Latent(moment, customer, specialist, channel, factors, rng.normal(size=n), raw, _SLOPE * raw)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Probability from log-odds."""
    return 1 / (1 + np.exp(-x))
