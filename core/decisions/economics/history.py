"""Spend and orders of each channel by period, from a cost file and leads: what response curves are fitted to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.data.problems import Findings
from core.data.values import to_times
from core.decisions.economics.campaigns import NAMES, came
from core.decisions.field_trial.specialists import check_found
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
    edges = _edges(costs["period"])
    known = came(leads, by)
    place = np.searchsorted(edges, _times(leads).to_numpy(), side="right") - 1
    inside = (place >= 0) & (place < len(edges) - 1)
    rate = known["orders"].mean()
    if np.isnan(rate):
        raise NotComputable("no lead has a known outcome or a chance; give the column converted or probability")
    usual = known.groupby(by)["orders"].transform("mean").fillna(rate)
    known = known.assign(orders=known["orders"].fillna(usual), period=place)[inside]
    spent = costs.assign(period=np.searchsorted(edges, pd.to_datetime(costs["period"]).to_numpy()))
    rows = spent[spent[by] != ""].groupby([by, "period"])["cost"].sum().rename("spend").to_frame()
    rows["orders"] = known.groupby([by, "period"])["orders"].sum()
    rows = rows.fillna({"orders": 0.0}).reset_index().rename(columns={by: "channel"})
    rows["period"] = pd.Series(edges[rows["period"]]).dt.strftime("%Y-%m-%d").astype("str")
    return rows


def _edges(period: pd.Series) -> np.ndarray:
    """Starts of all periods and the end of the last, ascending."""
    starts = pd.to_datetime(period, format="%Y-%m-%d", errors="coerce")
    if starts.isna().any():
        raise NotComputable(
            "a history needs the date on which each period starts, such as 2026-03-01, however: "
            f"{int(starts.isna().sum()):,} rows have none, such as {period[starts.isna()].iloc[0]!r}"
        )
    edges = np.unique(starts.to_numpy())
    if len(edges) < 2:
        raise NotComputable(f"a history needs several periods, however: every cost starts on {period.iloc[0]}")
    return np.append(edges, edges[-1] + (edges[-1] - edges[-2]))


def _times(leads: pd.DataFrame) -> pd.Series:
    found = Findings()
    if "snapshot_time" not in leads.columns:
        has = ", ".join(map(str, leads.columns))
        found.note("error", "snapshot_time", f"the leads have no such column; they have {has}", "say when each came")
        check_found(found)
    times, bad = to_times(leads["snapshot_time"])
    found.rows("error", "snapshot_time", bad, "not a time", "write it as 2026-03-31", cells=leads["snapshot_time"])
    found.rows("error", "snapshot_time", times.isna() & ~bad, "the time is missing", "write when the lead came")
    check_found(found)
    return times
