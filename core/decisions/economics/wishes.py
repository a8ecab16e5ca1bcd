"""What a buyer of leads asks for, and which leads come near it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

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


def fitting(leads: pd.DataFrame, wishes: Wishes) -> np.ndarray:
    """Leads that by themselves meet the wishes, (n,) bool; columns as `package` takes them."""
    fits = np.ones(len(leads), dtype=bool)
    if wishes.max_price is not None:
        fits &= (leads["price"] <= wishes.max_price).to_numpy()
    if wishes.min_probability is not None:
        fits &= (leads["probability"] >= wishes.min_probability).to_numpy()
    if wishes.regions:
        fits &= leads["region"].isin(wishes.regions).to_numpy()
    return fits


def nearest(leads: pd.DataFrame, wishes: Wishes, most: int) -> pd.DataFrame:
    """The leads to choose from, in their order: at most so many that fit the wishes one by one, those which stand first
    by price, by chance or by the price of an expected order; from each group alike where the wishes spread them."""
    fits = fitting(leads, wishes)
    if fits.sum() <= most:
        return leads[fits] if fits.any() else leads  # without any, `package` says which wish is in the way
    rows = leads[fits]
    price, chance = rows["price"].to_numpy(), rows["probability"].to_numpy()
    each = price / np.maximum(chance, np.finfo(float).tiny)
    groups = rows["region"] if wishes.max_per_region is not None else pd.Series(0, rows.index)
    place = np.full(len(rows), len(rows))
    for keys in ((-chance, price), (price, -chance), (-chance, each)):
        order = np.lexsort(keys)
        turn = groups.iloc[order].groupby(groups.iloc[order].to_numpy()).cumcount().to_numpy()
        place[order] = np.minimum(place[order], turn)
    return rows.iloc[np.sort(np.argsort(place, kind="stable")[:most])]
