"""A box to find a lead of a queue by its number, its name or its sales person; the one chosen goes into the address."""

from __future__ import annotations

import streamlit as st

from core.queue.store import Queue
from core.queue.view import View
from pages import _shared as shared

MOST = 20
"""Leads that are offered."""


def find_lead(queue: Queue, label: str, parameter: str, *, beside: str = "") -> None:
    """The box, and a choice of what was found.

    Args:
        parameter: of the address, that takes the chosen lead's id; keys of both boxes begin with it.
        beside: the lead that another one is looked for beside, which is not offered.
    """
    text = st.text_input(
        label,
        placeholder="Lead, name or sales person",
        icon=":material/search:",
        key=f"{parameter}_search",
        width=260,
        max_chars=200,
    )
    if not text or not text.strip():
        return
    found = queue.page(View(search=text.strip(), statuses=()), 1, MOST)["lead_id"].astype(str).tolist()
    others = [lead_id for lead_id in found if lead_id != beside]
    words = f"Choose one of {len(others)}" if others else "This is the lead itself" if found else "No lead fits"
    if found and not others:
        st.caption(f"{shared.literal(beside)} is the lead that you look at: find another one to put beside it.")
    st.selectbox(
        "Found",
        others,
        index=None,
        placeholder=words,
        disabled=not others,
        key=f"{parameter}_found",
        on_change=_choose,
        args=(parameter,),
        width=260,
    )


def _choose(parameter: str) -> None:
    if chosen := st.session_state.get(f"{parameter}_found"):
        st.query_params[parameter] = chosen
        st.session_state[f"{parameter}_search"] = ""
