"""What the command line says while it works, on stderr, and how it reads a file of leads."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from core.data.big_files import map_leads
from core.data.leads import Leads
from core.data.schema import Schema
from core.data.validation import load_leads
from core.progress import Event, in_percent


class _Teller:
    """Progress on stderr: one line that moves on a terminal, a line every ten seconds elsewhere."""

    def __init__(self) -> None:
        self.last = 0.0
        self.phase = ""
        self.open = False

    def __call__(self, event: Event) -> None:
        if not event.total:
            self._line(event.phase)
            return
        now, finished = time.monotonic(), event.done >= event.total
        news = any(name.startswith("validation") for name in event.figures)
        news |= event.phase != self.phase  # what goes on is told at once, how far it is now and then
        if not (finished or news) and now - self.last < (0.2 if sys.stderr.isatty() else 10):
            return
        self.last, self.phase = now, event.phase
        left = "" if event.seconds_left is None or finished else f", {_span(event.seconds_left)} left"
        figures = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in event.figures.items())
        share = f"{event.done / event.total:.0%}"
        done = share if event.percent else f"{event.done:,} of {event.total:,} ({share})"
        text = f"{event.phase}: {done}{left}" + (f" | {figures}" if figures else "")
        if sys.stderr.isatty() and not (finished or news):
            print(f"\r\033[K{text[:200]}", end="", file=sys.stderr, flush=True)
            self.open = True
        else:
            self._line(text)

    def _line(self, text: str) -> None:
        print(f"\r\033[K{text}" if self.open else text, file=sys.stderr, flush=True)
        self.open = False


tell = _Teller()


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def reading(source: Path) -> Callable[[float], None]:
    """What to call with the share of a file that is read."""
    return in_percent(f"read {source.name}", tell)


def load(source: Path, schema: Schema, **more: Any) -> Leads:
    """Read and validate, telling the warnings."""
    return load_noted(source, schema, **more)[0]


def load_noted(source: Path, schema: Schema, **more: Any) -> tuple[Leads, tuple[str, ...]]:
    """The same, with the warnings."""
    found, report = load_leads(source, schema, on_progress=reading(source), **more)
    notes = tuple(str(problem) for problem in report.warnings)
    _tell_all(notes)
    return found, notes


def load_mapped(source: Path, schema: Schema, folder: Path) -> Leads:
    """Read and validate leads to learn from, telling the warnings; their words stay in `folder`."""
    found, notes = map_leads(source, schema, folder, on_progress=reading(source))
    _tell_all(notes)
    return found


def _tell_all(notes: Iterable[str]) -> None:
    for note in notes:
        tell(Event(f"note: {note}"))
