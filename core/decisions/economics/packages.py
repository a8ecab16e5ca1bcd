"""Packages of leads for a buyer: the set that meets the buyer's wishes best, with its risk.

An integer programme: one yes or no for each lead; wishes are linear in these. Solved by HiGHS (branch and bound).
    goal orders    max  sum p_i x_i
    goal price     min  sum price_i x_i
    with sum x = leads, sum price_i x_i <= budget, sum p_i x_i >= min_expected_orders, and for each region r
    sum_{i in r} x_i <= max_per_region sum x
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from core.answers import as_json
from core.data.problems import Findings
from core.data.values import to_text
from core.decisions.economics.money import checked_chances, read_money
from core.decisions.economics.risk import CORRELATION, DRAWS, Risk, check_correlation, risk
from core.decisions.field_trial.specialists import check_found
from core.errors import ConfigError, NotComputable

GOALS = ("orders", "price")
SECONDS = 10.0
"""After which the best package found so far is taken, with its gap. Source: ours."""
SLACK = 1e-9
"""Wishes are met up to this part, so that 0.1 + 0.2 keeps to 0.3."""


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


@dataclass(frozen=True)
class Package:
    """Leads that meet a buyer's wishes."""

    frame: pd.DataFrame
    """One row a lead, in the given order: lead_id, probability, price, region."""
    wishes: Wishes
    risk: Risk
    """How many orders the package may bring."""
    gap: float
    """Share by which a better package might be better; 0 where this is proved to be the best."""
    considered: int
    """Leads that the package was chosen from."""

    @cached_property
    def regions(self) -> pd.DataFrame:
        """How the leads are spread: region, leads, share, expected_orders, price; most leads first."""
        groups = self.frame.groupby("region", sort=True)
        table = groups.agg(leads=("lead_id", "size"), expected_orders=("probability", "sum"), price=("price", "sum"))
        table.insert(1, "share", table["leads"] / len(self.frame))
        return table.sort_values("leads", ascending=False, kind="stable").reset_index()

    @property
    def lead_ids(self) -> tuple[str, ...]:
        return tuple(self.frame["lead_id"])

    @property
    def expected_orders(self) -> float:
        return float(self.frame["probability"].sum())

    @property
    def price(self) -> float:
        return float(self.frame["price"].sum())

    @property
    def how(self) -> str:
        """The computation in a sentence."""
        goal = "most expected orders" if self.wishes.goal == "orders" else "lowest price"
        proof = "none is better" if self.gap <= 1e-9 else f"a better one would be better by {self.gap:.2%} at most"
        return f"Of all sets of the {self.considered:,} leads that meet the wishes, the one of the {goal}: {proof}."

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        figures = {name: getattr(self, name) for name in ("expected_orders", "price", "gap", "considered", "how")}
        figures |= {"goal": self.wishes.goal, "wishes": self.wishes.given, "leads": len(self.frame)}
        tables = {"regions": as_json(self.regions), "lead_ids": list(self.lead_ids)}
        return figures | {"orders": self.risk.to_dict()} | tables


def package(
    leads: pd.DataFrame, wishes: Wishes, correlation: float = CORRELATION, draws: int = DRAWS, seed: int = 0
) -> Package:
    """The leads that meet the wishes best. Shape (n, >= 2): lead_id, probability and, where needed, price, region.

    A lead without a price column costs nothing. Correlation, draws and seed are for the risk of the chosen leads.

    Raises:
        ValidationError: every problem of the table, with rows.
        ConfigError: a price is wished for, but there is none; or the correlation is not in [0, 1).
        NotComputable: the wishes cannot be met; the message says which one stands in the way.
    """
    check_correlation(correlation)
    read = _read(leads, wishes)
    chosen, gap = _choose(read, wishes)
    if chosen is None:
        raise NotComputable(_obstacle(read, wishes))
    frame = read[chosen].reset_index(drop=True)
    found = risk(frame["probability"].to_numpy(), correlation, draws, seed)
    return Package(frame, wishes, found, gap, int(_fitting(read, wishes).sum()))


def _read(frame: pd.DataFrame, wishes: Wishes) -> pd.DataFrame:
    found = Findings()
    for name in ("lead_id", "probability"):
        if name not in frame.columns:
            has = ", ".join(map(str, frame.columns))
            found.note("error", name, f"there is no such column; the table has {has}", "name the column so")
    check_found(found)
    for name, why in (("price", wishes.budget), ("price", wishes.max_price), ("region", wishes.max_per_region)):
        if why is not None and name not in frame.columns:
            raise ConfigError(f"a wish asks for the {name}, however: the leads have no column {name!r}; add it")
    frame = frame.reset_index(drop=True)
    ids = to_text(frame["lead_id"])
    found.rows("error", "lead_id", ids == "", "the id is empty", "give every lead an id")
    twice = ids.duplicated(keep=False) & (ids != "")
    found.rows("error", "lead_id", twice, "a lead stands in several rows", "keep one row each", cells=ids)
    price = read_money(frame, ["price"], found, negative=False) if "price" in frame else {"price": 0.0}
    check_found(found)
    region = to_text(frame["region"]) if "region" in frame else ""
    chances = checked_chances(frame["probability"])
    return pd.DataFrame({"lead_id": ids, "probability": chances} | price | {"region": region})


def _fitting(read: pd.DataFrame, wishes: Wishes) -> np.ndarray:
    """Leads that by themselves meet the wishes, (n,) bool."""
    fits = np.ones(len(read), dtype=bool)
    if wishes.max_price is not None:
        fits &= (read["price"] <= wishes.max_price).to_numpy()
    if wishes.min_probability is not None:
        fits &= (read["probability"] >= wishes.min_probability).to_numpy()
    if wishes.regions:
        fits &= read["region"].isin(wishes.regions).to_numpy()
    return fits


def _choose(read: pd.DataFrame, wishes: Wishes) -> tuple[np.ndarray | None, float]:
    """The chosen leads, (n,) bool, None where the wishes cannot be met; and the gap."""
    fits = np.flatnonzero(_fitting(read, wishes))
    if not len(fits):
        return None, 0.0
    here = read.iloc[fits]
    chance, price = here["probability"].to_numpy(), here["price"].to_numpy()
    aim = -chance if wishes.goal == "orders" else price
    found = milp(
        aim,
        integrality=np.ones(len(here)),
        bounds=Bounds(0, 1),
        constraints=_constraints(here, wishes),
        options={"time_limit": SECONDS, "mip_rel_gap": 1e-9},
    )
    if found.x is None:
        if found.status == 2:
            return None, 0.0
        raise NotComputable(
            f"no package was found in {SECONDS:g} seconds ({found.message}); take fewer leads or wishes"
        )
    chosen = np.zeros(len(read), dtype=bool)
    chosen[fits[found.x > 0.5]] = True
    return chosen, max(0.0, float(found.mip_gap or 0.0))


def _constraints(here: pd.DataFrame, wishes: Wishes) -> list[LinearConstraint]:
    ones = np.ones(len(here))
    exact = (1, np.inf) if wishes.leads is None else (wishes.leads, wishes.leads)
    constraints = [LinearConstraint(ones[None], *exact)]
    if wishes.budget is not None:
        constraints.append(LinearConstraint(here["price"].to_numpy()[None], -np.inf, wishes.budget * (1 + SLACK)))
    if wishes.min_expected_orders is not None:
        least = wishes.min_expected_orders * (1 - SLACK)
        constraints.append(LinearConstraint(here["probability"].to_numpy()[None], least, np.inf))
    if wishes.max_per_region is not None:
        code, regions = pd.factorize(here["region"])
        from_here = (code == np.arange(len(regions))[:, None]).astype(np.float64)
        constraints.append(LinearConstraint(from_here - wishes.max_per_region, -np.inf, SLACK * len(here)))
    return constraints


def _obstacle(read: pd.DataFrame, wishes: Wishes) -> str:
    """Which wish, left out, would let the others be met."""
    said = [words for name in wishes.given if (words := _without(read, wishes, name))]
    told = ", ".join(f"{name} {value}" for name, value in wishes.given.items())
    if not said:
        return (
            f"no package of the {len(read):,} leads meets the wishes ({told}), nor any with one wish less; ask for less"
        )
    return f"no package of the {len(read):,} leads meets all wishes ({told}). " + "; ".join(said)


def _without(read: pd.DataFrame, wishes: Wishes, name: str) -> str:
    """What could be had without one wish, in words; "" where the others cannot be met either."""
    rest = {**wishes.given, name: () if name == "regions" else None}
    if all(rest.get(one) is None for one in ("leads", "min_expected_orders", "budget")):
        rest["min_expected_orders"] = 0.0  # any package at all
    sized = rest.get("leads") is not None or rest.get("min_expected_orders") is not None
    goal = {"budget": "price", "min_expected_orders": "orders"}.get(name, wishes.goal) if sized else "orders"
    chosen, _ = _choose(read, replace(wishes, goal=goal, **rest))
    if chosen is None:
        return ""
    held = read[chosen]
    if name == "budget":
        return f"without the budget: possible from {held['price'].sum():,.2f} on"
    if name == "min_expected_orders":
        return f"without min_expected_orders: {held['probability'].sum():,.2f} orders at most"
    if name == "max_per_region":
        return (
            f"without max_per_region: possible, with {held['region'].value_counts(normalize=True).max():.0%} from one"
        )
    return f"without {name}: possible, with {len(held):,} leads"
