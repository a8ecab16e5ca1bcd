"""Every change of a job's row: one UPDATE each, which says what state it expects to find.

    queued -> running -> done | failed | cancelled | interrupted
      ^  '-> cancelled | interrupted             |
      '------------------ again -----------------'

So two processes that want the same change cannot both make it: the one whose UPDATE meets no row knows.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from core.progress import Event
from core.workspace.audit import add_event
from core.workspace.ids import utc_now
from core.workspace.store import Workspace
from core.workspace.tables import Job, JobEvent

ACTIVE = ("queued", "running")
ENDED = ("done", "failed", "cancelled", "interrupted")
WORDS = ("name", "reason")
"""What a request says without changing the work."""


def active_key(kind: str, request: dict[str, Any]) -> str:
    """The same for the same work, whatever the order of the request's keys, what it is to be called and why it is asked
    for: the nightly scoring and a click at that moment are one scoring.

    Example:
        >>> active_key("score", {"a": 1, "b": 2}) == active_key("score", {"b": 2, "a": 1})
        True
        >>> active_key("score", {"a": 1, "reason": "manual"}) == active_key("score", {"a": 1, "reason": "schedule"})
        True
    """
    work = {name: value for name, value in request.items() if name not in WORDS}
    text = json.dumps(work, sort_keys=True, ensure_ascii=True)
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()}"


def this_host() -> str:
    """The machine's name, as rows hold it."""
    return socket.gethostname()[:255]


def insert(ws: Workspace, kind: str, request: dict[str, Any], by: str, label: str) -> Job:
    """A new job, queued. Raises `IntegrityError` where the same work is active already."""
    key = active_key(kind, request)
    made = Job(kind=kind, label=label, request=request, by=by, active_key=key, heartbeat=utc_now())
    with ws.session() as session:
        session.add(made)
        session.flush()
        if kind not in ("explain", "compare"):  # one for each lead that somebody looks at would bury the rest
            add_event(session, by, "work started", made.id, {"kind": kind, "label": label})
    return made


def claim(ws: Workspace, job_id: str) -> bool:
    """Make the queued job this process's own; False where it is not queued (any more)."""
    now = utc_now()
    values = {"state": "running", "pid": os.getpid(), "host": this_host(), "started": now, "heartbeat": now}
    return _change(ws, job_id, ("queued",), values)


def note_process(ws: Workspace, job_id: str, pid: int) -> None:
    """Which process was started for a queued job."""
    _change(ws, job_id, ("queued",), {"pid": pid, "host": this_host()})


def beat(ws: Workspace, job_id: str, attempt: int, values: dict[str, Any], events: Sequence[Event] = ()) -> bool | None:
    """A sign of life with news; returns whether a stop is asked for, None where the job is not this process's any more.

    `events` are added to the job's history.
    """
    own = (Job.id == job_id, Job.state == "running", Job.attempt == attempt)
    with ws.session() as session:
        if not _updated(session, update(Job).where(*own).values(heartbeat=utc_now(), **values)):
            return None
        for event in events:
            told = {"phase": event.phase, "done": event.done, "total": event.total, "figures": event.figures}
            session.add(JobEvent(job_id=job_id, **told))
        return bool(session.scalar(select(Job.cancel_requested).where(*own)))


def end(
    ws: Workspace,
    job_id: str,
    state: str,
    message: str,
    *,
    expected: Sequence[str] = ("running",),
    attempt: int | None = None,
    result: dict[str, Any] | None = None,
    by: str | None = None,
) -> bool:
    """The job's last change; False where it was not in an `expected` state (of that attempt) any more. `by`: who ended
    it, for the audit trail; None where it ended by itself."""
    values = {"state": state, "message": message, "result": result, "ended": utc_now(), "active_key": None}
    told = (by, STOPPED) if by else None
    return _change(ws, job_id, expected, {**values, "seconds_left": None}, attempt, told)


def again(ws: Workspace, job: Job, by: str) -> bool:
    """Queue an ended job once more; False where it is not ended (any more).

    Raises `IntegrityError` where the same work is active as another job.
    """
    values: dict[str, Any] = {
        "state": "queued",
        "attempt": job.attempt + 1,
        "active_key": active_key(job.kind, job.request),
        "cancel_requested": False,
        "message": "",
        "phase": "",
        "done": 0,
        "total": 0,
        "heartbeat": utc_now(),
        **dict.fromkeys(("seconds_left", "result", "started", "ended", "pid")),
    }
    resumable = tuple(state for state in ENDED if state != "done")
    return _change(ws, job.id, resumable, values, job.attempt, told=(by, "work resumed"))


def ask_to_stop(ws: Workspace, job_id: str, by: str) -> bool:
    """Leave word for a running job; False where it does not run (any more), or was asked already."""
    with ws.session() as session:
        waiting = update(Job).where(Job.id == job_id, Job.state == "running", Job.cancel_requested.is_(False))
        if not _updated(session, waiting.values(cancel_requested=True)):
            return False
        session.add(JobEvent(job_id=job_id, phase=STOP_ASKED))
        add_event(session, by, STOPPED, job_id)
        return True


STOP_ASKED = "stop asked for"
"""Phase of the event that tells when."""
STOPPED = "work stopped"
"""What the audit trail says of a job that somebody cancelled."""


def _change(
    ws: Workspace,
    job_id: str,
    states: Sequence[str],
    values: dict[str, Any],
    attempt: int | None = None,
    told: tuple[str, str] | None = None,
) -> bool:
    query = update(Job).where(Job.id == job_id, Job.state.in_(states))
    if attempt is not None:
        query = query.where(Job.attempt == attempt)
    with ws.session() as session:
        changed = _updated(session, query.values(**values))
        if changed and told:
            add_event(session, told[0], told[1], job_id)
        return changed


def _updated(session: Session, query: Any) -> bool:
    return cast("CursorResult[Any]", session.execute(query)).rowcount == 1
