"""The leads of one page of the queue as a table: what is shown and exported, in the words of a salesperson."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import streamlit as st

from core.data.prompts import shown_name
from core.queue.titles import column_words
from pages._words import STATUS, TRENDS, reason_line

MADE = ("rank", "probability", "reasons", "trend", "score", "call_today")
"""Columns that a model made."""
CALL, REST = "● Call", ""
SHADE = "background-color: rgba(0, 114, 178, .13)"


def told_columns(columns: Iterable[str], part: str) -> tuple[str, ...]:
    """Those of a ranking's columns that may be told: where outcomes are known, stage and segment give them away.

    >>> told_columns(("rank", "stage"), "open"), told_columns(("rank", "stage"), "test")
    (('rank', 'stage'), ('rank',))
    """
    return tuple(name for name in columns if name not in ("stage", "segment") or part == "open")


def shown_columns(rows: pd.DataFrame, part: str) -> list[str]:
    """The columns that a person sees, and no other: what is hidden in a browser was sent there all the same.

    Columns without any value on these rows (no owner, no trend) are left out. `part`: of the ranking.
    """
    people = [name for name in rows.columns if name.startswith("shown:")]
    wanted = ["rank", "lead_id", "call_today", *people, "probability", "reasons", "trend", "score", "owner"]
    wanted += ["stage", "segment", "status", "note", "snapshot_time"]
    optional = ("trend", "owner", "stage", "segment", "reasons", "note", "snapshot_time")
    there = [name for name in told_columns(wanted, part) if name in rows]
    return [name for name in there if name not in optional or _told(rows[name])]


def lead_table(rows: pd.DataFrame, part: str, *, blind: bool = False) -> pd.DataFrame:
    """The shown columns in words, the chance in percent; `blind`: without what a model made of the leads."""
    shown = [name for name in shown_columns(rows, part) if not blind or name not in MADE]
    table = rows[shown].copy()
    if "probability" in table:
        table["probability"] = 100 * table["probability"]
    table["status"] = table["status"].map(lambda status: STATUS.get(status, status))
    for name, words in (("trend", TRENDS.get), ("reasons", reason_line), ("stage", shown_name)):
        if name in table:
            table[name] = table[name].map(words)
    if "call_today" in table:
        table["call_today"] = table["call_today"].map({True: CALL, False: REST})
    return table


def _told(column: pd.Series) -> bool:
    """Whether any row has a value."""
    return bool((column.notna() & (column.astype(str) != "")).any())


def column_settings(table: pd.DataFrame) -> dict:
    """How each column is headed and drawn."""
    kinds = st.column_config
    settings = {name: kinds.TextColumn(_plain(column_words(name))) for name in table.columns}
    settings["place"] = kinds.NumberColumn("No.", width=62, pinned=True)
    settings["rank"] = kinds.NumberColumn(column_words("rank"), format="localized", width=62, pinned=True)
    settings["call_today"] = kinds.TextColumn(
        column_words("call_today"), width=92, help="Within what you can call today."
    )
    settings["lead_id"] = kinds.TextColumn(column_words("lead_id"), pinned=True)
    settings["probability"] = kinds.ProgressColumn(
        column_words("probability"),
        format="%.1f%%",
        min_value=0,
        max_value=100,
        width=130,
        help="Calibrated chance that this lead orders.",
    )
    settings["score"] = kinds.NumberColumn(
        column_words("score"),
        format="%.2f",
        help="What the queue is ordered by: higher is called first. It has no unit.",
    )
    settings["reasons"] = kinds.TextColumn(
        column_words("reasons"), width="large", help="What moved the rank score most, strongest first."
    )
    settings["trend"] = kinds.TextColumn(
        column_words("trend"), help="Place in the queue, compared with the scoring before."
    )
    settings["snapshot_time"] = kinds.DateColumn(
        column_words("snapshot_time"), format="D MMM YYYY", help="State of the lead's data."
    )
    return {name: setting for name, setting in settings.items() if name in table}


def shaded(table: pd.DataFrame) -> object:
    """The table with the leads to call shaded, besides the word in their row."""
    if "call_today" not in table:
        return table
    return table.style.apply(lambda row: [SHADE if row["call_today"] == CALL else ""] * len(row), axis=1)


def _plain(text: str) -> str:
    return text.replace("\n", " ")[:60]
