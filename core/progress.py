"""How long work tells where it is: phase, share done, time left and figures, to whoever watches."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import psutil


@dataclass(frozen=True)
class Event:
    """One report. `done` of `total` in units of the phase; `seconds_left` is None until it can be estimated."""

    phase: str
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    percent: bool = False
    """`done` counts nothing but percent."""


Watch = Callable[[Event], None]


def nobody(event: Event) -> None:
    """A watcher that does not look."""


def with_memory(watch: Watch) -> Watch:
    """`watch`, told with each report of progress also how much memory this process holds: `memory_gb`, 1e9 bytes, less
    what it maps from files, which the system may drop."""
    process = psutil.Process()

    def told(event: Event) -> None:
        if event.total or event.figures:
            memory = process.memory_info()
            held = memory.rss - getattr(memory, "shared", 0)
            event = replace(event, figures={**event.figures, "memory_gb": held / 1e9})
        watch(event)

    return told


class Phase:
    """One phase of the work; tells the watcher at most twice a second and always at its end, which it tells once.

    `rate`: name of the figure that tells how much is done in a second; none without it. `percent`: see `Event`.
    """

    def __init__(self, name: str, watch: Watch, rate: str | None = None, *, percent: bool = False) -> None:
        self.name, self.watch, self.rate, self.percent = name, watch, rate, percent
        self.started = time.monotonic()
        self.first_done: int | None = None
        self.told = 0.0
        self.ended = False

    def at(self, done: int, total: int, figures: dict[str, Any] | None = None) -> None:
        """Report that `done` of `total` is finished; what was done before the first report is left out of the rate."""
        now = time.monotonic()
        if self.first_done is None:
            self.first_done, self.started = done, self.started if done <= total // 50 else now
        rate = (done - self.first_done) / max(now - self.started, 1e-9)
        ended, before = done >= total, self.ended
        self.ended = ended
        if figures or (not before if ended else now - self.told >= 0.5):
            self.told = now
            left = (total - done) / rate if rate > 0 else None
            speed = {self.rate: rate} if self.rate and rate > 0 else {}
            self.watch(Event(self.name, done, total, left, {**speed, **(figures or {})}, self.percent))


def in_percent(name: str, watch: Watch) -> Callable[[float], None]:
    """What to call with the share done, 0..1, of a phase without a count of its own: each percent is told once.

    Example:
        >>> tell = in_percent("read", lambda event: print(event.done, event.total))
        >>> tell(0.0), tell(0.002), tell(1.0)
        0 100
        100 100
        (None, None, None)
    """
    phase, told = Phase(name, watch, percent=True), -1

    def tell(share: float) -> None:
        nonlocal told
        if int(100 * share) > told:
            told = int(100 * share)
            phase.at(told, 100)

    return tell
