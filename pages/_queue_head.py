"""The queue's first question: how many leads can be called today, and what that brings."""

from __future__ import annotations

import streamlit as st

from core.errors import NotComputable
from core.queue.store import Queue
from core.queue.view import View

USUAL = 40
"""Calls a day until somebody says otherwise. A first value of an input, not a result."""
MOST = 100_000


def capacity_boxes(queue: Queue) -> tuple[int, bool]:
    """How many leads can be called, and whether that is each sales person's number; kept in the address."""
    given = st.query_params.get("capacity", "") or str(st.session_state.get("chosen_capacity", USUAL))
    capacity = _whole(given, USUAL, MOST)
    owners = any(name for name, _ in queue.facets("owner", 2))
    each = owners and (st.query_params.get("each") or st.session_state.get("chosen_each", "")) == "1"
    st.session_state.update(capacity_box=capacity, each_box="each" if each else "all")
    st.number_input("Leads we can call today", 1, MOST, step=5, key="capacity_box", on_change=_kept, width=190)
    if owners:
        st.segmented_control(
            "Counted",
            ["all", "each"],
            format_func={"all": "All together", "each": "Per sales person"}.__getitem__,
            key="each_box",
            on_change=_kept,
            required=True,
            width="content",
        )
    return capacity, each


def _kept() -> None:
    capacity, each = str(st.session_state["capacity_box"]), "1" if st.session_state.get("each_box") == "each" else "0"
    st.session_state.update(chosen_capacity=capacity, chosen_each=each)
    st.query_params["capacity"], st.query_params["each"] = capacity, each
    st.query_params.pop("page", None)


def cut_figures(queue: Queue, view: View, capacity: int, each: bool) -> None:
    """What calling the leads above the cut is expected to bring."""
    summary = queue.summary(view, capacity, each)
    try:
        orders, call_rate, random_rate = summary.expected_orders, summary.call_rate, summary.random_rate
    except NotComputable as error:
        st.caption(str(error))
        return
    calls = f"{summary.to_call:,} of {summary.open_leads:,}"
    with st.container(horizontal=True):
        st.metric("Leads to call today", calls, help="Leads above the cut, of those still to be called in this view.")
        st.metric("Orders expected from them", f"{orders:.1f}", help="The sum of their chances.")
        st.metric("Orders per 100 calls", f"{100 * call_rate:.1f}", help="Among the leads to call today.")
        st.metric(
            "At random, per 100 calls",
            f"{100 * random_rate:.1f}",
            help="Orders per 100 calls if any lead of this view still to be called were called.",
        )


def page_asked(pages: int) -> int:
    """The page of the address, within what there is."""
    return _whole(st.query_params.get("page", ""), 1, pages)


def _whole(given: str, usual: int, most: int) -> int:
    """A number of the address, from 1 to `most`; the usual one where there is none, or something else.

    >>> _whole("7", 40, 100), _whole("0", 40, 100), _whole("1000", 40, 100), _whole("-7", 40, 100), _whole("", 40, 100)
    (7, 1, 100, 40, 40)
    """
    return min(max(1, int(given)), most) if given.isdecimal() and len(given) < 9 else usual


def turn_page(page: int, pages: int) -> None:
    """Numbers of pages to turn to; the address keeps the page. Nothing where there is one alone."""
    if pages < 2:
        return
    key = f"queue_page_{page}"  # the page shown is part of the key, so that the address and the numbers never differ

    def moved() -> None:
        st.query_params["page"] = str(st.session_state[key])

    st.pagination(pages, default=page, key=key, on_change=moved)
