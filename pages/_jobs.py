"""Watching a job: a part of the page that refreshes itself while the job runs, and only then."""

from __future__ import annotations

import streamlit as st

from core.errors import without_folders
from core.jobs import records
from core.jobs.ledger import ACTIVE
from core.workspace.tables import Job
from pages._access import guard, may, need, workspace
from pages._text import duration, literal

EVERY = 1.5
"""Seconds between two looks at a running job: quick enough to feel live, slow enough for many watchers."""

PHASES = {
    "wait for a turn": "Waiting until the jobs before it have ended",
    "read": "Reading the file",
    "save": "Saving",
    "unpack": "Unpacking the model",
    "check": "Checking the model",
    "load the model": "Opening the model",
    "mask names and numbers": "Masking names and numbers",
    "write the queue": "Writing the queue",
    "probe": "Fitting the first version",
    "read leads": "Reading the leads with the language model",
    "pilot: dialogue alone": "Trying it out: the conversation alone (words read)",
    "pilot: fields in the prompt": "Trying it out: the fields as words (words read)",
    "pilot: compare": "Trying it out: which way is better",
    "read training leads": "Reading the leads to learn from (words read)",
    "read later slice": "Reading leads held back (words read)",
    "read training leads, in tokens": "Reading the leads to learn from (pieces of words read)",
    "read leads of the later slice, in tokens": "Reading leads held back (pieces of words read)",
    "read tested leads, in tokens": "Reading the tested leads (pieces of words read)",
    "read for scoring alone": "Reading the file once more, for scoring alone",
    "read columns to show": "Reading the columns for people",
    "fit heads": "Fitting the first version",
    "run frozen layers once": "Reading ahead what stays the same in every pass",
    "fine-tune": "Training",
    "validate": "Checking on leads held back",
    "baselines": "Training the simple models to compare with",
    "test": "Testing on the latest leads",
    "explain": "Working out the reasons",
    "explain many": "Working out the reasons, lead by lead",
    "read the talk": "Reading what was said (leads read)",
    "sort the talk": "Sorting what was said",
    "compare": "Comparing the two leads",
    "rehearse": "Rehearsing the trial",
    "check reasons": "Checking the reasons on test leads",
    "stage 1": "Learning who comes at all",
    "stage 2": "Learning whom the campaign brought",
    "assign segments": "Assigning the segments (leads done)",
    "hide and find": "Testing: hiding known labels and finding them again",
}
"""Phase names of core in plain words; one that is missing here is shown by its own name."""

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
    """What the job does and how long it will take: "Training: 40 of 200, about 3 minutes left"."""
    if job.state == "queued":
        return f"{job.label}: waiting to start"
    phase = job.phase or "starting"
    words = PHASES.get(phase, phase[:1].upper() + phase[1:])
    if job.total:
        words += f": {job.done:,} of {job.total:,}"
    if job.seconds_left:
        words += f", about {duration(job.seconds_left)} left"
    return words
