"""What a person does with leads: mark, assign, reopen, take back. The same on the Queue and on the Why page.

A table on the screen may be older than the leads: selections are resolved to lead ids when they are drawn, buttons
carry those ids in their keys (a click meant for other leads then meets no button), and each id is looked up again right
before anything is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.errors import LeadRankError
from core.queue.store import Queue
from core.queue.view import View
from core.workspace import actions
from core.workspace.tables import Scoring
from pages import _shared as shared
from pages._scored import MOST_VALUES, open_queue
from pages._words import STATUS

MARKS = {
    "called": ("Called", ":material/call:", "Somebody spoke with the customer or tried to."),
    "won": ("Won", ":material/emoji_events:", "The customer ordered."),
    "lost": ("Lost", ":material/block:", "The customer will not order."),
    "not_now": ("Not now", ":material/snooze:", "Perhaps later: off today's list."),
    "reopened": ("Reopen", ":material/replay:", "Back on the list of leads to call."),
}
"""Kind of action: label, icon, hint."""
DONE = {
    "reopened": "reopened",
    **{kind: f"marked as {STATUS[kind].lower()}" for kind in ("called", "won", "lost", "not_now")},
}
UNDO = "Taken back"
"""The note of the entry that takes another back."""


def table_key(scoring: Scoring, view: View, page: int, lead_ids: Sequence[str]) -> str:
    """Key of a table with selectable leads: another scoring, view, page or order of leads is another table.

    Streamlit keeps the selection of a keyed table by position: with one key for all, a selected lead would turn into
    whichever lead stands there after the next sort.
    """
    return f"leads_{digest(scoring.id, str(sorted(view.to_query().items())), str(page), *lead_ids)}"


def digest(*texts: str) -> str:
    """Short, and different for different texts, wherever one ends and the next begins."""
    return hashlib.sha256("".join(f"{len(text)}:{text}" for text in texts).encode("utf-8", "replace")).hexdigest()[:16]


def selected_ids(table: pd.DataFrame, rows: Sequence[int]) -> list[str]:
    """Lead ids of the selected rows of the table that is on the screen; rows that it does not have are passed over."""
    ids = table["lead_id"].tolist()
    return [str(ids[row]) for row in rows if 0 <= row < len(ids)]


def action_bar(scoring: Scoring, queue: Queue, lead_ids: Sequence[str], owner: str = "") -> None:
    """Buttons that mark, assign and reopen these leads, for those whose role may; draw it in a horizontal container.

    `owner`: the person who looks and whose own leads these are; they may mark them, whatever their role.
    """
    if not owner and not shared.may("manager"):
        st.caption("Sales managers can mark and assign leads.")
        return
    # A number that grows with each action closes the box and clears the note.
    key = digest(scoring.id, *lead_ids, str(st.session_state.get("acted", 0)))
    with st.popover("Mark as", icon=":material/check:", key=f"mark_{key}"):
        note = st.text_input("Note (optional)", max_chars=500, key=f"note_{key}", placeholder="What was agreed?")
        for kind, (label, icon, hint) in MARKS.items():
            if st.button(label, icon=icon, help=hint, key=f"{kind}_{key}", width="stretch"):
                act(scoring, lead_ids, kind, note=note or "", owner=owner)
    if owner:
        return
    with st.popover("Assign", icon=":material/person_add:", key=f"assign_{key}"):
        people = [name for name, _ in queue.facets("owner", MOST_VALUES) if name]
        person = st.selectbox(
            "Sales person",
            people,
            index=None,
            accept_new_options=True,
            placeholder="Choose, or type a name",
            key=f"person_{key}",
        )
        if st.button("Assign", type="primary", key=f"assigned_{key}", disabled=not person, width="stretch"):
            act(scoring, lead_ids, "assigned", assigned_to=str(person)[:200])


def act(
    scoring: Scoring, lead_ids: Sequence[str], kind: str, *, note: str = "", assigned_to: str = "", owner: str = ""
) -> None:
    """Record the action, after making sure of the role and of every lead; then run the page again."""
    with shared.guard():
        who = shared.need("viewer", in_trial=True) if owner else shared.need("manager")
        ws = shared.workspace()
        queue = open_queue(ws, scoring)
        for lead_id in lead_ids:
            lead = queue.lead(lead_id)  # each still stands in this queue, or nothing is written
            if owner and lead["owner"] != owner:
                raise LeadRankError(
                    f"the lead '{lead_id[:60]}' was given to somebody else meanwhile; nothing was marked"
                )
        before = actions.standing(ws, scoring.dataset_id, lead_ids)
        actions.record_action(
            ws,
            scoring.dataset_id,
            list(lead_ids),
            kind,
            by=who.email,
            note=note.strip(),
            assigned_to=assigned_to.strip(),
        )
        leads = "1 lead" if len(lead_ids) == 1 else f"{len(lead_ids)} leads"
        words = f"{leads} {DONE.get(kind, '')}" if kind in DONE else f"{leads} assigned to {assigned_to}"
        st.session_state["last_action"] = {
            "dataset": scoring.dataset_id,
            "own": bool(owner),
            "kind": kind,
            "before": before,
            "after": actions.latest(ws, scoring.dataset_id, lead_ids),
            "words": words,
        }
        st.session_state["acted"] = st.session_state.get("acted", 0) + 1
        st.rerun()


def undo_bar(scoring: Scoring) -> None:
    """What was just done, and a button that takes it back by a further entry."""
    last = st.session_state.get("last_action")
    if not last or last["dataset"] != scoring.dataset_id:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.success(shared.literal(f"{last['words']}."), icon=":material/check_circle:", width="stretch")
        key = st.session_state.get("acted", 0)
        if st.button("Undo", icon=":material/undo:", key=f"undo_{key}", help="Adds an entry; the history keeps both."):
            _undo(scoring, last)
        if st.button("Close", type="tertiary", key=f"close_{key}"):
            del st.session_state["last_action"]
            st.rerun()


def _undo(scoring: Scoring, last: dict) -> None:
    """Put each lead back where it stood, unless somebody did something with it since."""
    with shared.guard():
        who = shared.need("viewer", in_trial=True) if last["own"] else shared.need("manager")
        ws = shared.workspace()
        left = actions.take_back(
            ws, scoring.dataset_id, last["kind"], last["before"], last["after"], by=who.email, note=UNDO
        )
        st.session_state.pop("last_action", None)
        st.session_state["acted"] = st.session_state.get("acted", 0) + 1
        st.toast(f"Taken back, except for {left}: changed by somebody since." if left else "Taken back.")
        st.rerun()
