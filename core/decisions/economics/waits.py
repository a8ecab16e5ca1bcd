"""How long each lead has waited: two columns of dates of a lead file as days, and whether it ordered."""

from __future__ import annotations

import pandas as pd

from core.data.problems import Findings
from core.data.values import to_times
from core.errors import NotComputable


def read_waits(frame: pd.DataFrame, came: str, ordered: str, until: pd.Timestamp | None = None) -> pd.DataFrame:
    """Days from the day a lead came to its order, or to the last look. Shape (n, m) -> (n, 2), in the given order.

    Columns: days, whole and 0 or more; ordered, bool. An order after `until` does not count yet.

    Args:
        came: Column of the day on which the lead came, in every row.
        ordered: Column of the day on which it ordered, empty where it has not.
        until: The last look; by default the newest day in the two columns.

    Raises:
        NotComputable: the file has no such column, or nobody ordered by then.
        ValidationError: a day that is missing or no date, an order before its lead, a lead after `until`; with rows.

    Example:
        >>> leads = pd.DataFrame({"came": ["2025-03-01", "2025-03-02"], "order_date": ["2025-03-08", ""]})
        >>> read_waits(leads, "came", "order_date").to_dict("list")
        {'days': [7, 6], 'ordered': [True, False]}
    """
    _check_there(frame, came, ordered)
    found = Findings()
    frame = frame.reset_index(drop=True)
    (first, empty), (last, _) = (_days(frame[name], found) for name in (came, ordered))
    found.rows("error", came, empty, "the date is missing", "write when the lead came")
    found.rows(
        "error", ordered, last < first, "an order before the lead came", "check both dates", cells=frame[ordered]
    )
    end = max(first.max(), last.max()) if until is None else pd.Timestamp(until).normalize()
    late = first > end
    found.rows("error", came, late, f"later than {end:%Y-%m-%d}, the last look", "leave it out", cells=frame[came])
    found.refuse()
    bought = last <= end
    if not bought.any():
        raise NotComputable(
            f"the time to an order needs orders, however: column '{ordered}' holds no date up to {end:%Y-%m-%d}; write "
            "the day of the order there, and leave it empty where there is none"
        )
    return pd.DataFrame({"days": (last.where(bought, end) - first).dt.days, "ordered": bought})


def _check_there(frame: pd.DataFrame, came: str, ordered: str) -> None:
    for name, what in ((came, "the day on which a lead came"), (ordered, "the day on which it ordered")):
        if name not in frame.columns:
            has = ", ".join(map(str, frame.columns))
            raise NotComputable(
                f"the time to an order needs {what}, however: there is no column '{name}', the file has {has}; add the "
                "column, or name the one that holds it"
            )
    if frame.empty:
        raise NotComputable("the time to an order needs leads, however: the file has none")


def _days(column: pd.Series, found: Findings) -> tuple[pd.Series, pd.Series]:
    """Midnights, and where nothing is written."""
    times, bad = to_times(column)
    found.rows("error", str(column.name), bad, "not a date", "write it as 2025-12-31", cells=column)
    return times.dt.normalize(), times.isna() & ~bad
