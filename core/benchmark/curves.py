"""Orders reached by how deep the list is called, by arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from core.benchmark.measuring import outcome, whole_calls
from core.benchmark.results import Results
from core.lift.gains import Line, gain_line
from core.ranking import ranking


def arm_lines(results: Results, arms: Sequence[str]) -> dict[str, Line]:
    """A gains line for each arm by its key, the mean over its seeds; arms that have not run are left out.

    Raises:
        NotComputable: no tested lead converted, or all did.
    """
    truth = outcome(results)
    found = {}
    for arm in arms:
        lines = [_line(results, arm, truth, one.score) for one in results.of(arm)]
        if lines:
            mean = np.mean([line.captured for line in lines], axis=0)
            found[arm] = replace(lines[0], captured=mean)
    return found


def _line(results: Results, arm: str, truth: np.ndarray, score: np.ndarray) -> Line:
    """At the team's capacity it holds what the tables say: what as many whole calls reach."""
    line = gain_line(results.arms[arm].title, "orders", truth, score)
    capacity, calls = results.capacity, max(whole_calls(len(truth), results.capacity), 1)
    keep = (line.depth < calls / len(truth)) | (line.depth > capacity)
    place = int((line.depth[keep] < capacity).sum())
    value = float(ranking(truth, score).recall_at(capacity))
    return replace(
        line,
        depth=np.insert(line.depth[keep], place, capacity),
        captured=np.insert(line.captured[keep], place, value),
    )


def lines_frame(lines: Mapping[str, Line]) -> pd.DataFrame:
    """One row for each arm and depth: what the chart draws."""
    parts = [
        pd.DataFrame({"arm": arm, "title": line.name, "share_called": line.depth, "share_reached": line.captured})
        for arm, line in lines.items()
    ]
    return pd.concat(parts, ignore_index=True)
