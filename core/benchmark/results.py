"""What a benchmark has found so far: each arm's scores of the tested leads by seed, what it cost, what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.benchmark.arms import Arm


@dataclass(frozen=True, eq=False)
class Trial:
    """One arm with one seed."""

    arm: str
    seed: int
    score: np.ndarray
    """(n,) over the tested leads, in the order of `Results.test`; higher = call earlier."""
    validation: float
    """Average precision on the later slice that stopped training; choices are made by it, never by the test."""
    train_seconds: float
    score_seconds: float
    """For 1,000 leads, without the reading of the language model, which the arms share."""
    reads: bool
    """Whether the language model has to read the leads."""
    notes: dict[str, Any]
    """Settings chosen, epochs and the like."""


@dataclass(frozen=True, eq=False)
class Results:
    """A benchmark, finished or not."""

    test: pd.DataFrame
    """A row for each tested lead: lead_id, customer_id (str), converted (0 or 1), stage (position, -1 unknown)."""
    stages: tuple[str, ...]
    arms: dict[str, Arm]
    """All that were asked for, by key, in the order of the tables."""
    trials: tuple[Trial, ...]
    left_out: dict[str, str]
    """Arms that could not run, and why."""
    waiting: tuple[str, ...]
    """Arms with seeds still to run."""
    shared: dict[str, Any]
    """What all arms have in common: `leads`, `split`, `converted`, `base_rate`, `seeds`, `trials`, `tiers`,
    `read_seconds_per_1000`, `notes`."""
    capacity: float
    """Share of the leads that the team can call, 0..1."""

    def of(self, arm: str) -> tuple[Trial, ...]:
        """The arm's trials, by seed."""
        return tuple(sorted((one for one in self.trials if one.arm == arm), key=lambda one: one.seed))
