"""What a new scoring changed: each lead's chance and place before and after, and what happened to it in between.

Two frames, one row a lead, as they stood at either scoring: `lead_id`, `probability` (0..1), `rank` (1 first), and any
columns to compare: fields, `stage`, `calls` (how many there have been), `model` (which scored it). A reason names what
differs between the two, as "new call (2 to 3)" or "budget: 20000 to 25000"; it says what happened, not how much of the
change each part made. A lead whose own columns are the same moves in rank because others did.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.data.problems import Findings
from core.data.values import to_numbers, to_text
from core.errors import ConfigError

SCORED = ("lead_id", "probability", "rank")
STAGE, CALLS, MODEL = "stage", "calls", "model"
"""Columns with words of their own in a reason; every other one is a field."""
NEW, GONE, OTHERS = "new lead", "no longer in the list", "other leads moved"
LONGEST = 40
"""Characters of a value that a reason shows."""
DECIMALS = 4
"""Of a number that a reason shows."""
CLOSE = 1e-9
"""Chances and numbers nearer than that are the same: the rounding of two runs of one model."""


def changed(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Leads that another chance or place, or anything else, came to; the greatest change of the chance first.

    Columns: lead_id; rank_before, rank_after; chance_before, chance_after, NaN where the lead was not in that scoring;
    why, in words, with "; " between reasons. Leads in which nothing differs are left out.

    Raises:
        ValidationError: a column is missing or no number, a chance lies outside 0..1, or a lead_id stands in several
            rows; with the scoring and rows.
    """
    earlier, later = _read(before, "before"), _read(after, "after")
    order = later.index.append(earlier.index.difference(later.index, sort=False))
    why = _reasons(earlier, later, order)
    earlier, later = earlier.reindex(order), later.reindex(order)
    table = pd.DataFrame(
        {
            "rank_before": earlier["rank"],
            "rank_after": later["rank"],
            "chance_before": earlier["probability"],
            "chance_after": later["probability"],
        }
    )
    moved = _differ(earlier["rank"], later["rank"]) | _differ(earlier["probability"], later["probability"])
    table["why"] = why.where((why != "") | ~moved, OTHERS)
    size = (table["chance_after"].fillna(0) - table["chance_before"].fillna(0)).abs()
    table = table.iloc[np.argsort(-size.to_numpy(), kind="stable")]
    return table[table["why"] != ""].rename_axis("lead_id").reset_index()


def due(before: pd.DataFrame, now: pd.DataFrame, days_since: float, every: float = 7.0) -> pd.DataFrame:
    """Leads to score again: all after `every` days, else those that something happened to. Columns: lead_id, why.

    Args:
        before: As `changed` takes it, at the last scoring.
        now: The same columns today, without probability and rank.
        days_since: Days since the last scoring, 0 or more.

    Raises:
        ConfigError: `every` is not above 0, or `days_since` below 0.
        ValidationError: as `changed`.
    """
    if not every > 0 or not days_since >= 0:
        raise ConfigError(
            f"scoring needs every > 0 days and days_since >= 0, however: got={every!r} and {days_since!r}; 7 is weekly"
        )
    earlier, later = _read(before, "before", ("lead_id",)), _read(now, "now", ("lead_id",))
    why = _reasons(earlier, later, later.index)
    if days_since >= every:
        why = why.where(why != "", f"last scored {days_since:g} days ago")
    return why[why != ""].rename("why").rename_axis("lead_id").reset_index()


def _read(frame: pd.DataFrame, which: str, needed: tuple[str, ...] = SCORED) -> pd.DataFrame:
    """Indexed by lead_id, chances and ranks as floats."""
    found = Findings()
    frame = frame.reset_index(drop=True)
    for name in needed:
        if name not in frame.columns:
            found.note("error", name, f"the scoring '{which}' has no such column", "add it")
    _check(found)
    ids = to_text(frame["lead_id"])
    twice = ids.duplicated(keep=False) | (ids == "")
    found.rows("error", "lead_id", twice, f"empty or repeated in '{which}'", "give each lead one row", cells=ids)
    for name in needed[1:]:
        values, bad = to_numbers(frame[name])
        wrong = bad | values.isna() | (values < 0) | ((values > 1) if name == "probability" else (values < 1))
        limits = "between 0 and 1" if name == "probability" else "of 1 or more"
        found.rows("error", name, wrong, f"no number {limits} in '{which}'", "score the leads again", cells=frame[name])
        frame[name] = values
    _check(found)
    return frame.drop(columns="lead_id").set_index(pd.Index(ids, name="lead_id"))


def _check(found: Findings) -> None:
    found.refuse()


def _reasons(earlier: pd.DataFrame, later: pd.DataFrame, order: pd.Index) -> pd.Series:
    """What differs for each lead of `order`, in words, "" where nothing does."""
    was_there, is_there = order.isin(earlier.index), order.isin(later.index)
    parts: list[list[str]] = [[] for _ in order]
    names = [name for name in later.columns if name in earlier.columns and name not in SCORED]
    for name in sorted(names, key=lambda name: (name != CALLS, name != STAGE, name == MODEL)):
        old, new = earlier[name].reindex(order), later[name].reindex(order)
        rows = np.flatnonzero(_differ(old, new).to_numpy() & was_there & is_there)
        for row, was, now in zip(rows, *_texts(old.iloc[rows], new.iloc[rows]), strict=True):
            parts[row].append(_told(name, was, now))
    words = np.array(["; ".join(part) for part in parts], dtype=object)
    return pd.Series(np.select([~was_there, ~is_there], [NEW, GONE], words), index=order, dtype=object)


def _texts(old: pd.Series, new: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Both as text, numbers rounded where that leaves them different."""
    if pd.api.types.is_float_dtype(old) and pd.api.types.is_float_dtype(new):
        short = old.round(DECIMALS), new.round(DECIMALS)
        apart = short[0] != short[1]
        old, new = short[0].where(apart, old), short[1].where(apart, new)
    return to_text(old), to_text(new)


def _told(name: str, was: str, now: str) -> str:
    """One difference in words.

    Example:
        >>> _told("stage", "call", "test_drive"), _told("calls", "2", "3"), _told("budget", "", "20000")
        ('stage: call to test_drive', 'new call (2 to 3)', 'budget: unknown to 20000')
    """
    step = f"{was[:LONGEST] or 'unknown'} to {now[:LONGEST] or 'unknown'}"
    if name == CALLS:
        return f"new call ({step})"
    return f"new model ({step})" if name == MODEL else f"{name}: {step}"


def _differ(old: pd.Series, new: pd.Series) -> pd.Series:
    """Where two columns of one index differ; two missing values are alike."""
    if pd.api.types.is_numeric_dtype(old) and pd.api.types.is_numeric_dtype(new):
        first, second = old.to_numpy(dtype=np.float64), new.to_numpy(dtype=np.float64)
        return pd.Series(~np.isclose(first, second, rtol=CLOSE, atol=CLOSE, equal_nan=True), index=old.index)
    return to_text(old) != to_text(new)
