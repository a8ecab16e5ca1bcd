"""Having many leads looked at: the one main action, its progress, and doing it again with more leads."""

from __future__ import annotations

import datetime
from typing import Any

import streamlit as st

from core.jobs import records
from core.jobs.ledger import ACTIVE
from core.talk.collecting import SIZE, SIZES
from core.workspace.tables import Dataset, Job, Scoring
from pages import _shared as shared
from pages._how_long import how_long


def ask(dataset: Dataset, scoring: Scoring) -> None:
    """Where nothing is there yet: what it is for, how many leads, and the button."""
    with st.container(border=True):
        st.subheader("Nobody has looked at many leads yet", anchor=False)
        st.write(
            "The reasons of each lead tell about that lead. Put together over many, they tell what the model goes by: "
            "which fields, and which kinds of talk by customers and specialists."
        )
        _form(dataset, scoring, "primary")


def ask_again(dataset: Dataset, scoring: Scoring, facts: dict[str, Any]) -> None:
    """At the foot of what was found: when that was, and the way to look at more leads."""
    made = datetime.datetime.fromisoformat(facts["made"])
    running = _job(dataset, scoring)
    active = running is not None and running.state in ACTIVE
    with st.expander(f"Looked at {shared.ago(made)}: look at more leads", expanded=active, icon=":material/update:"):
        st.caption("More leads make the ranges narrower. Reasons that are there are not worked out again.")
        _form(dataset, scoring, "secondary")


def _form(dataset: Dataset, scoring: Scoring, kind: Any) -> None:
    job = _job(dataset, scoring)
    if job is not None and job.state != "done":
        shared.watch_job(job.id, "The leads have been looked at.")
        if job.state in ACTIVE:
            return
    least, most = SIZES
    with st.container(horizontal=True, vertical_alignment="bottom"):
        size = int(st.number_input("Leads to look at", least, most, SIZE, 50, key=f"talk_size_{dataset.id}", width=180))
        told = f"Look at {min(size, dataset.leads):,} leads"
        pressed = st.button(told, type=kind, icon=":material/manage_search:", key="talk_look")
    st.caption(
        f"{how_long('talk', 'The last looks at many leads')}It is done in the background: you can leave this page, and "
        "what is done is kept if it is stopped."
    )
    if pressed:
        request = {"run_id": scoring.run_id, "dataset_id": dataset.id, "sample": size}
        by = shared.need("manager").email
        records.submit(shared.workspace(), "talk", request, by=by, label=told)
        st.rerun()


def _job(dataset: Dataset, scoring: Scoring) -> Job | None:
    """The newest such work on these leads by this model."""
    jobs = records.jobs(shared.workspace(), kind="talk")
    own = (scoring.run_id, dataset.id)
    return next((job for job in jobs if (job.request.get("run_id"), job.request.get("dataset_id")) == own), None)
