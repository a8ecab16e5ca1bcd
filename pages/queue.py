"""Queue: the leads in the order in which to call them. Filter, mark, assign, open, export."""

from __future__ import annotations

import streamlit as st

from core.data.schema import schema_from_dict
from core.lift.promises import broken
from core.workspace.runs import run
from pages import _shared as shared
from pages._above import TAB as BESIDE
from pages._actions import action_bar, selected_ids, table_key, undo_bar
from pages._export import export_box
from pages._filters import clear_button, filter_boxes, filtered, read_view, view_boxes
from pages._queue_head import capacity_boxes, cut_figures, page_asked, turn_page
from pages._rankings import scoring_box
from pages._scored import open_queue, ranked, scoring_notes
from pages._table import column_settings, lead_table, shaded, told_columns

ROWS = 25  # leads on a page of the table

st.title("Queue", anchor=False)
shared.need("viewer")
with shared.guard():
    head = st.container(horizontal=True, vertical_alignment="bottom")
    dataset, scoring = ranked(
        head,
        "queue_dataset",
        "Bring in a file of leads, and they are ranked here.",
        "Scoring reads every lead once and puts the best first. Afterwards this page shows whom to call.",
    )
    queue = open_queue(shared.workspace(), scoring)
    view = read_view(told_columns(queue.columns(), scoring.part))
    with head:
        capacity, each = capacity_boxes(queue)
    scoring_notes(scoring)
    cut_figures(queue, view, capacity, each)
    if off := broken(run(shared.workspace(), scoring.run_id).card):
        st.caption(off.words, help="Measured when the model was tested, on leads of known outcome. It touches no rank.")
    found = queue.count(view, capacity=capacity, per_owner=each)
    pages = max(1, -(-found // ROWS))
    page = page_asked(pages)
    rows = queue.page(view, page, ROWS, capacity=capacity, per_owner=each)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view_boxes(view)
        with st.popover("Filter", icon=":material/filter_list:", key="filters", on_change="rerun") as box:
            if box.open:
                filter_boxes(queue, view, scoring, schema_from_dict(dataset.schema).features.categorical)
        if found:
            export_box(scoring, queue, view, rows, found, capacity, each)
        scoring_box(dataset, scoring)
    undo_bar(scoring)
    filtered(view)
    if not found:
        st.subheader("No lead fits", anchor=False)
        st.write("Nothing in this queue fits the search and the filters, or every lead of it was dealt with.")
        clear_button(view, "Show all leads", everything=True)
        st.stop()
    table = lead_table(rows, scoring.part)
    picked = st.dataframe(
        shaded(table),
        column_config=column_settings(table),
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="multi-row",
        key=table_key(scoring, view, page, table["lead_id"].tolist()),
        alt="Leads in the order in which to call them, with chance, reasons and status",
    )
    first = (page - 1) * ROWS + 1
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(
            f"{first:,} to {first + len(table) - 1:,} of {found:,} leads. "
            "Tick leads at the left of their rows to mark, assign or open them.",
            width="content",
        )
        turn_page(page, pages)
    chosen = selected_ids(table, picked.selection.rows)
    if chosen:
        with st.bottom, st.container(horizontal=True, vertical_alignment="center"):
            st.text(chosen[0] if len(chosen) == 1 else f"{len(chosen)} leads", width="content")
            if len(chosen) == 1 and st.button("Why this lead?", type="primary", icon=":material/psychology_alt:"):
                query = {"lead": chosen[0], "dataset": dataset.id}
                st.switch_page("pages/why.py", query_params=query | ({} if scoring.in_use else {"scoring": scoring.id}))
            if len(chosen) == 2 and st.button("Compare the two", type="primary", icon=":material/balance:"):
                upper, lower = sorted(chosen, key=table["lead_id"].tolist().index)
                query = {"lead": upper, "beside": lower, "dataset": dataset.id}
                st.session_state["why_section"] = BESIDE
                st.switch_page("pages/why.py", query_params=query | ({} if scoring.in_use else {"scoring": scoring.id}))
            action_bar(scoring, queue, chosen)
