"""What several methods use is made once, and each of them is charged for it in full, as if it stood alone.

    arm 1 --> heads (made: 3 s) --> network (made: 2 s)     costs 5 s
    arm 2 --> heads (found)     --> network (made: 4 s)     costs 7 s
    arm 3 --> heads (found), the network of arm 1 (found)   costs 5 s

What is free, such as the language model's reading, is told apart and in no arm's cost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
class Made:
    """A thing, with what making it took."""

    value: Any
    seconds: float
    """Without what it was made of."""
    uses: frozenset[Hashable]
    """Keys of all that it was made of, its own among them."""


@dataclass(eq=False)
class _Making:
    """Something that is being made."""

    uses: set[Hashable] = field(default_factory=set)
    elsewhere: float = 0.0
    """Seconds that went into things with a cost of their own, less those that were spared."""


class Costs:
    """Things by key, with what each of them took."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Made] = {}
        self._now = _Making()

    def once(self, key: Hashable, make: Callable[[], Any], *, free: bool = False) -> Any:
        """What is kept under `key`, made now where it is not there yet; `free`: it costs nobody anything."""
        if key not in self._made:
            value, seconds, uses = self._make(make)
            self._made[key] = Made(value, 0.0 if free else seconds, frozenset(uses | {key}))
        self._now.uses |= self._made[key].uses
        return self._made[key].value

    def alone(self, make: Callable[[], Any]) -> tuple[Any, float]:
        """What `make` gives, and the seconds that it would take if nothing were there yet, but for what is free.

        Example:
            >>> costs = Costs()
            >>> slow = lambda: costs.once("nap", lambda: time.sleep(0.01))
            >>> min(costs.alone(slow)[1], costs.alone(slow)[1]) >= 0.01
            True
        """
        value, seconds, uses = self._make(make)
        return value, max(seconds + sum(self._made[key].seconds for key in uses), 0.0)

    def charge(self, seconds: float) -> None:
        """What is being made now took so much less than it would take alone."""
        self._now.elsewhere -= seconds

    def _make(self, make: Callable[[], Any]) -> tuple[Any, float, set[Hashable]]:
        """The thing, its own seconds, and the keys of all that it was made of."""
        outer, self._now = self._now, _Making()
        began = time.perf_counter()
        try:
            value = make()
        finally:
            inner, self._now = self._now, outer
            took = time.perf_counter() - began
            outer.elsewhere += took
        return value, took - inner.elsewhere, inner.uses
