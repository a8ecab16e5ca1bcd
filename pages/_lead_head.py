"""The head of the Why page: which lead this is, where it stands, and what its score is made of at a glance."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.charts.reasons import bars
from core.data.prompts import shown_name
from core.ordering import TOGETHER
from core.queue.store import Queue
from core.queue.titles import column_words
from core.queue.view import View
from core.scores import DIALOGUE, Contribution
from pages import _shared as shared
from pages._find_lead import find_lead
from pages._scored import scored_lead
from pages._table import told_columns
from pages._words import STATUS, reason_list

ALL = View(statuses=())


def other_lead(queue: Queue) -> dict[str, Any]:
    """The lead of the address (?lead=), else the first of the queue; with a search and the neighbours in the queue.
    Draw it in a horizontal container."""
    asked = st.query_params.get("lead", "")
    row = scored_lead(queue, asked) if asked else None
    if asked and row is None:
        st.info(shared.literal(f"Lead {asked} is not in this ranking, so its first lead is shown."))
    if row is None and not asked:
        # The one that was shown: once the first is marked, another would be the first. Not by the address: written
        # by the page itself, it would be an entry of its own that the browser's way back always ends at.
        row = scored_lead(queue, st.session_state.get("why_lead", ""))
    if row is None:
        first = queue.page(View(), 1, 1)
        first = first if len(first) else queue.page(ALL, 1, 1)
        row = queue.lead(str(first["lead_id"].iat[0]))
    st.session_state["why_lead"] = str(row["lead_id"])
    _neighbours(queue, int(row["rank"]))
    find_lead(queue, "Find a lead", "lead")
    return row


def _neighbours(queue: Queue, rank: int) -> None:
    for label, icon, place in (("Previous", "arrow_back", rank - 1), ("Next", "arrow_forward", rank + 1)):
        there = 1 <= place <= len(queue)
        st.button(
            label,
            icon=f":material/{icon}:",
            disabled=not there,
            on_click=_go_to,
            args=(str(queue.page(ALL, place, 1)["lead_id"].iat[0]) if there else "",),
            help=f"The lead that stands one place {'higher' if place < rank else 'lower'}.",
        )


def _go_to(lead_id: str) -> None:
    st.query_params["lead"] = lead_id


def who_it_is(row: dict[str, Any], part: str) -> None:
    """Lead id, what people call it, status, owner, stage and date, in plain text. `part`: of the ranking."""
    people = [str(value) for name, value in row.items() if name.startswith("shown:") and value]
    st.header(shared.literal(" · ".join([str(row["lead_id"]), *people])), anchor=False)
    told = [STATUS.get(str(row.get("status") or "open"), "")]
    told += [f"{column_words('owner')}: {row['owner']}"] if row.get("owner") else []
    stage = row.get("stage") if told_columns(("stage",), part) else None
    told += [f"{column_words('stage')}: {shown_name(stage)}"] if stage else []
    if row.get("snapshot_time") is not None and row["snapshot_time"] == row["snapshot_time"]:
        told.append(f"data of {row['snapshot_time']:%d %b %Y}")
    st.caption(shared.literal(" · ".join(filter(None, told))))


def instant_reasons(row: dict[str, Any]) -> None:
    """The exact parts of the rank score, from the queue's file: each field, and all that was said together."""
    parts = reason_list(row.get("reasons"))
    if not parts:
        return
    st.subheader("What its rank score is made of", anchor=False)
    shown = []
    for name, text, value in parts:
        said = name == DIALOGUE
        shown.append(Contribution("field", "what was said" if said else name, "all of it" if said else text, value))
    st.html(bars(shown, max(abs(value) for _, _, value in parts)))
    st.caption(
        "The strongest parts, in points of the rank score: to the right for this lead, to the left against it. "
        + TOGETHER
    )
