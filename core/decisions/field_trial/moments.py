"""When a trial ends, sooner where it was stopped, which of its days are final, and up to when outcomes can be known."""

from __future__ import annotations

import math

import pandas as pd

from core.decisions.field_trial.protocol import Protocol
from core.errors import ConfigError, NotComputable

DAY = pd.Timedelta(days=1)


def last_moment(protocol: Protocol, stopped: pd.Timestamp | None = None) -> pd.Timestamp:
    """Up to when leads enter the trial, UTC. Raises NotComputable where it was stopped before its first day."""
    start = pd.Timestamp(protocol.start)
    end = start + protocol.days * DAY
    if stopped is None:
        return end
    if (stop := utc(stopped)) <= start:
        raise NotComputable(
            f"the trial was stopped on {stop.date().isoformat()}, before its first day, {protocol.start}: there is "
            "nothing to read; draw a new one"
        )
    return min(end, stop)


def mature_days(protocol: Protocol, until: pd.Timestamp, stopped: pd.Timestamp | None = None) -> int:
    """Days of the trial of which every lead is mature by `until`, UTC; 0 where none is.

    Of a day on which it was stopped, the part before counts as one.
    """
    start, end = pd.Timestamp(protocol.start), last_moment(protocol, stopped)
    mature = until - protocol.maturity_days * DAY
    return math.ceil((end - start) / DAY) if mature >= end else max((mature - start) // DAY, 0)


def known_until(snapshots: pd.Series, until: pd.Timestamp | None, now: pd.Timestamp | None) -> pd.Timestamp:
    """Raises ConfigError where that lies after today: the day that an outcome is known cannot come before it."""
    moment = utc(snapshots.max() if until is None else until)
    today = utc(pd.Timestamp.now("UTC") if now is None else now).normalize()
    if moment >= today + DAY:
        whose = "the newest lead's" if until is None else "that"
        raise ConfigError(
            f"outcomes can be known up to today, {today.date().isoformat()}, however: {whose} day is "
            f"{moment.date().isoformat()}; give the day on which the leads were drawn from your system"
        )
    return moment


def utc(moment: pd.Timestamp) -> pd.Timestamp:
    """Naive, as snapshots are."""
    return moment if moment.tzinfo is None else moment.tz_convert("UTC").tz_localize(None)
