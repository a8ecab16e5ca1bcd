"""What a lead is worth: its expected profit, the price that leaves a wished profit, and the lever that moves it most.

expected profit = p (R_high - C_high) + (1 - p) (R_low - C_low)
with p the chance that the lead is a good one, R revenue and C cost, of a good lead (high) and of any other (low).
Source: Kakatkar, de Langhe & Puntoni (2020), "Machine Learning for Lead Management", on pricing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from core.decisions.economics.money import checked_amounts, checked_range
from core.errors import ConfigError


@dataclass(frozen=True)
class Levers:
    """All that the expected profit of one lead hangs on; amounts in one currency."""

    p: float
    """Chance that the lead is a good one, 0..1."""
    revenue_high: float
    """What a good lead brings; 0 at least, as are all amounts below."""
    cost_high: float
    """What it costs to serve a good lead."""
    revenue_low: float = 0.0
    """What any other lead brings."""
    cost_low: float = 0.0
    """What it costs to work on a lead that is not good."""

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            raise ConfigError(f"p, the chance of a good lead, must lie in 0..1, however: got={self.p!r}")
        for field in fields(self)[1:]:
            checked_amounts(getattr(self, field.name), field.name, lowest=0)

    @property
    def profit_high(self) -> float:
        """Of a good lead."""
        return self.revenue_high - self.cost_high

    @property
    def profit_low(self) -> float:
        """Of any other lead."""
        return self.revenue_low - self.cost_low

    def to_dict(self) -> dict[str, float]:
        """For JSON."""
        return asdict(self)


LEVERS = tuple(field.name for field in fields(Levers))


def expected_profit(levers: Levers) -> float:
    """p (R_high - C_high) + (1 - p) (R_low - C_low), before the price of the lead itself.

    Example:
        >>> expected_profit(Levers(0.25, revenue_high=2_000, cost_high=400, cost_low=40))
        370.0
    """
    return levers.p * levers.profit_high + (1 - levers.p) * levers.profit_low


def price_ceiling(levers: Levers, wished_profit: float = 0.0) -> float:
    """The most that a buyer may pay for a lead: the highest price with expected profit - price >= wished profit.

    Below 0, the wish is not met even by a lead that is given away. Raises ConfigError for a wish that is no number.

    Example:
        >>> price_ceiling(Levers(0.25, revenue_high=2_000, cost_high=400, cost_low=40), wished_profit=300)
        70.0
    """
    return expected_profit(levers) - float(checked_amounts(wished_profit, "wished_profit"))


def price_floor(levers: Levers, wished_profit: float = 0.0, cost_of_lead: float = 0.0) -> float:
    """The least that a seller must ask for a lead: max(cost of the lead + wished profit, expected profit).

    Below the first the wished profit is not left after what it cost to win the lead; below the second the seller does
    better to work on the lead with these levers. Its cost is paid either way, so it counts in the first alone. A seller
    that cannot work on leads has no revenue in its levers.

    Raises:
        ConfigError: a wish that is no number, or a cost below 0.

    Example:
        >>> levers = Levers(0.25, revenue_high=2_000, cost_high=400, cost_low=40)
        >>> price_floor(levers, wished_profit=50, cost_of_lead=30), price_floor(levers, 400, 30)
        (370.0, 430.0)
    """
    wished = float(checked_amounts(wished_profit, "wished_profit"))
    return max(float(checked_amounts(cost_of_lead, "cost_of_lead", lowest=0)) + wished, expected_profit(levers))


def tornado(
    levers: Levers, swing: float = 0.2, ranges: Mapping[str, tuple[float, float]] | None = None
) -> pd.DataFrame:
    """Expected profit as each lever moves alone and the others stay: one row a lever, the widest first.

    Args:
        swing: Each lever moves by this part of its value to either side; p stays within 0..1.
        ranges: Lever -> its least and highest value, in place of the swing.

    Columns: lever, value, low_value, high_value, profit_low and profit_high (at low_value and high_value; costs make
    the first the greater one), span (their distance).

    Raises:
        ConfigError: a swing outside 0..1, a lever that does not exist, or a range that is empty or impossible.
    """
    if not 0 <= swing <= 1:
        raise ConfigError(f"swing must lie in 0..1, however: got={swing!r}")
    given = dict(ranges or {})
    if unknown := sorted(set(given) - set(LEVERS)):
        raise ConfigError(f"levers are {', '.join(LEVERS)}, however: got a range for {', '.join(unknown)}")
    rows = []
    for name in LEVERS:
        value = getattr(levers, name)
        low, high = given.get(name) or _swung(name, value, swing)
        if not low <= high:
            raise ConfigError(f"the range of {name} must go from low to high, however: got={low!r} to {high!r}")
        profits = [expected_profit(replace(levers, **{name: end})) for end in (low, high)]
        rows.append((name, value, low, high, *profits, abs(profits[1] - profits[0])))
    columns = ["lever", "value", "low_value", "high_value", "profit_low", "profit_high", "span"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values("span", ascending=False, kind="stable", ignore_index=True)


def lead_prices(
    probability: ArrayLike,
    levers: Levers,
    wished_profit: float = 0.0,
    *,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
) -> pd.DataFrame:
    """The most to pay for each lead, by its own calibrated chance in place of `levers.p`. Shapes (n,) -> (n, 4).

    Columns: expected_profit; price = expected_profit - wished_profit, as `price_ceiling`; low, high: the price at
    either end of the chance's range, NaN where `low` and `high` are not given.

    Raises:
        ConfigError, NotComputable, ValidationError: as `checked_range`; a wish that is no number.
    """
    chance, ends = checked_range(probability, low, high)
    wished = float(checked_amounts(wished_profit, "wished_profit"))

    def worth(p: np.ndarray) -> np.ndarray:
        return p * levers.profit_high + (1 - p) * levers.profit_low

    frame = pd.DataFrame({"expected_profit": worth(chance)})
    frame["price"] = frame["expected_profit"] - wished
    prices = np.full((2, len(chance)), np.nan) if ends is None else worth(np.stack(ends)) - wished
    return frame.assign(low=prices.min(axis=0), high=prices.max(axis=0))


def _swung(name: str, value: float, swing: float) -> tuple[float, float]:
    high = value * (1 + swing)
    return value * (1 - swing), min(high, 1.0) if name == "p" else high
