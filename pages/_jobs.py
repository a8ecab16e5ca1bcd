"""Watching a job: a part of the page that refreshes itself while the job runs, and only then."""

from __future__ import annotations

import streamlit as st

from core.errors import without_folders
from core.jobs import records
from core.jobs.ledger import ACTIVE
from core.workspace.tables import Job
from pages._access import guard, may, need, workspace
from pages._phases import PHASES, how_far
from pages._text import duration, literal

EVERY = 1.5
"""Seconds between two looks at a running job: quick enough to feel live, slow enough for many watchers."""

ENDED = {
    "failed": ("The job failed", ":material/error:"),
    "cancelled": ("Cancelled", ":material/cancel:"),
    "interrupted": ("The job was interrupted", ":material/power_off:"),
}


def watch_job(job_id: str, on_done_label: str = "Done", role: str = "manager") -> Job:
    """Show where a job stands: phase, progress, time left, buttons to cancel or resume; refreshed while it runs.

    The whole page runs again once when the job ends, so that what the job made can be shown.

    Args:
        job_id: Id of the job.
        on_done_label: Said when the job is done.
        role: Lowest role that may cancel and resume it.

    Returns:
        The job as of now; its `state` tells the page whether to go on.
    """
    job = records.job(workspace(), job_id)
    active = job.state in ACTIVE
    st.fragment(_shown, run_every=EVERY if active else None, key=f"watch_{job_id}")(job_id, on_done_label, role, active)
    return job


def _shown(job_id: str, on_done_label: str, role: str, was_active: bool) -> None:
    with guard():
        if was_active:
            records.sweep(workspace())
        job = records.job(workspace(), job_id)
        if was_active and job.state not in ACTIVE:
            st.rerun()
        if job.state in ACTIVE:
            _running(job, role)
        elif job.state == "done":
            st.success(on_done_label, icon=":material/check_circle:")
        else:
            _ended(job, role)


def _running(job: Job, role: str) -> None:
    share = min(job.done / job.total, 1.0) if job.total else 0.0
    st.progress(share, text=literal(progress_words(job)))
    if job.cancel_requested:
        st.caption("Stopping at the next safe point.")
    elif may(role) and st.button("Cancel", icon=":material/cancel:", key=f"cancel_{job.id}"):
        records.cancel(workspace(), job.id, need(role).email)
        st.rerun()


def _ended(job: Job, role: str) -> None:
    title, icon = ENDED[job.state]
    st.warning(literal(without_folders(job.message) or "It can be started again."), title=title, icon=icon)
    if may(role) and st.button("Resume", icon=":material/play_arrow:", key=f"resume_{job.id}"):
        records.resume(workspace(), job.id, need(role).email)
        st.rerun()


def progress_words(job: Job) -> str:
    """What the job does and how long it will take: "Training: 40 of 200 steps, about 3 minutes left"."""
    if job.state == "queued":
        return f"{job.label}: waiting to start"
    phase = job.phase or "starting"
    words = PHASES.get(phase, phase[:1].upper() + phase[1:])
    if job.total:
        words += f": {how_far(phase, job.done, job.total)}"
    if job.seconds_left:
        words += f", about {duration(job.seconds_left)} left"
    return words
