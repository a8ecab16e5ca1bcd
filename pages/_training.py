"""One training: how it goes while it runs, and how good the model became."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.charts import training as charts
from core.jobs import records
from core.jobs.curves import history
from core.workspace import runs
from core.workspace.tables import Job
from pages import _shared as shared
from pages._cards import against_best, interval

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
    st.subheader(shared.literal(job.label), anchor=False)
    st.caption(shared.literal(f"Started {shared.ago(job.created)} by {job.by}. You can leave this page and come back."))
    job = shared.watch_job(job_id, "The model is trained.", role="analyst")
    if job.state == "done":
        if job.message:
            st.info(shared.literal(job.message), icon=":material/info:")
        _result(job)
    active = job.state in ("queued", "running")
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
    run = runs.run(shared.workspace(), (job.result or {})["run_id"])
    _verdict(run.card)
    st.dataframe(standing(run.card), hide_index=True, alt="The model and simple models on the same leads")
    with st.container(horizontal=True):
        if run.in_use:
            st.badge("In use", icon=":material/check:", color="green")
        elif st.button("Use this model", type="primary", icon=":material/check:"):
            runs.use_run(shared.workspace(), run.id, shared.need("analyst").email)
            st.rerun()
        to = {"model": run.id} | ({"dataset": run.dataset_id} if run.dataset_id else {})
        for page, label, icon in (("lift", "See the lift", "trending_up"), ("queue", "Open the queue", "list_alt")):
            if st.button(label, icon=f":material/{icon}:"):
                st.switch_page(f"pages/{page}.py", query_params=to)


def _verdict(card: dict[str, Any]) -> None:
    """Who ranks best on the test leads, said plainly where it is not this model."""
    compared = card.get("comparison")
    if not compared:
        st.info("No simple models were trained to compare with (setting baselines).", icon=":material/info:")
        return
    words = against_best(card)
    if words.endswith("worse"):
        st.warning(shared.literal(compared["verdict"]), title="A simple model ranks better", icon=":material/warning:")
    elif words.endswith("better"):
        st.success(shared.literal(compared["verdict"]), title="Better than the simple models", icon=":material/check:")
    else:
        st.info(shared.literal(compared["verdict"]), title="No clear difference to the best simple model")


def standing(card: dict[str, Any]) -> pd.DataFrame:
    """One row a model, best first: the right order of pairs and precision, with intervals, on the same test leads."""
    found = (card.get("comparison") or {}).get("figures") or {card["name"]: card["metrics"]}
    ranked = sorted(found.items(), key=lambda item: -(item[1]["auc"].get("value") or 0))
    return pd.DataFrame(
        {
            "Model": f"{name} (this model)" if name == card["name"] else name,
            "Right order of two leads (AUC; 0.5 is chance)": interval(figures.get("auc")),
            "Average precision": interval(figures.get("average_precision")),
            "Orders among the top 5%": interval(figures.get("precision_at_0.05"), ".0%"),
        }
        for name, figures in ranked
    )


def list_trainings() -> None:
    """Running and past trainings, newest first."""
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
