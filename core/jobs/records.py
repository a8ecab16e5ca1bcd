"""The door to long work: start it, look at it, stop it, start it again; what pages and the command line call.

Any number of apps may share one workspace: every change is one UPDATE of a row, so no job is started twice.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.errors import LeadRankError
from core.jobs import folders, ledger, processes
from core.jobs.folders import log_tail as tail
from core.jobs.ledger import ACTIVE, ENDED
from core.jobs.reporting import GRACE_SECONDS
from core.jobs.running import INTERRUPTED, WORK, cancelled_words, run_job
from core.workspace.ids import checked_id, utc_now
from core.workspace.store import Workspace, existing
from core.workspace.tables import Job, JobEvent

LOST_SECONDS = 60.0
"""Silence after which a job on another machine is taken for dead."""
SILENT_SECONDS = 10.0
"""Silence after which a job on this machine is looked at closely: whether its process is there, and is still the same.
Not before, as two containers may have one name, and neither sees the other's processes."""
WAITING_SECONDS = 120.0
"""How long a process may take to claim its job; it has all libraries to read before."""


def submit(ws: Workspace, kind: str, request: dict[str, Any], *, by: str, label: str) -> Job:
    """Start the work in a process of its own; where the same work is active already, that job is returned instead.

    Raises:
        LeadRankError: there is no such kind of work, or the system would not start a process.
    """
    made, new = _insert(ws, kind, request, by, label)
    if new:
        _start(ws, made.id)
    return job(ws, made.id)


def run_here(ws: Workspace, kind: str, request: dict[str, Any], *, by: str, label: str) -> Job:
    """`submit`, with the work done in this process; returns at its end, or at once where such a job is active."""
    made, new = _insert(ws, kind, request, by, label)
    if new:
        run_job(ws, made.id)
    return job(ws, made.id)


def job(ws: Workspace, id: str) -> Job:
    """Raises LeadRankError where there is none."""
    with ws.session(reading=True) as session:
        return existing(session, Job, id, "job")


def jobs(ws: Workspace, *, active: bool | None = None, kind: str | None = None, limit: int = 50) -> list[Job]:
    """Newest first; `active`: only those that are queued or running, or only those that are not."""
    query = select(Job).order_by(Job.created.desc(), Job.id).limit(limit)
    if active is not None:
        query = query.where(Job.state.in_(ACTIVE if active else ENDED))
    if kind is not None:
        query = query.where(Job.kind == kind)
    with ws.session(reading=True) as session:
        return list(session.scalars(query))


def job_events(ws: Workspace, id: str) -> list[JobEvent]:
    """The job's history, oldest first, over all attempts; thinned, so a few thousand at most for each phase."""
    query = select(JobEvent).where(JobEvent.job_id == checked_id(id, "job")).order_by(JobEvent.id)
    with ws.session(reading=True) as session:
        return list(session.scalars(query))


def log_tail(ws: Workspace, id: str, lines: int = 50) -> str:
    """The last lines of what the process said, "" before there are any. Paths and tracebacks stand in it."""
    return tail(ws, job(ws, id).id, lines)


def cancel(ws: Workspace, id: str, by: str) -> Job:
    """Ask the job to stop. A queued one is stopped at once, a running one within seconds; an ended one stays as it is.

    One that does not listen ends itself after `GRACE_SECONDS`; one that cannot even do that, `sweep` ends.
    """
    found = job(ws, id)
    if not ledger.end(ws, id, "cancelled", cancelled_words(found), expected=("queued",), by=by):
        ledger.ask_to_stop(ws, id, by)
    return job(ws, id)


def resume(ws: Workspace, id: str, by: str) -> Job:
    """Start an interrupted, failed or cancelled job once more: a training, scoring or comparison goes on from where it
    was, others anew.

    Where the same work is active as another job, that one is returned; a job that is active or done stays as it is.

    Raises:
        LeadRankError: no such job, or the system would not start a process.
    """
    found = job(ws, id)
    try:
        if ledger.again(ws, found, by):
            folders.remove_partials(ws, id)
            _start(ws, id)
    except IntegrityError:
        other = _active(ws, ledger.active_key(found.kind, found.request))
        return other or job(ws, id)
    return job(ws, id)


def sweep(ws: Workspace) -> list[Job]:
    """Find jobs whose process is gone and say so; end those that were asked to stop and did not. Returns the changed.

    Quick where there is nothing to do: call it at the start of an app and wherever a job is watched.
    """
    changed = []
    for each in jobs(ws, active=True, limit=1000):
        if each.state == "running" and each.cancel_requested and _overdue(ws, each):
            processes.stop(each.pid, each.started)
            state, message = "cancelled", cancelled_words(each)
        elif _gone(each):
            state, message = ("cancelled", cancelled_words(each)) if each.cancel_requested else _lost(each)
        else:
            continue
        if ledger.end(ws, each.id, state, message, expected=(each.state,), attempt=each.attempt):
            folders.remove_partials(ws, each.id)
            changed.append(job(ws, each.id))
    return changed


def _insert(ws: Workspace, kind: str, request: dict[str, Any], by: str, label: str) -> tuple[Job, bool]:
    """The job for this work, and whether it is new."""
    if kind not in WORK:
        raise LeadRankError(f"the kind of work must be one of {', '.join(WORK)}, however: got={kind!r}")
    for _ in range(10):
        try:
            return ledger.insert(ws, kind, request, by, label), True
        except IntegrityError:
            if other := _active(ws, ledger.active_key(kind, request)):
                return other, False
            # It ended in between: try again.
    raise LeadRankError("the same work is being started elsewhere over and over; wait a moment and try again")


def _active(ws: Workspace, key: str) -> Job | None:
    with ws.session(reading=True) as session:
        return session.scalar(select(Job).where(Job.active_key == key))


def _start(ws: Workspace, id: str) -> None:
    environment = {"LEADRANK_WORKSPACE": str(ws.folder), "LEADRANK_DATABASE": ws.url or ""}
    if models := os.environ.get("LEADRANK_MODELS"):
        environment["LEADRANK_MODELS"] = os.path.abspath(models)  # the process works in another folder
    try:
        pid = processes.start(["job", id], folders.log_path(ws, id), environment)
    except LeadRankError as error:
        ledger.end(ws, id, "failed", str(error), expected=("queued",))
        raise
    ledger.note_process(ws, id, pid)


def _gone(job: Job) -> bool:
    """Whether nobody works at the job any more. In doubt not."""
    silence = (utc_now() - (job.heartbeat or job.created)).total_seconds()
    if job.state == "queued":
        here = job.host == ledger.this_host() and job.pid is not None
        dead = here and silence > SILENT_SECONDS and processes.born(job.pid) is None
        return dead or silence > WAITING_SECONDS
    if job.host != ledger.this_host():
        return silence > LOST_SECONDS
    return silence > SILENT_SECONDS and not processes.same(job.pid, job.started)


def _lost(job: Job) -> tuple[str, str]:
    if job.state == "queued":
        return (
            "interrupted",
            "It was never begun: its process did not start, or the app was closed too soon. Start it again.",
        )
    return "interrupted", INTERRUPTED


def _overdue(ws: Workspace, job: Job) -> bool:
    """Whether a job on this machine was asked to stop so long ago that it should have."""
    if job.host != ledger.this_host():
        return False
    asked = select(JobEvent.at).where(JobEvent.job_id == job.id, JobEvent.phase == ledger.STOP_ASKED)
    with ws.session(reading=True) as session:
        at = session.scalar(asked.order_by(JobEvent.id.desc()).limit(1))
    return at is None or utc_now() - at > timedelta(seconds=GRACE_SECONDS + 5)
