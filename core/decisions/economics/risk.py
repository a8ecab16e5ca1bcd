"""How many orders a set of leads may bring, where good and bad times hit all of them together; tranches by chance.

One-factor Gaussian copula: a lead orders where sqrt(c) Z + sqrt(1 - c) e < the normal quantile of its chance; Z is
common to all leads (the market, the season), e each lead's own, c their correlation. At c = 0 leads are independent,
and the number of orders is Poisson-binomial.

Source: Vasicek 1987; Li 2000, On default correlation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from core.decisions.economics.money import checked_chances
from core.errors import ConfigError

CORRELATION = 0.05
"""Where nothing better is known. Source: within the 3% to 16% that Basel II lays down for small retail loans."""
DRAWS = 10_000
CLASSES = 200
"""Leads are drawn by classes of like chance, at most so many: within one, the mean stands for all."""
NAMES = ("AAA", "AA", "A", "BBB", "BB", "B")


@dataclass(frozen=True)
class Risk:
    """Orders of a set of leads, as simulated."""

    expected: float
    """Sum of the chances, not simulated."""
    orders: np.ndarray
    """(draws,) int, ascending: orders in each simulated period."""
    correlation: float

    @property
    def sd(self) -> float:
        """Standard deviation of the orders."""
        return float(self.orders.std())

    @property
    def low(self) -> float:
        """In 19 of 20 periods the orders lie from here to `high`."""
        return self.quantile(0.025)

    @property
    def high(self) -> float:
        return self.quantile(0.975)

    def quantile(self, share: float) -> float:
        """Orders that this share of the periods does not exceed."""
        return float(np.quantile(self.orders, share, method="inverted_cdf"))

    def chance_at_least(self, orders: float) -> float:
        """Share of the periods with so many orders or more."""
        return float((self.orders >= orders).mean())

    def to_frame(self) -> pd.DataFrame:
        """One row for each number of orders that came up: orders, chance, chance_at_least."""
        number, count = np.unique(self.orders, return_counts=True)
        chance = count / len(self.orders)
        return pd.DataFrame({"orders": number, "chance": chance, "chance_at_least": chance[::-1].cumsum()[::-1]})

    @property
    def how(self) -> str:
        """The computation in a sentence."""
        return (
            f"{len(self.orders):,} simulated periods; in each, good or bad times move all chances together "
            f"(correlation {self.correlation:g})."
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        quantiles = {f"{share:g}": self.quantile(share) for share in (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)}
        figures = {name: getattr(self, name) for name in ("expected", "sd", "low", "high", "correlation", "how")}
        return figures | {"quantiles": quantiles}


def risk(probability: ArrayLike, correlation: float = CORRELATION, draws: int = DRAWS, seed: int = 0) -> Risk:
    """Simulate the orders of leads. Shape: (n,), 0..1.

    Raises:
        NotComputable, ValidationError: as `money.checked_chances`.
        ConfigError: the correlation is not in [0, 1), or there are no draws.

    Example:
        >>> sure = risk([1.0, 1.0, 0.0])
        >>> sure.expected, sure.low, sure.high
        (2.0, 2.0, 2.0)
    """
    chances = checked_chances(probability)
    check_correlation(correlation)
    if draws < 1:
        raise ConfigError(f"draws must be 1 or more, however: got={draws!r}")
    rng = np.random.default_rng(seed)
    orders = np.sort(_orders(chances, correlation, rng.standard_normal(draws), rng))
    return Risk(float(chances.sum()), orders, correlation)


def check_correlation(correlation: float) -> None:
    """Raises ConfigError where it is not in [0, 1)."""
    if not 0 <= correlation < 1:
        raise ConfigError(
            f"the correlation must lie in [0, 1), however: got={correlation!r}; 0 means that leads are independent"
        )


def tranche_of(probability: ArrayLike, names: tuple[str, ...] = NAMES) -> np.ndarray:
    """The tranche of each lead: groups of equal size by chance, the first the best. Shape (n,) -> (n,) str.

    Equal chances are told apart by their order. With fewer leads than names the last tranches are empty.

    Raises:
        NotComputable, ValidationError: as `money.checked_chances`.
        ConfigError: no names, or one of them twice.

    Example:
        >>> tranche_of([0.1, 0.9, 0.5, 0.4], ("A", "B")).tolist()
        ['B', 'A', 'A', 'B']
    """
    chances = checked_chances(probability)
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"tranches need one distinct name or more, however: got={list(names)}")
    place = np.empty(len(chances), dtype=np.int64)
    place[np.argsort(-chances, kind="stable")] = np.arange(len(chances))
    return np.array(names, dtype=object)[place * len(names) // len(chances)]


def tranches(
    probability: ArrayLike,
    names: tuple[str, ...] = NAMES,
    correlation: float = CORRELATION,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Leads cut into tranches, one row each that holds leads, the best first.

    Columns: tranche, leads, chance_from, chance_to (lowest and highest), expected_orders, low, high (95%, simulated
    as `risk` does it), rate, rate_low, rate_high (the same per lead).

    Raises: as `tranche_of` and `risk`.
    """
    chances = checked_chances(probability)
    of = tranche_of(chances, names)
    rows = []
    for name in names:
        if not (mine := of == name).any():
            continue
        found, count = risk(chances[mine], correlation, draws, seed), int(mine.sum())
        row = {"tranche": name, "leads": count, "chance_from": chances[mine].min(), "chance_to": chances[mine].max()}
        row |= {"expected_orders": found.expected, "low": found.low, "high": found.high}
        rows.append(
            row | {"rate": found.expected / count, "rate_low": found.low / count, "rate_high": found.high / count}
        )
    return pd.DataFrame(rows)


def _orders(chances: np.ndarray, correlation: float, common: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Orders at each state of the common factor. Shapes (n,), (draws,) -> (draws,) int."""
    # By the normal quantile, in even steps: rare high chances keep classes of their own, as leads cut by number do not.
    quantile = ndtri(chances)
    finite = np.isfinite(quantile)
    low, high = (quantile[finite].min(), quantile[finite].max()) if finite.any() else (0.0, 0.0)
    step = (high - low) / (CLASSES - 3) or 1.0
    _, of = np.unique(np.clip(np.floor((quantile - low) / step), -1, CLASSES - 1), return_inverse=True)
    sizes = np.bincount(of)
    means = np.clip(np.bincount(of, chances) / sizes, 0, 1)
    orders = np.zeros(len(common), dtype=np.int64)
    for size, mean in zip(sizes, means, strict=True):
        # The normal quantile of 0 or 1 is infinite, and so stays where it is.
        now = ndtr((ndtri(mean) - np.sqrt(correlation) * common) / np.sqrt(1 - correlation))
        orders += rng.binomial(size, np.clip(now, 0.0, 1.0))
    return orders
