"""Specialists as past leads show them: counts of the time before the trial, tiers, and how steady their rates are.

The pre-period holds the leads whose outcome is known and mature by the time of planning: `schema.split.maturity_days`
old or older. It ends so many days before that time.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.data.leads import Leads
from core.decisions.field_trial.specialists import COLUMNS, FEWEST, WINDOWS, tiers_of
from core.errors import ConfigError, NotComputable, ValidationError

MOST_CORRELATION = 0.95
"""An estimate above it is taken for luck. Source: ours."""
DAY = pd.Timedelta(days=1)


def specialists_from_leads(
    leads: Leads,
    until: pd.Timestamp | None = None,
    *,
    follow_ups: str | None = None,
    region: str | None = None,
    tiers: int = 4,
) -> pd.DataFrame:
    """The owners of past leads, sorted by name. Shape (specialists, 9): `specialists.COLUMNS`.

    Args:
        until: The time of planning, by which leads are mature or not; the newest snapshot by default.
        follow_ups: A numeric feature, summed over a specialist's mature leads, missing values as 0. Without it, volume
            is the number of mature leads of the last 30 days.
        region: A categorical feature, of which a specialist gets the most frequent value.
        tiers: Groups of equal size by smoothed order rate; fewer where a group would hold less than two.

    Raises:
        ValidationError: leads have no owner or no time, or a named feature does not exist.
        NotComputable: fewer than four specialists have mature leads, or `measured` cannot tell how alike these are.
        ConfigError: `tiers` is below 1.
    """
    if tiers < 1:
        raise ConfigError(f"tiers must be at least 1, however: got={tiers}")
    past, moment = _pre_period(leads, until)
    owner, ordered, age = past["owner"], past["converted"], moment - past["snapshot_time"]
    orders = past.groupby(owner)["converted"]
    found = pd.DataFrame({"leads": orders.size(), "orders": orders.sum().astype(np.int64)})
    for days in WINDOWS:
        found[f"lock_ins_{days}"] = ordered.where(age < days * DAY, 0).groupby(owner).sum().astype(np.int64)
    if follow_ups is None:
        volume = (age < WINDOWS[-1] * DAY).astype(np.float64)
    else:
        volume = _feature(leads, follow_ups, "numeric").loc[past.index].fillna(0.0)
    found["follow_ups"] = volume.groupby(owner).sum()
    found["region"] = ""
    if region is not None:
        found["region"] = _feature(leads, region, "categorical").loc[past.index].groupby(owner).agg(_most_frequent)
    found["tier"] = tiers_of(found, tiers)
    return found.rename_axis("specialist").reset_index()[list(COLUMNS)]


def pre_period_correlation(leads: Leads, until: pd.Timestamp | None = None, days: float | None = None) -> float:
    """Correlation of the specialists' order rates in two halves of the pre-period, 0..0.95: what CUPED can use.

    `days`: only the newest so many days of it.

    Raises:
        ValidationError, NotComputable: as `specialists_from_leads`, or where rates of one half are all alike.
    """
    past, moment = _pre_period(leads, until)
    oldest = past["snapshot_time"].min() if days is None else moment - days * DAY
    past = past[past["snapshot_time"] >= oldest]
    late = past["snapshot_time"] > oldest + (moment - oldest) / 2
    rates = past.groupby(["owner", late.rename("late")])["converted"].agg(["mean", "size"]).unstack().dropna()
    enough = len(rates) >= FEWEST and (rates["mean"].to_numpy().std(axis=0) > 0).all()
    if not enough:
        raise NotComputable(
            f"a correlation needs {FEWEST} specialists with leads in both halves of the time before the trial, and "
            f"order rates that differ in each, however: {len(rates)} have leads in both; give leads of a longer time"
        )
    weights = rates["size"].to_numpy().sum(axis=1)
    (first, both), (_, last) = np.cov(rates["mean"].to_numpy().T, aweights=weights)
    return float(np.clip(both / np.sqrt(first * last), 0.0, MOST_CORRELATION))


def leads_per_day(leads: Leads, until: pd.Timestamp | None = None) -> float:
    """Mature leads a specialist gets a day, in the mean over specialists and days of the pre-period.

    Raises:
        ValidationError, NotComputable: as `specialists_from_leads`.
    """
    past, moment = _pre_period(leads, until)
    days = (moment.normalize() - past["snapshot_time"].min().normalize()).days + 1
    return len(past) / past["owner"].nunique() / days


def _pre_period(leads: Leads, until: pd.Timestamp | None) -> tuple[pd.DataFrame, pd.Timestamp]:
    """The mature leads of known owner and outcome, indexed as `leads.roles`, and the newest moment that is mature."""
    roles, schema = leads.roles, leads.schema
    problems = []
    if (roles["owner"] == "").all():
        problems.append(
            "a trial needs to know who calls each lead, however: "
            + ("roles.owner is not set" if schema.roles.owner is None else f"column '{schema.roles.owner}' is empty")
            + "; name the column of the specialist under roles.owner in the schema"
        )
    if roles["snapshot_time"].isna().all():
        problems.append(
            "a trial needs to know when each lead came, however: no lead has a time; set roles.snapshot_time"
        )
    if problems:
        raise ValidationError(tuple(problems))
    end = roles["snapshot_time"].max() if until is None else pd.Timestamp(until)
    if end.tzinfo is not None:
        end = end.tz_convert("UTC").tz_localize(None)
    moment = end - schema.split.maturity_days * DAY
    known = (roles["owner"] != "") & roles["converted"].notna() & (roles["snapshot_time"] <= moment)
    past = roles.loc[known, ["owner", "snapshot_time", "converted"]]
    if (people := past["owner"].nunique()) < FEWEST:
        raise NotComputable(
            f"a trial needs {FEWEST} specialists or more with final outcomes, however: {people} have leads with a "
            f"known outcome up to {moment:%Y-%m-%d}, {schema.split.maturity_days:g} days before {end:%Y-%m-%d}; give "
            "leads of a longer time or of more specialists, or set split.maturity_days lower"
        )
    return past, moment


def _feature(leads: Leads, name: str, kind: str) -> pd.Series:
    names = getattr(leads.schema.features, kind)
    if name not in names:
        raise ValidationError(
            (f"column '{name}' must be one of the {kind} features ({', '.join(names) or 'there are none'})",)
        )
    return leads.features[name]


def _most_frequent(names: pd.Series) -> str:
    return next(iter(names[names != ""].mode()), "")
