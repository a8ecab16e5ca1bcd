"""Spend and orders of each channel by period, from a cost file and leads: what response curves are fitted to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.data.problems import Findings
from core.decisions.economics.arrivals import came, came_at, edges_of, place_of, starts_of
from core.decisions.economics.campaigns import NAMES
from core.errors import ConfigError, NotComputable


def spend_history(costs: pd.DataFrame, leads: pd.DataFrame, by: str = "channel") -> pd.DataFrame:
    """What each channel spent in each period and the orders of the leads that came in it.

    A lead belongs to the last period that started before it came; the newest period is as long as the one before. Leads
    outside every period, and of channels or periods without a cost, are left out. A lead that is open and has no chance
    counts by the order rate of its channel, or of all.

    Shape: (channels * periods, 4): channel (whatever `by` is), period (its start), spend, orders; as `response.fit`
    takes it.

    Args:
        costs: As `campaigns.read_costs` gives them, each with the date on which its period starts.
        leads: As `campaigns.feedback` takes them, and `snapshot_time`: when the lead came.

    Raises:
        ConfigError: `by` is not campaign, channel or message.
        ValidationError: columns of the leads are missing or hold what cannot be read.
        NotComputable: periods are no dates, there is only one, or no lead's outcome is known.
    """
    if by not in NAMES:
        raise ConfigError(f"a history is by {', '.join(NAMES)}, however: got={by!r}")
    starts = _starts(costs["period"])
    edges = edges_of(starts)
    known = came(leads, by)
    place = place_of(_times(leads), edges)
    rate = known["orders"].mean()
    if np.isnan(rate):
        raise NotComputable("no lead has a known outcome or a chance; give the column converted or probability")
    usual = known.groupby(by)["orders"].transform("mean").fillna(rate)
    known = known.assign(orders=known["orders"].fillna(usual), period=place)[place >= 0]
    spent = costs.assign(period=place_of(starts, edges))
    rows = spent[spent[by] != ""].groupby([by, "period"])["cost"].sum().rename("spend").to_frame()
    rows["orders"] = known.groupby([by, "period"])["orders"].sum()
    rows = rows.fillna({"orders": 0.0}).reset_index().rename(columns={by: "channel"})
    rows["period"] = pd.Series(edges[rows["period"]]).dt.strftime("%Y-%m-%d").astype("str")
    return rows


def _starts(period: pd.Series) -> pd.Series:
    """When each period starts; several dates at least."""
    starts = starts_of(period)
    if starts.isna().any():
        raise NotComputable(
            "a history needs the date on which each period starts, such as 2026-03-01, however: "
            f"{int(starts.isna().sum()):,} rows have none, such as {period[starts.isna()].iloc[0]!r}"
        )
    if starts.nunique() < 2:
        raise NotComputable(f"a history needs several periods, however: every cost starts on {period.iloc[0]}")
    return starts


def _times(leads: pd.DataFrame) -> pd.Series:
    times, found = came_at(leads), Findings()
    found.rows("error", "snapshot_time", times.isna(), "the time is missing", "write when the lead came")
    found.refuse()
    return times
