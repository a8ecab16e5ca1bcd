"""Whom to send a campaign to, for a budget: by the value that it is expected to add, and no further than it pays.

    value of a contact = chance that it makes the customer come x margin of one who came - cost of the contact

Those who came already, by themselves or by a campaign, and those who would come anyway are worth nothing more for it,
however likely they are to come. The chance is P(campaign) of the segmentation, or an uplift model's effect where a
control arm was drawn at random; the latter is evidence, the former reads it off those who answered earlier campaigns.
A customer is reached once, by the lead worth most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import ConfigError

STEPS = 50
"""Budgets on the what-if curve."""


@dataclass(frozen=True)
class Campaign:
    """What a campaign costs and brings."""

    budget: float
    """What may be spent, in the currency; 0 or more."""
    cost: float
    """Of one contact, above 0."""
    margin: float
    """Of a customer who came, above 0."""
    anyway: float = 0.5
    """Customers whose chance to come anyway is above it are left out, 0..1; 1 leaves out only who came."""
    contacts: int | None = None
    """Most earlier contacts, in the column that counts them; None = no cap."""

    def __post_init__(self) -> None:
        if not (0 <= self.budget < float("inf") and self.cost > 0 and self.margin > 0 and 0 <= self.anyway <= 1):
            raise ConfigError(
                "a campaign needs a budget of 0 or more, a cost and a margin above 0, and `anyway` in 0..1, however: "
                f"got={self.budget}, {self.cost}, {self.margin}, {self.anyway}"
            )


@dataclass(frozen=True, eq=False)
class Plan:
    """Who is to be reached, and what a larger or smaller budget would bring."""

    chosen: pd.DataFrame
    """Best first: lead_id, rank, chance (that the contact makes them come), value (expected, in the currency)."""
    spent: float
    expected: float
    """Customers who come because of it, as expected."""
    added: float
    """Value added beyond the cost, as expected, in the currency."""
    curve: pd.DataFrame
    """budget, reached, expected, added: at `STEPS` budgets up to twice the one asked for."""
    left_out: dict[str, int]
    """Why others are not in it: came by themselves, came by a campaign, would come anyway, reached too often, not worth
    the cost, another lead of one who is in the list, beyond the budget."""


def came_by(assigned: pd.DataFrame) -> np.ndarray:
    """organic or campaign, the segment of those who came already, "" of all others. Shape (n,), object.

    Example:
        >>> found = pd.DataFrame({"observed": ["low", "organic", ""], "segment": ["low", "campaign", "organic"]})
        >>> came_by(found).tolist()
        ['', 'campaign', '']
    """
    return np.where(assigned["observed"].isin(("campaign", "organic")), assigned["segment"], "").astype(object)


def plan_campaign(
    lead_id: np.ndarray,
    chance: np.ndarray,
    anyway: np.ndarray,
    campaign: Campaign,
    contacted: np.ndarray | None = None,
    customer: np.ndarray | None = None,
    came: np.ndarray | None = None,
) -> Plan:
    """Shapes (n,): chance that a contact makes the customer come; chance that they come anyway; earlier contacts, NaN
    counting as none; whose lead it is, each lead a customer of its own without; `came_by`,
    nobody without. Ties go by lead id.

    Example:
        >>> ids = np.array(["a", "b", "c"])
        >>> plan = plan_campaign(ids, np.array([0.1, 0.5, 0.2]), np.array([0.1, 0.9, 0.1]), Campaign(10.0, 5.0, 100.0))
        >>> plan.chosen["lead_id"].tolist(), plan.spent, round(plan.added, 9), plan.left_out["would come anyway"]
        (['c', 'a'], 10.0, 20.0, 1)
    """
    value = chance * campaign.margin - campaign.cost
    came = np.full(len(value), "") if came is None else came
    certain = (came == "") & (anyway > campaign.anyway)
    gone = certain | (came != "")
    often = np.zeros(len(value), dtype=bool)
    if campaign.contacts is not None:
        if contacted is None:
            raise ConfigError("a cap on contacts needs the column that counts them, however: none was named")
        often = np.nan_to_num(contacted) >= campaign.contacts
    worth = ~gone & ~often & (value > 0)
    rows = np.flatnonzero(worth)
    rows = rows[np.lexsort((np.asarray(lead_id, dtype=object)[rows].astype(str), -value[rows]))]
    again = np.zeros(len(rows), dtype=bool)
    if customer is not None:
        again = pd.Series(np.asarray(customer, dtype=object)[rows]).duplicated().to_numpy()
    rows = rows[~again]
    reach = min(int(campaign.budget / campaign.cost + 1e-9), len(rows))
    chosen = rows[:reach]
    frame = pd.DataFrame(
        {
            "lead_id": np.asarray(lead_id, dtype=object)[chosen],
            "rank": np.arange(1, reach + 1),
            "chance": chance[chosen],
            "value": value[chosen],
        }
    )
    left_out = {
        "came by themselves": int((came == "organic").sum()),
        "came by a campaign": int((came == "campaign").sum()),
        "would come anyway": int(certain.sum()),
        "reached too often": int((~gone & often).sum()),
        "not worth the cost": int((~gone & ~often & (value <= 0)).sum()),
        "another lead of one in the list": int(again.sum()),
        "beyond the budget": len(rows) - reach,
    }
    curve = _curve(chance[rows], value[rows], campaign)
    return Plan(frame, reach * campaign.cost, float(chance[chosen].sum()), float(value[chosen].sum()), curve, left_out)


def _curve(chance: np.ndarray, value: np.ndarray, campaign: Campaign) -> pd.DataFrame:
    widest = max(2 * campaign.budget, len(value) * campaign.cost / STEPS, campaign.cost)
    budgets = np.linspace(0, widest, STEPS + 1)
    reached = np.minimum((budgets / campaign.cost + 1e-9).astype(int), len(value))
    came, added = (np.append(0.0, np.cumsum(part))[reached] for part in (chance, value))
    return pd.DataFrame({"budget": budgets, "reached": reached, "expected": came, "added": added})
