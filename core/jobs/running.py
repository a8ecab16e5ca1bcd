"""What a job's process does: claim the row, do the work, say how it ended, leave nothing half-made behind."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import LeadRankError, without_folders
from core.jobs import (
    arrivals,
    benchmarks,
    comparisons,
    folders,
    ledger,
    rankings,
    reason_checks,
    rehearsals,
    segmentations,
    talks,
    trainings,
)
from core.jobs.processes import ROOT
from core.jobs.reporting import Reporter
from core.jobs.task import Follow, Stopped, Task, Work
from core.jobs.turns import turn
from core.workspace.store import Workspace, existing
from core.workspace.tables import Job

WORK: dict[str, Work] = {
    "import": arrivals.bring_in,
    "load_run": arrivals.load_run,
    "train": trainings.train,
    "score": rankings.score,
    "explain": rankings.explain,
    "compare": comparisons.compare,
    "faithfulness": reason_checks.check_reasons,
    "rehearse": rehearsals.rehearsed,
    "benchmark": benchmarks.compare,
    "talk": talks.look_at_many,
    "segments": segmentations.find_segments,
}
"""What each kind does."""
GOES_ON = ("train", "score", "benchmark", "talk")
"""Kinds whose next attempt goes on from where the last one was."""
CANCELLED = "Stopped as asked; nothing half-made was kept."
CANCELLED_GOES_ON = "Stopped as asked; it can go on from where it was."
INTERRUPTED = (
    "It ended before its work was done: the machine was shut down or ran out of memory, or somebody ended the process. "
    "It can be started again; a training, a scoring or a comparison goes on from where it was."
)


def run_job(ws: Workspace, job_id: str) -> bool:
    """Do a queued job in this process; False where it is not queued (any more), so another process has it, say.

    Never raises for what the work does: how it ended is in the row.
    """
    if not ledger.claim(ws, job_id):
        return False
    with ws.session(reading=True) as session:
        job = existing(session, Job, job_id, "job")
    folders.remove_partials(ws, job.id)
    folders.write_log(ws, job.id, f"attempt {job.attempt} of '{job.kind}' in process {os.getpid()}")
    reporter = Reporter(ws, job, lambda: _last_resort(ws, job))
    with _stopped_by_signals(reporter):
        reporter.start()
        result: dict[str, Any] | None = None
        then: Follow | None = None
        try:
            task = Task(ws, job, reporter.watch)
            with turn(task):
                outcome = WORK[job.kind](task)
            state, message, result, then = "done", outcome.message, outcome.result, outcome.then
        except Stopped as stopped:
            usual = INTERRUPTED if stopped.state == "interrupted" else cancelled_words(job)
            state, message = stopped.state, stopped.message or usual
        except KeyboardInterrupt:
            state, message = "interrupted", INTERRUPTED
        except Exception as error:
            state, message = "failed", _words(ws, job, error)
        reporter.close()
        if not state:  # somebody else took the job over, and what is half-made is theirs
            return True
        if state != "done":
            folders.remove_partials(ws, job.id)
        ledger.end(ws, job.id, state, message, attempt=job.attempt, result=result)
        folders.write_log(ws, job.id, f"{state}: {message}" if message else state)
    if then is not None:
        _queue(ws, job, then)
    return True


def _queue(ws: Workspace, job: Job, then: Follow) -> None:
    """What follows, as a job of whoever asked for this one."""
    from core.jobs import records  # which runs what is here

    try:
        records.submit(ws, then.kind, then.request, by=job.by, label=then.label)
    except LeadRankError as error:  # the work itself is done all the same
        folders.write_log(ws, job.id, f"what follows could not be started: {error}")


def cancelled_words(job: Job) -> str:
    """What is said of a job that was stopped."""
    return CANCELLED_GOES_ON if job.kind in GOES_ON else CANCELLED


@contextmanager
def _stopped_by_signals(reporter: Reporter) -> Iterator[None]:
    """SIGTERM becomes `Stopped`, raised in the work wherever it is, and does nothing once the work is over.

    Only a main thread can be told.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def heard(_number: int, _frame: Any) -> None:
        if reporter.ending.is_set():
            return
        if reporter.stop is None:
            reporter.stop = Stopped("interrupted")
        raise reporter.stop

    before = signal.signal(signal.SIGTERM, heard)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _last_resort(ws: Workspace, job: Job) -> None:
    """The work does not listen: say that it is stopped, and end this process with its children."""
    ledger.end(ws, job.id, "cancelled", cancelled_words(job), attempt=job.attempt)
    folders.remove_partials(ws, job.id)
    folders.write_log(ws, job.id, "it did not stop in time and was ended")
    if hasattr(os, "getsid") and os.getsid(0) == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def _words(ws: Workspace, job: Job, error: Exception) -> str:
    """Why it failed, for a page: no traceback, no path. The log has both."""
    folders.write_log(ws, job.id, "".join(traceback.format_exception(error)))
    if isinstance(error, LeadRankError):
        return without_folders(str(error), _places(ws))
    if isinstance(error, MemoryError) or _out_of_memory(error):
        return "This machine's memory is too small for this; take fewer leads, or a smaller language model."
    if isinstance(error, OSError):
        return f"The system would not do it: {error.strerror or 'no reason given'}; see that the disk has room."
    return f"An unexpected error stopped it; the log has it under the reference {job.id}."


def _places(ws: Workspace) -> list[Path]:
    """Folders that a message may name without quotes although there is a blank in their names."""
    told = [os.environ.get(name) for name in ("LEADRANK_CACHE", "HF_HOME", "HF_HUB_CACHE")]
    own = [ws.folder, ROOT, arrivals.models_folder(), Path(os.path.expanduser("~")), Path(tempfile.gettempdir())]
    return [place.absolute() for place in (*own, *(Path(each) for each in told if each))]


def _out_of_memory(error: Exception) -> bool:
    if "torch" not in sys.modules:
        return False
    from core.neural.states import out_of_memory

    return isinstance(error, RuntimeError) and out_of_memory(error)
