"""Packages of leads for a buyer: the set that meets the buyer's wishes best, with its risk.

An integer programme: one yes or no for each lead; wishes are linear in these. Solved by HiGHS (branch and bound).
    goal orders    max  sum p_i x_i
    goal price     min  sum price_i x_i
    with sum x = leads, sum price_i x_i <= budget, sum p_i x_i >= min_expected_orders, and for each region r
    sum_{i in r} x_i <= max_per_region size
where size = sum x is a variable of its own, so that the table of regions stays sparse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array

from core.answers import as_json
from core.data.problems import Findings
from core.data.values import to_text
from core.decisions.economics.money import checked_chances, read_money
from core.decisions.economics.risk import CORRELATION, DRAWS, Risk, check_correlation, risk
from core.decisions.economics.wishes import Wishes, fitting
from core.errors import ConfigError, NotComputable

SECONDS = 10.0
"""After which the best package found so far is taken, with its gap. Source: ours."""
SECONDS_TO_TELL = 2.0
"""The same for each wish left out, to tell which one stands in the way. Source: ours."""
SLACK = 1e-9
"""Wishes are met up to this part, so that 0.1 + 0.2 keeps to 0.3."""


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
    chosen, gap = _choose(read, wishes, SECONDS)
    if chosen is None:
        raise NotComputable(_obstacle(read, wishes))
    frame = read[chosen].reset_index(drop=True)
    found = risk(frame["probability"].to_numpy(), correlation, draws, seed)
    return Package(frame, wishes, found, gap, int(fitting(read, wishes).sum()))


def _read(frame: pd.DataFrame, wishes: Wishes) -> pd.DataFrame:
    found = Findings()
    for name in ("lead_id", "probability"):
        if name not in frame.columns:
            has = ", ".join(map(str, frame.columns))
            found.note("error", name, f"there is no such column; the table has {has}", "name the column so")
    found.refuse()
    for name, why in (("price", wishes.budget), ("price", wishes.max_price), ("region", wishes.max_per_region)):
        if why is not None and name not in frame.columns:
            raise ConfigError(f"a wish asks for the {name}, however: the leads have no column {name!r}; add it")
    frame = frame.reset_index(drop=True)
    ids = to_text(frame["lead_id"])
    found.rows("error", "lead_id", ids == "", "the id is empty", "give every lead an id")
    twice = ids.duplicated(keep=False) & (ids != "")
    found.rows("error", "lead_id", twice, "a lead stands in several rows", "keep one row each", cells=ids)
    price = read_money(frame, ["price"], found, negative=False) if "price" in frame else {"price": 0.0}
    found.refuse()
    region = to_text(frame["region"]) if "region" in frame else ""
    chances = checked_chances(frame["probability"])
    return pd.DataFrame({"lead_id": ids, "probability": chances} | price | {"region": region})


def _choose(read: pd.DataFrame, wishes: Wishes, seconds: float) -> tuple[np.ndarray | None, float]:
    """The chosen leads, (n,) bool, None where the wishes cannot be met; and the gap."""
    fits = np.flatnonzero(fitting(read, wishes))
    if not len(fits):
        return None, 0.0
    here = read.iloc[fits]
    chance, price = here["probability"].to_numpy(), here["price"].to_numpy()
    aim = -chance if wishes.goal == "orders" else price
    least, most = (1, len(here)) if wishes.leads is None else (wishes.leads, wishes.leads)
    found = milp(
        np.append(aim, 0.0),
        integrality=np.append(np.ones(len(here)), 0),
        bounds=Bounds(np.append(np.zeros(len(here)), least), np.append(np.ones(len(here)), most)),
        constraints=_constraints(here, wishes),
        options={"time_limit": seconds, "mip_rel_gap": 1e-9},
    )
    if found.x is None:
        if found.status == 2:
            return None, 0.0
        raise NotComputable(
            f"no package was found in {seconds:g} seconds ({found.message}); take fewer leads or wishes"
        )
    chosen = np.zeros(len(read), dtype=bool)
    chosen[fits[found.x[:-1] > 0.5]] = True
    return chosen, max(0.0, float(found.mip_gap or 0.0))


def _constraints(here: pd.DataFrame, wishes: Wishes) -> list[LinearConstraint]:
    """On x and, in the last column, the size."""
    constraints = [LinearConstraint(_row(np.ones(len(here)), -1.0), 0, 0)]
    if wishes.budget is not None:
        constraints.append(LinearConstraint(_row(here["price"], 0.0), -np.inf, wishes.budget * (1 + SLACK)))
    if wishes.min_expected_orders is not None:
        least = wishes.min_expected_orders * (1 - SLACK)
        constraints.append(LinearConstraint(_row(here["probability"], 0.0), least, np.inf))
    if wishes.max_per_region is not None:
        code, regions = pd.factorize(here["region"])
        n, each = len(here), np.arange(len(regions))
        cells = np.concatenate([np.ones(n), np.full(len(regions), -wishes.max_per_region)])
        places = np.concatenate([code, each]), np.concatenate([np.arange(n), np.full(len(regions), n)])
        table = coo_array((cells, places), (len(regions), n + 1)).tocsr()
        constraints.append(LinearConstraint(table, -np.inf, SLACK * n))
    return constraints


def _row(cells: np.ndarray | pd.Series, size: float) -> csr_array:
    return csr_array(np.append(np.asarray(cells, dtype=np.float64), size)[None])


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
    try:
        chosen, _ = _choose(read, replace(wishes, goal=goal, **rest), SECONDS_TO_TELL)
    except NotComputable:
        return f"without {name}: not known, {SECONDS_TO_TELL:g} seconds did not suffice to tell"
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
