"""One training: how it goes while it runs, and how good the model became."""

from __future__ import annotations

import streamlit as st

from core.charts import training as charts
from core.errors import LeadRankError
from core.jobs import records
from core.jobs.curves import history
from core.jobs.ledger import ACTIVE
from core.workspace import runs
from core.workspace.tables import Job
from pages import _shared as shared
from pages._standing import standing, verdict

EVERY = 2.5
"""Seconds between two looks at the curves."""
STATES = {
    "queued": "waits to start",
    "running": "is running",
    "done": "finished",
    "failed": "failed",
    "cancelled": "was cancelled",
    "interrupted": "was interrupted",
}


FIGURES = (
    (
        "validation_auc",
        "Right order on held-back leads",
        "{:.3f}",
        "Of two leads held back from training, one that ordered and one that did not, how often the first stands "
        "higher (AUC); 0.5 is chance.",
    ),
    ("epoch", "Pass over the leads", "{:.0f}", "How many times all training leads were looked at, this time included."),
    ("tokens_per_second", "Reading speed", "{:,.0f} tokens/s", "A token is a word or a piece of one."),
    ("memory_gb", "Memory in use", "{:.1f} GB", "Of the machine's memory, by the training."),
    ("gpu_memory_gb", "GPU memory at most", "{:.1f} GB", "The most that the training has taken on the GPU."),
)
"""What a training tells of itself: name, words, form, meaning."""


def show_training(job_id: str) -> None:
    """The job with this id: progress, curves and, at the end, the model's figures."""
    job = records.job(shared.workspace(), job_id)
    if job.kind != "train":
        raise LeadRankError("the address of this page names work that is no training; choose one under All trainings")
    st.subheader(shared.literal(job.label), anchor=False)
    st.caption(
        shared.literal(f"Started at {job.created:%H:%M} UTC by {job.by}. You can leave this page and come back.")
    )
    job = shared.watch_job(job_id, "The model is trained.", role="analyst")
    if job.state == "done":
        if job.message:
            st.info(shared.literal(shared.without_folders(job.message)), icon=":material/info:")
        _result(job)
    active = job.state in ACTIVE
    st.fragment(_live, run_every=EVERY if active else None, key=f"live_{job_id}")(job_id)
    log = st.expander("What the process said", key=f"log_{job_id}", on_change="rerun", icon=":material/terminal:")
    if log.open and shared.may("admin"):
        log.code(records.log_tail(shared.workspace(), job_id), language=None)
    elif log.open:
        log.caption("An administrator can read it: it may name folders of the server.")


def _live(job_id: str) -> None:
    with shared.guard():
        job = records.job(shared.workspace(), job_id)
        told = history(records.job_events(shared.workspace(), job_id))
        if (told["phase"] == "fine-tune").any():
            # The first version was held against leads that it had not seen, the steps after it against their batches.
            told = told[(told["phase"] != "probe") | ~told["name"].str.startswith(charts.PAIRS)]
        _figures(job)
        drawn = [
            ("losses", charts.losses_chart, told["name"] == "total", "Loss of each head over training steps"),
            ("pairs", charts.pair_accuracy_chart, told["name"].str.startswith(charts.PAIRS), "Pairs in order, by tier"),
            ("validation", charts.validation_chart, told["name"] == charts.AUC, "Right order on leads held back"),
        ]
        for name, make, has, alt in drawn:
            if has.any():
                shared.chart(make(told), told, f"{name}_{job_id[:8]}", alt)


def _figures(job: Job) -> None:
    with st.container(horizontal=True):
        for name, label, form, meaning in FIGURES:
            if name in job.figures:
                st.metric(label, form.format(job.figures[name]), border=True, help=meaning, width=260)
        if job.started is not None and job.ended is not None:
            took = shared.duration((job.ended - job.started).total_seconds())
            st.metric("Took", took, border=True, width=260, help="The last attempt, from start to end.")


def _result(job: Job) -> None:
    result = job.result or {}
    run = runs.run(shared.workspace(), result["run_id"])
    verdict(run.card)
    st.dataframe(standing(run.card), hide_index=True, alt="The model and simple models on the same leads")
    with st.container(horizontal=True):
        if run.in_use:
            st.badge("In use", icon=":material/check:", color="green")
        elif st.button("Use this model", type="primary", icon=":material/check:"):
            runs.use_run(shared.workspace(), run.id, shared.need("analyst").email)
            st.rerun()
        leads = {"dataset": run.dataset_id} if run.dataset_id else {}
        ranked = {"scoring": result["scoring_id"]} if result.get("scoring_id") else {}
        if st.button("See the lift", icon=":material/trending_up:"):
            st.switch_page("pages/lift.py", query_params={"model": run.id} | leads)
        if st.button("Open the queue", icon=":material/list_alt:"):
            st.switch_page("pages/queue.py", query_params=leads | ranked)


def list_trainings() -> None:
    """Running and past trainings, newest first."""
    records.sweep(shared.workspace())  # one that was killed must not be said to run
    found = records.jobs(shared.workspace(), kind="train", limit=20)
    if not found:
        return
    st.subheader("Trainings", anchor=False)
    for job in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.text(f"{job.label}\nStarted {shared.ago(job.created)} by {job.by}; {STATES[job.state]}", width="stretch")
            if st.button("Open", key=f"open_{job.id}", icon=":material/arrow_forward:"):
                st.query_params["job"] = job.id
                st.rerun()
