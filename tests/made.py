"""Small leads with a known pattern, for tests: `a` and the customer's wish decide the outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core import funnel
from core.config import PRESETS, Config, with_settings
from core.data.leads import Leads
from core.data.schema import Features, Roles, Schema, Split


def make_leads(n: int = 240, seed: int = 0, *, words: bool = True, fields: bool = True, tiers: bool = True) -> Leads:
    """n validated leads, oldest first, an hour apart; about three in ten converted."""
    rng = np.random.default_rng(seed)
    a, wish = rng.normal(size=n), rng.integers(0, 2, n)
    converted = (rng.random(n) < 1 / (1 + np.exp(-(1.2 * a + 2 * wish - 2.2)))).astype(float)
    shallow = np.clip((a + wish + rng.normal(size=n)).round() + 1, 0, 3)
    said = {0: "No thanks, not this year.", 1: "Yes, I want to buy it soon."}
    dialogue = [f"Specialist: Hello, is this a good time?\nCustomer: {said[w]}" if words else "" for w in wish]
    roles = pd.DataFrame(
        {
            "lead_id": [f"L{i:04d}" for i in range(n)],
            "customer_id": [f"C{i:04d}" for i in range(n)],
            "owner": "",
            "snapshot_time": pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(n), unit="h"),
            "converted": converted,
            "stage": np.where(converted == 1, 4, shallow).astype(np.int64),
            "call_seconds": rng.exponential(60, n),
            "dialogue": dialogue,
        }
    )
    features = pd.DataFrame({"a": a, "city": rng.choice(list("xyz"), n)}) if fields else pd.DataFrame(index=range(n))
    schema = Schema(
        Roles(
            "lead_id",
            customer_id="customer_id",
            snapshot_time="snapshot_time",
            converted="converted",
            stage="stage",
            call_seconds="call_seconds",
            dialogue=("dialogue",),
        ),
        Features(("a",), ("city",)) if fields else Features(),
        Split(maturity_days=0),
        funnel.PRESETS["automotive"] if tiers else funnel.Funnel(),
    )
    return Leads(roles, features, schema)


def tiny_config(*assignments: str) -> Config:
    """cpu-quick on the random two-layer backbone in fp32, in whatever process; kinds of pairs are not compared."""
    fixed = ["backbone=tiny", "depth=2", "fields=tower", "pairs=tiers", "engine.precision=fp32"]
    return with_settings(PRESETS["cpu-quick"], [*fixed, *assignments])
