"""A running job's own thread: heartbeat, progress into the row, thinned history, and the word that it should stop.

The work itself only leaves its latest report in memory, so a slow or locked database never slows it down.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

from core.errors import LeadRankError
from core.jobs import folders, ledger
from core.jobs.task import Stopped
from core.progress import Event
from core.workspace.store import Workspace
from core.workspace.tables import Job

TICK_SECONDS = 0.5
"""Least time between two writes of progress."""
HEARTBEAT_SECONDS = 2.0
GRACE_SECONDS = 10.0
"""How long the work may take to notice that it should stop."""
DENSE = 200
"""Reports of a phase that are kept one by one; then every second of as many, then every fourth, and so on."""
PHASES = 300
"""Phases, notes among them, that a job's history tells apart."""


class Thinning:
    """Which reports the history keeps: of a million in one phase about 2,600, evenly enough for a curve.

    What validation measured is kept each time, and the first and last of each phase.
    """

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}
        self.kept: dict[str, int] = {}

    def keeps(self, event: Event) -> bool:
        """Whether to keep this report."""
        if event.phase not in self.seen and len(self.seen) >= PHASES:
            return False
        place = self.seen[event.phase] = self.seen.get(event.phase, -1) + 1
        kept = self.kept.get(event.phase, 0)
        measured = any(name.startswith("validation") for name in event.figures)
        ended = event.total > 0 and event.done >= event.total
        stride = 1 << min(kept // DENSE, 40)
        if place % stride and not ((measured or ended) and kept < 20 * DENSE):
            return False
        self.kept[event.phase] = kept + 1
        return True


class Reporter:
    """Tells the workspace how the job stands until `close`; `watch` is what the work reports to.

    `last_resort` is called, from the reporter's thread, where the work did not stop within `GRACE_SECONDS`.
    """

    def __init__(self, ws: Workspace, job: Job, last_resort: Any) -> None:
        self.ws, self.job, self.last_resort = ws, job, last_resort
        self.stop: Stopped | None = None
        self.thinning = Thinning()
        self.lock = threading.Lock()
        self.latest: Event | None = None
        self.figures: dict[str, Any] = {}
        self.history: deque[Event] = deque()
        self.phases: set[str] = set()
        self.ending = threading.Event()
        self.asked: float | None = None
        self.beaten = time.monotonic()
        self.thread = threading.Thread(target=self._run, daemon=True, name=f"reporter of {job.id}")

    def start(self) -> None:
        """Begin; `close` ends it."""
        self.thread.start()

    def watch(self, event: Event) -> None:
        """Take a report. Raises Stopped once the job is to stop."""
        if self.stop is not None:
            raise self.stop
        event = Event(event.phase, event.done, event.total, event.seconds_left, _plain(event.figures))
        with self.lock:
            self.latest = event
            self.figures.update(event.figures)
            if self.thinning.keeps(event):
                self.history.append(event)
            new = event.phase not in self.phases and len(self.phases) < PHASES
            self.phases.add(event.phase) if new else None
        if new:
            folders.write_log(self.ws, self.job.id, event.phase)

    def close(self) -> None:
        """Write what is not written yet and end."""
        self.ending.set()
        if self.thread.is_alive():
            self.thread.join()
        self._write()

    def _run(self) -> None:
        while not self.ending.wait(TICK_SECONDS):
            self._write()
            if self.asked is not None and time.monotonic() - self.asked > GRACE_SECONDS:
                self.last_resort()
                return

    def _write(self) -> None:
        with self.lock:
            latest, self.latest = self.latest, None
            history, self.history = list(self.history), deque()
            figures = dict(self.figures)
        if latest is None and time.monotonic() - self.beaten < HEARTBEAT_SECONDS:
            return
        values: dict[str, Any] = {}
        if latest is not None:
            values = {name: getattr(latest, name) for name in ("phase", "done", "total", "seconds_left")}
            values["figures"] = figures
        try:
            asked = ledger.beat(self.ws, self.job.id, self.job.attempt, values, history)
        except LeadRankError as error:  # locked for long, or away: told again at the next tick
            folders.write_log(self.ws, self.job.id, f"progress could not be written: {error}")
            with self.lock:
                self.latest = self.latest or latest
                self.history.extendleft(reversed(history))
            return
        self.beaten = time.monotonic()
        if asked is None:
            self.stop = Stopped("")
        elif asked and self.asked is None:
            self.asked, self.stop = time.monotonic(), Stopped("cancelled")


def _plain(figures: dict[str, Any]) -> dict[str, Any]:
    """Numbers of numpy as Python's, for JSON."""
    return {str(name): value.item() if hasattr(value, "item") else value for name, value in figures.items()}
