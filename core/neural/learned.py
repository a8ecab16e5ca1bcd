"""A ranking method of a benchmark that has learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Learned:
    """A ranking method that has learned. It scores when it is asked, so that scoring can be timed."""

    test: Callable[[], np.ndarray]
    """Scores of the tested leads, (n,) float64; higher = call earlier."""
    later: Callable[[], np.ndarray]
    """Scores of the later slice, by which methods are chosen."""
    notes: dict[str, Any]
    """Settings chosen, epochs and the like."""
