"""Bringing in a model that was trained elsewhere: from an archive that is uploaded, or from the server's own folder."""

from __future__ import annotations

import streamlit as st

from core.jobs import records
from core.jobs.arrivals import model_folders
from core.jobs.ledger import ACTIVE
from core.workspace import uploads
from core.workspace.store import Workspace
from core.workspace.tables import Job, Upload
from pages import _shared as shared

LIMIT_MB = 1024
FILE, SERVER = "From a file", "From the server"


def load_a_model(ws: Workspace) -> None:
    """A folded form for both ways in, and how the last loading of this session goes."""
    with st.expander("Load a model", icon=":material/upload:"):
        way = st.segmented_control("Where it comes from", [FILE, SERVER], default=FILE, key="load_way")
        if way == SERVER:
            _from_server(ws)
        else:
            _from_file(ws)
    records.sweep(ws)
    found = records.jobs(ws, kind="load_run", limit=200)
    for upload in uploads.uploads(ws):
        if upload.suffix in uploads.PACKED:
            _unfinished(ws, upload, [job for job in found if job.request.get("upload_id") == upload.id])
    running = next(iter(records.jobs(ws, active=True, kind="load_run")), None)
    job_id = running.id if running else st.session_state.get("load_job")
    if job_id:
        job = shared.watch_job(job_id, "The model is loaded and in the list above.", role="analyst")
        if job.state == "done" and st.button("Close this message", type="tertiary"):
            del st.session_state["load_job"]
            st.rerun()


def _from_file(ws: Workspace) -> None:
    st.caption(
        f"A zip or tar.gz of a trained model's folder, as Download above makes it, up to {LIMIT_MB:,} MB. Its content "
        "is checked; nothing in it is executed."
    )
    file = st.file_uploader("Model archive", max_upload_size=LIMIT_MB, key="load_file")
    name = st.text_input("Name in the list", max_chars=200, key="load_name", placeholder="For example: North region")
    if st.button("Load the file", type="primary", disabled=file is None or not name.strip()) and file:
        by = shared.need("analyst").email
        kept = uploads.keep_upload(ws, file.name, file, by, LIMIT_MB << 20)
        _submit(ws, {"upload_id": kept.id, "name": name.strip()}, by)


def _unfinished(ws: Workspace, upload: Upload, tried: list[Job]) -> None:
    """An archive whose loading was stopped: load it again, or delete it. `tried`: its jobs, newest first."""
    if tried and tried[0].state in ACTIVE:
        return  # it is watched below
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        size = f"{upload.bytes / 1e6:,.1f} MB, uploaded {shared.ago(upload.made)} by {upload.made_by}"
        st.text(f"{upload.name}\n{size}: not loaded yet", width="stretch")
        if st.button("Load it", key=f"load_{upload.id}", icon=":material/play_arrow:"):
            by = shared.need("analyst").email
            name = tried[0].request["name"] if tried else upload.name.partition(".")[0][:200] or "Model"
            _submit(ws, {"upload_id": upload.id, "name": name}, by)
        if st.button("Delete it", key=f"delete_{upload.id}", icon=":material/delete:", type="tertiary"):
            uploads.drop_upload(ws, upload.id, shared.need("analyst").email, missing_ok=True)
            st.rerun()


def _from_server(ws: Workspace) -> None:
    folders = model_folders()
    if not folders:
        st.caption(
            "There are none. Whoever runs the server can put trained models into its models folder; its place is set "
            "by LEADRANK_MODELS."
        )
        return
    folder = st.selectbox("Model on the server", folders, key="load_folder")
    if st.button("Load this model", type="primary"):
        _submit(ws, {"folder_name": folder, "name": folder}, shared.need("analyst").email)


def _submit(ws: Workspace, request: dict, by: str) -> None:
    job = records.submit(ws, "load_run", request, by=by, label="Loading a model")
    st.session_state["load_job"] = job.id
    st.rerun()
