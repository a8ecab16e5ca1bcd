"""The queue's filters: widgets that show what the address says and write to it, so that any view can be shared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from core.errors import LeadRankError
from core.queue.store import Queue
from core.queue.titles import column_words
from core.queue.view import STATUSES, View
from core.workspace.tables import Scoring
from pages import _shared as shared
from pages._scored import MOST_VALUES, facets
from pages._table import told_columns
from pages._words import STATUS, TRENDS

FACETS = ("owner", "stage", "segment", "trend")
"""Columns besides the leads' own categories by which the queue can be filtered."""


def read_view(columns: tuple[str, ...]) -> View:
    """The view that the address asks for; what these leads do not have is left out, and said."""
    try:
        view = View.from_query(_query())
    except LeadRankError as error:
        st.warning(shared.literal(error), title="The address of this view cannot be read in full")
        return View()
    # The status has entries of its own: View.statuses.
    filters = {column: values for column, values in view.filters.items() if column in columns and column != "status"}
    sort = view.sort if view.sort in columns else View().sort
    if filters != dict(view.filters) or sort != view.sort:
        lost = [column_words(column) for column in view.filters if column not in filters]
        lost += [column_words(view.sort)] if sort != view.sort else []
        told = ", ".join(dict.fromkeys(lost))
        st.info(shared.literal(f"This view cannot be filtered or ordered by {told}: left out."))
    return replace(view, filters=filters, sort=sort)


def write_view(old: View, new: View) -> None:
    """Put a view into the address in the place of another; what else stands there (dataset, capacity) stays."""
    for key in old.to_query():
        st.query_params.pop(key, None)
    st.query_params.pop("page", None)
    for key, value in new.to_query().items():
        st.query_params[key] = value


def _query() -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    for key in st.query_params:
        values = st.query_params.get_all(key)
        found[key] = values[0] if len(values) == 1 else values
    return found


ORDERS = {"rank": "Best first", "snapshot_time": "Newest first", "probability": "Highest chance first"}


def view_boxes(view: View) -> None:
    """Search, order, and today's calls alone."""
    st.text_input(
        "Search",
        placeholder="Lead, name or sales person",
        icon=":material/search:",
        width=230,
        max_chars=200,
        **bound(view, "queue_search", view.search, lambda new: {"search": (new or "").strip()}),
    )
    orders = shared.told_apart(ORDERS | {view.sort: ORDERS.get(view.sort, column_words(view.sort))})
    st.selectbox(
        "Order",
        list(orders),
        format_func=orders.__getitem__,
        width=180,
        **bound(view, "queue_sort", view.sort, lambda new: {"sort": new, "descending": new != "rank"}),
    )
    st.toggle("Only today's calls", **bound(view, "queue_to_call", view.to_call, lambda new: {"to_call": new}))


def bound(view: View, key: str, value: Any, change: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """Key and callback of a widget that shows `value` and, when it is changed, writes `change(new value)` of the view
    to the address."""
    st.session_state[key] = value

    def moved() -> None:
        write_view(view, replace(view, **change(st.session_state[key])))

    return {"key": key, "on_change": moved}


def filter_boxes(queue: Queue, view: View, scoring: Scoring, categories: tuple[str, ...]) -> None:
    """A box a column. Each writes to the address, which is what the page reads."""
    st.pills(
        "Status",
        STATUSES,
        format_func=STATUS.__getitem__,
        selection_mode="multi",
        help="None chosen: all of them.",
        **bound(view, "filter_status", list(view.statuses), lambda new: {"statuses": tuple(new)}),
    )
    low, high = view.probability or (0.0, 1.0)
    st.slider(
        "Chance of an order, in %",
        0,
        100,
        **bound(
            view,
            "filter_chance",
            (round(100 * low), round(100 * high)),
            lambda new: {"probability": None if tuple(new) == (0, 100) else (new[0] / 100, new[1] / 100)},
        ),
    )
    days = [day for day in (view.since, view.until) if day]
    st.date_input(
        "Date, from and to",
        **bound(
            view,
            "filter_dates",
            tuple(days),
            lambda new: dict(zip(("since", "until"), (*new, None, None), strict=False)),
        ),
    )
    _value_boxes(queue, view, scoring, categories)


def _value_boxes(queue: Queue, view: View, scoring: Scoring, categories: tuple[str, ...]) -> None:
    for column in (*FACETS, *(f"field:{name}" for name in categories)):
        if column not in told_columns(queue.columns(), scoring.part):
            continue
        now = column == "owner"
        counts = dict(queue.facets(column, MOST_VALUES) if now else facets(scoring.id, column, queue))
        chosen = list(view.filters.get(column, ()))
        if len(counts) < 2 and not chosen:
            continue
        options = {value: _option(column, counts, value) for value in [*counts, *chosen]}
        st.multiselect(
            shared.literal(column_words(column)),
            list(options),
            format_func=shared.told_apart(options).__getitem__,
            **bound(view, f"filter_{column}", chosen, _filter_setter(view, column)),
        )


def _option(column: str, counts: dict[str, int], value: str) -> str:
    words = TRENDS.get(value, value) if column == "trend" else value
    return f"{words or '(none)'} ({counts.get(value, 0):,})"


def _filter_setter(view: View, column: str) -> Callable[[list[str]], dict[str, Any]]:
    def setting(new: list[str]) -> dict[str, Any]:
        others = {name: values for name, values in view.filters.items() if name != column}
        return {"filters": {**others, column: tuple(new)} if new else others}

    return setting


def words_of(view: View) -> str:
    """What the view leaves out, in words; "" where it shows every lead that is still to be called."""
    said = [f'search "{view.search}"'] if view.search else []
    said += [
        f"{column_words(column).lower()} {', '.join(TRENDS.get(v, v) or '(none)' for v in values)}"
        for column, values in view.filters.items()
    ]
    if view.probability:
        said.append(f"chance {view.probability[0]:.0%} to {view.probability[1]:.0%}")
    said += [f"from {view.since}"] if view.since else []
    said += [f"until {view.until}"] if view.until else []
    if view.statuses != View().statuses:
        said.append("status " + (", ".join(STATUS[s].lower() for s in view.statuses) or "any"))
    return "; ".join(said)


def filtered(view: View) -> None:
    """What the view leaves out, and a button that shows it again; nothing where it shows all leads to call."""
    if said := words_of(view):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(shared.literal(f"Shown: {said}."), width="content")
            clear_button(view, "Clear filters")


def clear_button(view: View, label: str, *, everything: bool = False) -> None:
    """Back to the leads still to be called, in the same order; with `everything` to those of any status."""
    clear = replace(View(statuses=() if everything else View().statuses), sort=view.sort, descending=view.descending)
    st.button(label, icon=":material/filter_list_off:", on_click=write_view, args=(view, clear))
