"""What a trial brought: mature leads and orders of each specialist, by day, and how much is still to come.

A lead enters the trial on the day of its snapshot, through its owner, and counts once its outcome is final, so many
days later. Nothing but the owner says whose it is, and people stay in the arm they were drawn into.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.leads import Leads
from core.data.problems import Findings
from core.decisions.field_trial.choices import ARMS
from core.decisions.field_trial.moments import DAY, known_until, last_moment, mature_days, utc
from core.decisions.field_trial.protocol import Protocol
from core.errors import ValidationError

STOPPED = "came after the trial was stopped"
UNKNOWN = "are old enough but have no outcome"
"""Why leads were left out that should have counted."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One row a specialist: all that a read-out of the effect works with."""

    treated: np.ndarray
    """Shape (k,), bool."""
    leads: np.ndarray
    orders: np.ndarray
    """Shape (k,) each, whole numbers."""
    covariates: np.ndarray
    """Shape (k, p): what was known before the start, the most telling column first."""
    tier: np.ndarray
    """Shape (k,): strata of which the arms hold like shares."""

    def take(self, rows: np.ndarray) -> Trial:
        """The specialists where `rows` (k,), bool, is set."""
        parts = (self.treated, self.leads, self.orders, self.covariates, self.tier)
        return Trial(*(part[rows] for part in parts))


@dataclass(frozen=True, eq=False)
class Outcomes:
    """A trial as far as it is known; k specialists in the protocol's order, D days from the start."""

    specialists: pd.DataFrame
    """`Protocol.specialists`."""
    treated: np.ndarray
    """Shape (k,), bool."""
    leads: np.ndarray
    orders: np.ndarray
    """Shape (k, D) each: mature leads with a known outcome by the day they came, and those of them that ordered."""
    guardrails: Mapping[str, np.ndarray]
    """Column -> shape (k, D): its sum over the leads that came, mature or not; an empty cell counts as 0."""
    immature: int
    """Leads of the trial whose outcome is not final yet."""
    left_out: Mapping[str, int]
    """Reason -> leads."""
    until: pd.Timestamp
    """Up to which outcomes were known."""
    observed_days: int
    """Days of the trial of which every lead is mature."""
    arrived: np.ndarray | None = None
    """Shape (k, D): leads that came, mature or not; None where `leads` are all."""
    unknown: np.ndarray | None = None
    """Shape (k,): leads that are old enough but have no outcome; None where there are none."""
    stopped: pd.Timestamp | None = None
    """When the trial was stopped before its last day; D then counts the days up to it."""

    @property
    def came(self) -> np.ndarray:
        """Shape (k, D): leads that came, mature or not."""
        return self.leads if self.arrived is None else self.arrived

    def trial(self, days: slice = slice(None)) -> Trial:
        """Sums over some of the days, for a read-out."""
        people = self.specialists
        leads, orders = (counted[:, days].sum(axis=1) for counted in (self.leads, self.orders))
        return Trial(self.treated, leads, orders, covariates(people), people["tier"].to_numpy())


def covariates(specialists: pd.DataFrame) -> np.ndarray:
    """What the time before tells of each specialist: order rate, then follow-ups, standardised. Shape (k, m) -> (k, 2).

    Few, so that small teams can adjust for them: lock-ins are nearly the order rate once more. A specialist without
    leads has the rate of all; a column that does not vary is 0.
    """
    leads, orders, volume = (specialists[name].to_numpy(dtype=np.float64) for name in ("leads", "orders", "follow_ups"))
    overall = orders.sum() / max(leads.sum(), 1.0)
    rate = np.divide(orders, leads, out=np.full(len(leads), overall), where=leads > 0)
    columns = np.column_stack([rate, volume])
    spread = columns.std(axis=0)
    return (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def outcomes(
    protocol: Protocol,
    leads: Leads,
    until: pd.Timestamp | None = None,
    *,
    stopped: pd.Timestamp | None = None,
    now: pd.Timestamp | None = None,
) -> Outcomes:
    """Count the trial's leads and orders.

    Args:
        until: Up to when the outcomes were known, UTC; the newest snapshot of `leads` by default.
        stopped: When the trial was stopped, UTC: leads that came later do not count, and it is over once those before
            are final.
        now: The clock, UTC; that of the machine by default. Nobody knows outcomes of days after it.

    Raises:
        ConfigError: `until` lies after today.
        NotComputable: the trial was stopped before its first day.
        ValidationError: the leads have no owner, time, outcome or guardrail column, came before the start all of them
            or some of them before the arms were drawn, belong to nobody in the trial, or one arm alone has leads or
            outcomes; with rows.
    """
    guardrails = _checked_columns(protocol, leads)
    roles, start, end = leads.roles, pd.Timestamp(protocol.start), last_moment(protocol, stopped)
    days, early = math.ceil((end - start) / DAY), end < last_moment(protocol)
    moment = known_until(roles["snapshot_time"], until, now)
    age = moment - roles["snapshot_time"]
    person = pd.Index(protocol.specialists["specialist"]).get_indexer(roles["owner"])
    day = ((roles["snapshot_time"] - start) // DAY).fillna(-1).to_numpy(dtype=np.int64)
    mature = (age >= pd.Timedelta(days=protocol.maturity_days)).to_numpy()
    known = np.isfinite(leads.converted)
    late = early & (roles["snapshot_time"] >= end).to_numpy() & (day < protocol.days)
    inside = (day >= 0) & (day < days) & (age >= pd.Timedelta(0)).to_numpy() & ~late
    _check_some(protocol, leads, person, day)
    _check_drawn_before(protocol, leads, person, day)
    came, counts = inside & (person >= 0), inside & (person >= 0) & mature & known
    treated = (protocol.specialists["arm"] == ARMS[0]).to_numpy()
    _check_arms(protocol, leads, treated, person, came, counts, mature)

    def summed(rows: np.ndarray, values: np.ndarray | None = None) -> np.ndarray:
        shape = (len(treated), days)
        place = np.ravel_multi_index((person[rows], day[rows]), shape)
        weights = None if values is None else values[rows]
        return np.bincount(place, weights=weights, minlength=len(treated) * days).reshape(shape)

    left_out = {
        "came before the start": (day < 0) & roles["snapshot_time"].notna().to_numpy(),
        "came after the trial's last day": day >= protocol.days,
        STOPPED: late,
        "came after the day up to which outcomes are known": (age < pd.Timedelta(0)).to_numpy(),
        "have no date": roles["snapshot_time"].isna().to_numpy(),
        "belong to nobody in the trial": inside & (person < 0),
        UNKNOWN: came & mature & ~known,
    }
    return Outcomes(
        specialists=protocol.specialists,
        treated=treated,
        leads=summed(counts),
        orders=summed(counts, np.nan_to_num(leads.converted)).astype(np.int64),
        guardrails={name: summed(came, np.nan_to_num(values)) for name, values in guardrails.items()},
        immature=int((came & ~mature).sum()),
        left_out={reason: int(rows.sum()) for reason, rows in left_out.items() if rows.any()},
        until=moment,
        observed_days=mature_days(protocol, moment, stopped),
        arrived=summed(came),
        unknown=np.bincount(person[came & mature & ~known], minlength=len(treated)),
        stopped=end if early else None,
    )


def _checked_columns(protocol: Protocol, leads: Leads) -> dict[str, np.ndarray]:
    """Guardrail columns (n,) by name. Raises ValidationError where anything that is needed has no values."""
    roles, found = leads.roles, Findings()
    needed = {
        "owner": roles["owner"] != "",
        "snapshot_time": roles["snapshot_time"].notna(),
        "converted": roles["converted"].notna(),
    }
    for name, filled in needed.items():
        if not filled.any():
            column = getattr(leads.schema.roles, name) or ""
            found.note("error", column, "no lead has a value", f"name a filled column as roles.{name} in the schema")
    columns = {name: leads.features[name] for name in leads.schema.features.numeric}
    columns["call_seconds"] = roles["call_seconds"]
    for name, _ in protocol.guardrails:
        if name not in columns:
            known = ", ".join(columns)
            found.note("error", name, "a guardrail that the leads do not have", f"numeric columns are: {known}")
    found.refuse()
    return {name: columns[name].to_numpy(dtype=np.float64) for name, _ in protocol.guardrails}


def _check_some(protocol: Protocol, leads: Leads, person: np.ndarray, day: np.ndarray) -> None:
    """Raises ValidationError where no lead can be of the trial."""
    roles, found = leads.schema.roles, Findings()
    if (day < 0).all():
        message = f"every lead came before the trial's start, {protocol.start}: outcomes from before the assignment"
        remedy = "give leads of the days since"
        found.rows("error", roles.snapshot_time or "", day < 0, message, remedy, cells=leads.roles["snapshot_time"])
    elif ((day < 0) | (person < 0)).all():
        since = (day >= 0) & (person < 0)
        message, remedy = "every lead since the start belongs to nobody in the trial", "give the leads of its people"
        found.rows("error", roles.owner or "", since, message, remedy, cells=leads.roles["owner"])
    found.refuse()


def _check_drawn_before(protocol: Protocol, leads: Leads, person: np.ndarray, day: np.ndarray) -> None:
    """Raises ValidationError where leads of the trial came before the arms were drawn; whole days count."""
    late = (utc(pd.Timestamp(protocol.made)).normalize() - pd.Timestamp(protocol.start)) // DAY
    known, found = (person >= 0) & (day >= 0) & (day < min(late, protocol.days)), Findings()
    message = f"leads of the trial came before the arms were drawn, on {protocol.made}: who drew them could know these"
    remedy = "draw a trial with a later start"
    found.rows(
        "error", leads.schema.roles.snapshot_time or "", known, message, remedy, cells=leads.roles["snapshot_time"]
    )
    found.refuse()


def _check_arms(
    protocol: Protocol,
    leads: Leads,
    treated: np.ndarray,
    person: np.ndarray,
    came: np.ndarray,
    counts: np.ndarray,
    mature: np.ndarray,
) -> None:
    """Raises ValidationError where one arm alone has leads, or outcomes of leads that are old enough."""
    in_arm = {arm: (person >= 0) & (treated[person] == (arm == ARMS[0])) for arm in ARMS}
    for one, other in (ARMS, ARMS[::-1]):
        waiting = in_arm[one] & came & mature
        if came[in_arm[other]].any() and not came[in_arm[one]].any():
            people = protocol.specialists["specialist"][protocol.specialists["arm"] == one]
            rows = ", ".join(str(row + 2) for row in people.index[:10])
            named = f"{len(people):,} people in the protocol's rows {rows}, such as {people.iloc[0]!r}"
            raise ValidationError(
                (
                    f"column {leads.schema.roles.owner!r}: the arm {one} has no outcomes: no lead since "
                    f"{protocol.start} belongs to any of its {named}; give the leads of both arms",
                )
            )
        if counts[in_arm[other]].any() and waiting.any() and not counts[in_arm[one]].any():
            found = Findings()
            message, remedy = f"the arm {one} has no outcomes", "fill in what became of its leads"
            found.rows("error", leads.schema.roles.converted or "", waiting, message, remedy)
            found.refuse()
