"""Simulated customers of whom it is known what a campaign did to them.

    need, reaction (hidden) --> comes anyway? comes only if the campaign is seen? --> organic, campaign, low
             |                                                                              |
             '--> fields (noisy)          consent, device --> is a campaign's label seen? <-'

A campaign customer comes only if reached, an organic one either way; labels go missing among campaign customers, more
often without consent where `selective`. A share of the customers is left out by chance: the control arm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from core.data.leads import ROLE_COLUMNS, Leads
from core.data.schema import Features, Roles, Schema, Split
from core.data.segment_rules import Condition, Rules
from core.funnel import Funnel

NUMERIC = (
    "visits_before",
    "days_since_visit",
    "mails_opened",
    "offers_saved",
    "minutes_on_site",
    "price_checks",
    "months_since_purchase",
    "distance_km",
)
CATEGORICAL = ("device", "consent", "region")
RULES = Rules(
    engaged=(Condition("converted", "is", 1),),
    campaign=(Condition("clicked", "at least", 1),),
    control=Condition("mailed", "is", "no"),
)


@dataclass(frozen=True, eq=False)
class World:
    """Customers and the truth about them."""

    leads: Leads
    truth: np.ndarray
    """campaign, organic or low: what each is, reached or not; shape (n,), object."""

    @property
    def effect(self) -> np.ndarray:
        """1 where the campaign makes the customer come, else 0. Shape (n,)."""
        return (self.truth == "campaign").astype(np.float64)


def make_world(n: int, seed: int = 0, *, labelled: float = 1.0, selective: bool = False, control: float = 0.3) -> World:
    """Draw `n` customers over six months.

    Args:
        labelled: share of the reached campaign customers whose click is seen.
        selective: clicks are seen three times as often with consent as without.
        control: share left out of the campaign.
    """
    rng = np.random.default_rng(seed)
    need, reaction = rng.normal(size=(2, n))
    region = rng.integers(0, 4, n)
    anyway = expit(3.5 * (need - 1.0)) > rng.random(n)
    moved = ~anyway & (expit(4.0 * (reaction - 0.9 - 0.25 * (region == 3))) > rng.random(n))
    truth = np.where(anyway, "organic", np.where(moved, "campaign", "low")).astype(object)
    reached = rng.random(n) >= control
    engaged = anyway | (moved & reached)
    consent, seen = rng.random(n) < 0.5, np.full(n, labelled)
    if selective:
        seen = np.clip(labelled * np.where(consent, 1.5, 0.5), 0, 1)
    clicked = moved & reached & (rng.random(n) < seen)

    def near(value: np.ndarray, noise: float) -> np.ndarray:
        return value + noise * rng.normal(size=n)

    features = pd.DataFrame(
        {
            "visits_before": np.maximum(np.rint(np.exp(near(0.8 * need, 0.4))), 0),
            "days_since_visit": np.exp(near(2.5 - 0.7 * need, 0.5)),
            "mails_opened": np.rint(np.exp(near(0.9 * reaction, 0.4))),
            "offers_saved": np.rint(np.exp(near(0.6 * reaction + 0.3 * need, 0.5))),
            "minutes_on_site": np.exp(near(1.0 + 0.4 * need + 0.5 * reaction, 0.5)),
            "price_checks": np.rint(np.exp(near(0.7 * reaction - 0.3 * need, 0.4))),
            "months_since_purchase": np.exp(near(2.0 - 0.2 * need, 0.7)),
            "distance_km": np.exp(near(np.full(n, 2.5), 0.8)),
            "clicked": clicked.astype(np.float64),
            "device": np.where(rng.random(n) < 0.6, "phone", "desktop"),
            "consent": np.where(consent, "yes", "no"),
            "region": np.array(["north", "east", "south", "west"])[region],
            "mailed": np.where(reached, "yes", "no"),
        }
    )
    days = np.sort(rng.integers(0, 180, n))
    ids = np.array([f"C{number:07d}" for number in range(n)])
    roles = pd.DataFrame(
        {
            "lead_id": ids,
            "customer_id": ids,
            "owner": "",
            "snapshot_time": pd.Timestamp("2026-01-01") + pd.to_timedelta(days, unit="D").as_unit("us"),
            "converted": engaged.astype(np.float64),
            "stage": np.full(n, -1),
            "call_seconds": np.full(n, np.nan),
            "dialogue": "",
        }
    )[list(ROLE_COLUMNS)]
    schema = Schema(
        Roles("lead_id", customer_id="customer_id", snapshot_time="snapshot_time", converted="converted"),
        Features((*NUMERIC, "clicked"), (*CATEGORICAL, "mailed")),
        Split(maturity_days=14),
        Funnel(),
    )
    return World(Leads(roles, features, schema), truth)
