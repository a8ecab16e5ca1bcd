"""The datasets of the workspace as cards, each with what can be done with it, and uploads that wait to be finished."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.data.schema import dump_schema, schema_from_dict
from core.jobs import records
from core.jobs.ledger import ACTIVE
from core.workspace import datasets
from core.workspace.tables import Dataset, Job, Upload
from core.workspace.uploads import PACKED, uploads
from pages import _draft as drafts
from pages import _report as reports
from pages import _shared as shared

STATES = {
    "queued": "waits to be checked",
    "running": "is being checked",
    "done": "has something to mend",
    "failed": "the check failed",
    "cancelled": "the check was cancelled",
    "interrupted": "the check was interrupted",
}
"""How far an uploaded file is, by its last check; one that was saved is no longer there."""


def import_job(upload_id: str) -> Job | None:
    """The last check of this upload, or None."""
    found = records.jobs(shared.workspace(), kind="import", limit=200)
    return next((job for job in found if job.request.get("upload_id") == upload_id), None)


def dataset_rows(dataset_id: str, numbers: tuple[int, ...]) -> pd.DataFrame:
    """A few leads of a dataset, by the rows that they had in the file."""
    return datasets.rows_of(shared.workspace(), dataset_id, numbers)


def list_uploads() -> int:
    """Files that were uploaded and are not finished: go on, or delete. Returns how many."""
    # A packed model that waits to be loaded is no file of leads; the Models page has it.
    waiting = [each for each in uploads(shared.workspace()) if each.suffix not in PACKED]
    if waiting:
        records.sweep(shared.workspace())  # a check that was killed must not be said to run
        st.subheader("Files not finished yet", anchor=False)
    for upload in waiting:
        _upload(upload, import_job(upload.id))
    return len(waiting)


def _upload(upload: Upload, job: Job | None) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        state = "not checked yet" if job is None else STATES[job.state]
        size = f"{upload.bytes / 1e6:,.1f} MB, uploaded {shared.ago(upload.made)} by {upload.made_by}"
        st.text(f"{upload.name}\n{size}: {state}", width="stretch")
        if st.button("Go on", key=f"go_on_{upload.id}", icon=":material/arrow_forward:"):
            st.query_params["upload"] = upload.id
            st.rerun()
        running = job is not None and job.state in ACTIVE
        key = f"delete_{upload.id}"
        if st.button("Delete the file", key=key, icon=":material/delete:", type="tertiary", disabled=running):
            with shared.guard():
                drafts.forget(upload.id)
                st.rerun()


def list_datasets() -> int:
    """All datasets, newest first; those put away at the end, when asked for. Returns how many there are."""
    ws = shared.workspace()
    every = datasets.datasets(ws, archived=True)
    kept = [each for each in every if not each.archived]
    if kept:
        st.subheader("Datasets", anchor=False)
    for each in kept:
        _card(each)
    away = [each for each in every if each.archived]
    if away and st.toggle(f"Show {len(away)} put away", key="archived_datasets"):
        for each in away:
            _card(each)
    return len(every)


def _card(dataset: Dataset) -> None:
    with st.container(border=True):
        st.text(dataset.name)
        orders = "outcomes not known" if dataset.converted is None else f"{dataset.converted:,} orders"
        newest = f"newest {dataset.newest:%d %b %Y}" if dataset.newest else "without dates"
        st.caption(
            f"{dataset.leads:,} leads, {orders}, {dataset.open_leads:,} open to call, {newest}. "
            + shared.literal(f"Made {shared.ago(dataset.made)} by {dataset.made_by} from {dataset.source_name}.")
        )
        with st.container(horizontal=True):
            if not dataset.archived:
                _go("Train on it", "train", "model_training", dataset.id)
                _go("Open the queue", "queue", "format_list_numbered", dataset.id)
            with st.popover("Manage", icon=":material/more_horiz:"):
                _manage(dataset)
        notes = len(dataset.report.get("warnings", ()))
        if notes:
            noted = st.expander(
                f"{notes} things noted when it was checked", key=f"noted_{dataset.id}", on_change="rerun"
            )
            if noted.open:
                with noted:
                    rows = partial(dataset_rows, dataset.id)
                    reports.show_report({"errors": [], **dataset.report}, rows, dataset.id)


def _go(label: str, page: str, icon: str, dataset_id: str) -> None:
    if st.button(label, key=f"{page}_{dataset_id}", icon=f":material/{icon}:"):
        st.switch_page(f"pages/{page}.py", query_params={"dataset": dataset_id})


def _manage(dataset: Dataset) -> None:
    ws = shared.workspace()
    name = st.text_input("Name", dataset.name, key=f"name_{dataset.id}", max_chars=200)
    if st.button("Rename", key=f"rename_{dataset.id}", icon=":material/edit:"):
        with shared.guard():
            datasets.rename_dataset(ws, dataset.id, name, shared.need("analyst").email)
            st.rerun()
    schema = schema_from_dict(dataset.schema)
    shared.download(
        "Download the schema",
        lambda: dump_schema(schema).encode(),
        "schema.toml",
        "application/toml",
        f"schema of dataset {dataset.id}",
        role="analyst",
        key=f"schema_{dataset.id}",
    )
    if shared.may("admin"):
        words, icon = ("Bring it back", "unarchive") if dataset.archived else ("Put it away", "archive")
        if st.button(words, key=f"archive_{dataset.id}", icon=f":material/{icon}:"):
            with shared.guard():
                datasets.archive_dataset(ws, dataset.id, shared.need("admin").email, not dataset.archived)
                st.rerun()
    else:
        st.caption("An administrator can put it away.")
