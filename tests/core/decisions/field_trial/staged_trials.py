"""Trials of which the truth is known: a protocol, its leads, and specialists' counts alone."""

from typing import Any

import numpy as np
import pandas as pd

from core.data.leads import Leads
from core.data.schema import Features, Roles, Schema, Split
from core.decisions.field_trial.assignment import Design, assign
from core.decisions.field_trial.history import tiers_of
from core.decisions.field_trial.outcomes import Trial
from core.decisions.field_trial.protocol import Protocol
from core.decisions.field_trial.specialists import COLUMNS

START = pd.Timestamp("2026-03-01")
DAY = pd.Timedelta(days=1)


def people(size: int = 24, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    leads = rng.poisson(300, size)
    orders = rng.binomial(leads, rng.uniform(0.05, 0.15, size))
    frame = pd.DataFrame({"specialist": [f"S{n}" for n in range(size)], "region": "", "leads": leads, "orders": orders})
    for days, share in ((30, 0.5), (14, 0.25), (7, 0.1)):
        frame[f"lock_ins_{days}"] = (orders * share).astype(int)
    return frame.assign(tier=tiers_of(frame, 4), follow_ups=leads * rng.uniform(1, 2, size))[list(COLUMNS)]


def staged_protocol(size: int = 24, **changes: Any) -> Protocol:
    """28 days from START; outcomes are final after 10."""
    design = Design("stratified")
    settings: dict[str, Any] = {
        "name": "Spring",
        "made": "2026-02-27T10:00:00+00:00",
        "made_by": "Li",
        "start": START.date().isoformat(),
        "days": 28,
        "maturity_days": 10.0,
        "leads_per_specialist": 28 * 20.0,
        "design": design,
        "arms": {"treatment": "HPRO", "control": "newest first"},
        "specialists": assign(people(size), design).frame,
    }
    return Protocol(**settings | changes)


def staged_leads(
    protocol: Protocol, uplift: float = 0.0, a_day: int = 20, days: int = 40, first_day: int = -3, seed: int = 0
) -> Leads:
    """So many leads a person and day; outcomes are written for all, known or not by the day of reading."""
    rng = np.random.default_rng(seed)
    names = protocol.specialists["specialist"].to_numpy()
    day = np.arange(first_day, first_day + days)
    owner, came = (part.repeat(a_day) for part in (names.repeat(len(day)), np.tile(day, len(names))))
    treated = pd.Series(owner).map(protocol.arm_of()).eq("treatment").to_numpy()
    chance = 0.1 * np.where(treated & (came >= 0), 1 + uplift, 1.0)
    ids = pd.Series([f"L{n}" for n in range(len(owner))], dtype="str")
    moment = START + pd.to_timedelta(came * 24 + rng.integers(0, 24, len(owner)), unit="h")
    roles = pd.DataFrame({"lead_id": ids, "customer_id": ids, "owner": pd.Series(owner, dtype="str")})
    roles["snapshot_time"] = moment.astype("datetime64[us]")
    roles["converted"] = (rng.random(len(owner)) < chance).astype(float)
    roles = roles.assign(stage=-1, call_seconds=rng.exponential(100, len(owner)), dialogue="")
    features = pd.DataFrame({"complaints": rng.poisson(0.2, len(owner)).astype(float)})
    named = Roles(
        "id", customer_id="customer", owner="seller", snapshot_time="time", converted="won", call_seconds="secs"
    )
    return Leads(roles, features, Schema(named, Features(("complaints",)), Split(maturity_days=10.0)))


def changed(leads: Leads, **columns: Any) -> Leads:
    """The leads with other role columns."""
    return Leads(leads.roles.assign(**columns), leads.features, leads.schema)


def drawn_trial(
    rng: np.random.Generator, size: int, leads: float, *, uplift: float = 0.0, icc: float = 0.005, cv: float = 0.3
) -> Trial:
    """Counts of people whose true rates differ; the time before tells of them."""
    prior, spread = (1 - icc) / icc, np.log1p(cv**2)
    rate = rng.beta(0.05 * prior, 0.95 * prior, size)
    volume = rng.lognormal(-spread / 2, np.sqrt(spread), size)
    before = rng.poisson(800 * volume) + 1
    known = np.column_stack([rng.binomial(before, rate) / before, before])
    known = (known - known.mean(axis=0)) / known.std(axis=0)
    treated = rng.permuted(np.arange(size) % 2 == 0)
    count = rng.poisson(leads * volume)
    orders = rng.binomial(count, rate * np.where(treated, 1 + uplift, 1))
    tier = (np.argsort(np.argsort(-known[:, 0])) * 4 // size).astype(str)
    return Trial(treated, count, orders, known, tier)
