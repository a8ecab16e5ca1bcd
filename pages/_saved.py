"""After a file became a dataset: what it is called, what was noted on the way, and where to go on."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core import drafts
from core.workspace import datasets
from core.workspace.tables import Job
from pages import _report as reports
from pages import _shared as shared
from pages._datasets import dataset_rows


def show_saved(job: Job) -> None:
    """The dataset that this import made."""
    result = job.result or {}
    drafts.forget_draft(shared.workspace(), job.request["upload_id"])
    dataset = datasets.dataset(shared.workspace(), result["dataset_id"])
    orders = "outcomes not known" if dataset.converted is None else f"{dataset.converted:,} orders"
    st.success(
        shared.literal(f"{dataset.name}: {dataset.leads:,} leads, {orders}, {dataset.open_leads:,} open to call."),
        title="Saved as a dataset",
        icon=":material/check_circle:",
    )
    if not dataset.open_leads:
        st.info(
            "The outcome of every lead in this file is known, so nobody of them is left to call. Train a model on "
            "them; the queue then shows how it would have ranked those it was tested on. To have new leads ranked, "
            "bring in a file of them with the same columns, with the outcome left empty.",
            icon=":material/history:",
        )
    with st.container(horizontal=True):
        if st.button("Train a model on it", type="primary", icon=":material/model_training:"):
            st.switch_page("pages/train.py", query_params={"dataset": dataset.id})
        if st.button("Open the queue", icon=":material/format_list_numbered:"):
            st.switch_page("pages/queue.py", query_params={"dataset": dataset.id})
    st.caption("The uploaded file itself was deleted: the dataset holds what is needed of it.")
    reports.show_report(result["report"], partial(dataset_rows, dataset.id), dataset.id)
