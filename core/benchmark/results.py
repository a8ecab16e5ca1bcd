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
    validation_error: float | None = None
    """Standard error of `validation` over the slice's leads; None where it is not known."""


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
    `read_seconds_per_1000`, `notes`, `data_notes`, `held_up`."""
    capacity: float
    """Share of the leads that the team can call, 0..1."""

    def of(self, arm: str) -> tuple[Trial, ...]:
        """The arm's trials, by seed."""
        return tuple(sorted((one for one in self.trials if one.arm == arm), key=lambda one: one.seed))

    @property
    def held_up(self) -> dict[str, str]:
        """Waiting arms that something outside the leads held up when they were last tried, and what."""
        told = self.shared.get("held_up", {})
        return {key: told[key] for key in self.waiting if key in told}

    @property
    def unfinished(self) -> dict[str, str]:
        """Arms without all of their seeds, and why, in words that follow the arm's title and a colon."""
        found = {}
        for key in self.arms:
            times = len(self.of(key))
            part = "" if not times else "trained once; then " if times == 1 else f"trained {times} times; then "
            if key in self.left_out:
                found[key] = f"{part}could not run: {self.left_out[key]}"
            elif key in self.held_up:
                found[key] = f"{part}held up: {self.held_up[key]}"
            elif key in self.waiting:
                found[key] = f"{part.removesuffix('then ')}not finished yet"
        return found
