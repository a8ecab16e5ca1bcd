"""What became of the leads of each campaign, and in which period of its costs each of them came."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.data.problems import Findings
from core.data.values import to_numbers, to_outcomes, to_text, to_times

UNKNOWN = "not known"
"""The group of leads that name no campaign, channel or message."""


def came(leads: pd.DataFrame, by: str) -> pd.DataFrame:
    """What became of each lead. Leads as `campaigns.feedback` takes them. Shape (n, m) -> (n, 3), index as given.

    Columns: `by` ("not known" where empty); outcome, 0 or 1, NaN while open; orders: the outcome, while that is open
    the chance, and NaN without either.

    Raises:
        ValidationError: columns are missing or hold what cannot be read, with rows.
    """
    found = Findings()
    has = ", ".join(map(str, leads.columns))
    if by not in leads.columns:
        found.note("error", by, f"the leads have no such column; they have {has}", "name the column so")
    evidence = {"converted", "probability"} & set(leads.columns)
    if not evidence:
        found.note("error", "converted", "the leads have neither this column nor probability", "give one of them")
    found.refuse()
    outcome = pd.Series(np.nan, index=leads.index)
    if "converted" in evidence:
        outcome, bad = to_outcomes(leads["converted"])
        found.rows("error", "converted", bad, "neither yes nor no", "write 1, 0 or nothing", cells=leads["converted"])
    orders = outcome
    if "probability" in evidence:
        chance, bad = to_numbers(leads["probability"])
        wrong = bad | (chance < 0) | (chance > 1)
        found.rows("error", "probability", wrong, "no chance from 0 to 1", "score again", cells=leads["probability"])
        orders = outcome.fillna(chance)
    found.refuse()
    name = to_text(leads[by])
    return pd.DataFrame({by: name.where(name != "", UNKNOWN), "outcome": outcome, "orders": orders})


def came_at(leads: pd.DataFrame) -> pd.Series:
    """When each lead came, NaT where nothing is written. Shape (n, m) -> (n,).

    Raises:
        ValidationError: there is no column snapshot_time, or it holds what is no time; with rows.
    """
    found = Findings()
    if "snapshot_time" not in leads.columns:
        has = ", ".join(map(str, leads.columns))
        found.note("error", "snapshot_time", f"the leads have no such column; they have {has}", "say when each came")
        found.refuse()
    times, bad = to_times(leads["snapshot_time"])
    found.rows("error", "snapshot_time", bad, "not a time", "write it as 2026-03-31", cells=leads["snapshot_time"])
    found.refuse()
    return times


def starts_of(period: pd.Series) -> pd.Series:
    """When each period starts, NaT where it is no date as `campaigns.read_costs` writes it. Shape (n,) -> (n,)."""
    return pd.to_datetime(period, format="%Y-%m-%d", errors="coerce")


def edges_of(starts: pd.Series) -> np.ndarray:
    """Starts of all periods, ascending, and the end of the last, which is as long as the one before. A single period
    goes on: its end is NaT.

    Example:
        >>> edges_of(pd.Series(pd.to_datetime(["2026-02-01", "2026-01-01"]))).astype("datetime64[D]").tolist()[-1]
        datetime.date(2026, 3, 4)
    """
    edges = np.unique(starts.to_numpy())
    end = edges[-1] + (edges[-1] - edges[-2]) if len(edges) > 1 else np.datetime64("NaT")
    return np.append(edges, end)


def place_of(times: pd.Series, edges: np.ndarray) -> np.ndarray:
    """The period in which each time lies, from 0; -1 outside all of them and for NaT. Shapes (n,), (k + 1,) -> (n,)."""
    when, end = times.to_numpy(), edges[-1]
    place = np.searchsorted(edges[:-1], when, side="right") - 1
    return np.where(times.isna() | (when >= end), -1, place)


def inside_paid(leads: pd.DataFrame, costs: pd.DataFrame, known: pd.DataFrame, by: str) -> np.ndarray | None:
    """Which leads came in a period for which there is a cost of their name, (n,) bool; of names without any cost, in
    any period. None where that cannot be told: a period is no date, or nothing says when leads came.

    `known`: as `came` gives it, of the same leads.
    """
    starts = starts_of(costs["period"])
    if starts.isna().any() or "snapshot_time" not in leads.columns:
        return None
    times = came_at(leads)
    if times.isna().all():
        return None
    edges = edges_of(starts)
    place = place_of(times, edges)
    payer = costs[by].where(costs[by] != "", UNKNOWN)
    paid = pd.MultiIndex.from_arrays([payer, place_of(starts, edges)])
    mine = pd.MultiIndex.from_arrays([known[by], place]).isin(paid)
    return mine | (~known[by].isin(payer).to_numpy() & (place >= 0))
