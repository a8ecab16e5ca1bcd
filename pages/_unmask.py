"""Names and numbers of people in what was said: hidden until somebody who may asks for them, which is recorded."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.workspace.audit import note_event
from core.workspace.tables import Dataset
from pages import _shared as shared


def open_text_switch(dataset: Dataset, lead_id: str) -> bool:
    """Whether names and numbers are shown for this lead: off at first, and only ever on for managers and up."""
    return names_switch(f"{dataset.id}_{lead_id}", lead_id, {"dataset": dataset.id})


def names_switch(place: str, subject: str, details: dict[str, Any]) -> bool:
    """The same for any text on the screen.

    Args:
        place: Tells this text from others in a session.
        subject: Whose text it is, for the audit trail, with `details`.
    """
    if not shared.may("manager"):
        st.caption("Names and numbers are hidden: [name], [phone].")
        return False
    asked = st.toggle(
        "Show names and numbers",
        key=f"unmask_{place}",
        help="They are hidden, as [name] or [phone], from the model and on the screen. Who shows them is recorded.",
        persist_state="page",
    )
    told = st.session_state.setdefault("unmasked", set())
    if asked and place not in told:
        who = shared.need("manager")
        note_event(shared.workspace(), who.email, "names shown", subject, details)
        told.add(place)
    if not asked:
        told.discard(place)
    return asked
