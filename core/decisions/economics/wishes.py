"""What a buyer of leads asks for."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

from core.errors import ConfigError

GOALS = ("orders", "price")


@dataclass(frozen=True)
class Wishes:
    """What a buyer asks for; None = no such wish. One of leads, budget and min_expected_orders is needed."""

    goal: str = "orders"
    """orders: the most expected orders; price: the lowest price."""
    leads: int | None = None
    """Exactly so many."""
    budget: float | None = None
    """The price of all leads at most, in money."""
    min_expected_orders: float | None = None
    max_price: float | None = None
    """Of a single lead, in money."""
    min_probability: float | None = None
    """Chance of a single lead at least, 0..1."""
    regions: tuple[str, ...] = ()
    """Leads from here alone; empty = from everywhere."""
    max_per_region: float | None = None
    """Share of the package's leads from one region at most, in (0, 1]."""

    def __post_init__(self) -> None:
        if self.goal not in GOALS:
            raise ConfigError(f"the goal must be one of {', '.join(GOALS)}, however: got={self.goal!r}")
        if self.leads is not None and (self.leads < 1 or self.leads % 1):
            raise ConfigError(f"leads must be a whole number, 1 or more, however: got={self.leads!r}")
        for name in ("budget", "min_expected_orders", "max_price"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise ConfigError(f"{name} must be 0 or more, however: got={value!r}")
        for name, open_below in (("min_probability", False), ("max_per_region", True)):
            value = getattr(self, name)
            if value is not None and not (0 <= value <= 1 and (value or not open_below)):
                raise ConfigError(f"{name} must lie in {'(' if open_below else '['}0, 1], however: got={value!r}")
        if self.leads is None and self.min_expected_orders is None and (self.goal == "price" or self.budget is None):
            needed = "leads or min_expected_orders" if self.goal == "price" else "leads, budget or min_expected_orders"
            raise ConfigError(f"a package for the goal {self.goal} needs a size, however: none of {needed} is given")

    @property
    def given(self) -> dict[str, Any]:
        """The wishes that were made, by name."""
        return {
            one.name: getattr(self, one.name)
            for one in fields(self)
            if one.name != "goal" and getattr(self, one.name) not in (None, ())
        }
