"""Whose turn it is: a machine computes a few jobs at once, the others wait, so that ten clicks load no ten models.

Reasons of a lead, for which somebody waits, do not stand behind a training of an hour: they have a line of their own.
"""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from core.jobs.folders import job_folder
from core.jobs.task import Task
from core.progress import Event

LINES = {
    "train": "long",
    "score": "long",
    "load_run": "long",
    "benchmark": "long",
    "talk": "long",
    "segments": "long",
    "faithfulness": "long",
    "explain": "short",
    "compare": "short",
    "rehearse": "trial",
}
"""The line in which each kind of job waits; a kind without one never waits."""
AT_ONCE = max(1, (os.cpu_count() or 1) // 2)
"""Jobs of a line that compute at once: torch keeps two cores busy, and two jobs on one core take more than twice as
long. Source: measured, contended OpenMP threads are slower by an order of magnitude."""
LOOK_SECONDS = 0.5
WAITING = "wait for a turn"


@contextmanager
def turn(task: Task) -> Iterator[None]:
    """Wait until the machine has room for this job, and hold the place; a process that dies gives it back."""
    line = LINES.get(task.job.kind)
    if line is None:
        yield
        return
    host = re.sub(r"\W", "_", platform.node())
    folder = job_folder(task.ws, task.job.id).parent
    folder.mkdir(parents=True, exist_ok=True)
    places = [FileLock(folder / f"{host}.{line}.{n}.lock") for n in range(AT_ONCE)]
    while (held := next((place for place in places if _taken(place)), None)) is None:
        task.watch(Event(WAITING))
        time.sleep(LOOK_SECONDS)
    try:
        yield
    finally:
        held.release()


def _taken(place: FileLock) -> bool:
    try:
        place.acquire(timeout=0)
    except Timeout:
        return False
    return True
