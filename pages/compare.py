"""Compare: many ways to rank the same leads, usual ones and the language model, and which of them to use."""

from __future__ import annotations

import streamlit as st

from core.jobs import records
from pages import _shared as shared
from pages._compare_ask import ask
from pages._compare_show import list_comparisons, show_comparison

shared.need("analyst")
st.title("Compare", anchor=False)

if job_id := st.query_params.get("job"):
    if st.button("All comparisons", icon=":material/arrow_back:", type="tertiary"):
        st.query_params.pop("job", None)
        st.rerun()
    with shared.guard():
        show_comparison(job_id)
    st.stop()

st.text(
    "Is the language model worth it here? Every way to rank learns from the same older leads and is tested on the same "
    "newer ones; then you are told which to use, and how sure that is."
)

with shared.guard():
    ws = shared.workspace()
    dataset = shared.pick_dataset()
    if dataset is None:
        shared.empty(
            "No leads to compare on yet",
            "Ways to rank are held against each other on leads whose outcome is known: bring in a file of them first.",
            "leads",
            "Bring in leads",
        )
        st.stop()
    if not dataset.converted:
        st.warning(
            "No order is known in these leads, so no way to rank them can be tested. Choose others, or bring in a file "
            "with a column that says which leads ordered.",
            icon=":material/warning:",
        )
    else:
        known = dataset.leads - dataset.open_leads
        st.caption(f"{known:,} leads with a known outcome, {dataset.converted:,} orders.")
        request = ask(dataset)
        blocked = request is None
        if st.button("Compare", type="primary", icon=":material/play_arrow:", disabled=blocked) and request:
            by = shared.need("analyst").email
            started = records.submit(ws, "benchmark", request, by=by, label=f"Comparison on {dataset.name[:150]}")
            st.query_params["job"] = started.id
            st.rerun()
    list_comparisons(dataset.id)
