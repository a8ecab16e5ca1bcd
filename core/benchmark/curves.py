"""Orders reached by how deep the list is called, by arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from core.benchmark.measuring import outcome
from core.benchmark.results import Results
from core.lift.gains import Line, gain_line


def arm_lines(results: Results, arms: Sequence[str]) -> dict[str, Line]:
    """A gains line for each arm by its key, the mean over its seeds; arms that have not run are left out.

    Raises:
        NotComputable: no tested lead converted, or all did.
    """
    truth = outcome(results)
    found = {}
    for arm in arms:
        lines = [gain_line(results.arms[arm].title, "orders", truth, one.score) for one in results.of(arm)]
        if lines:
            mean = np.mean([line.captured for line in lines], axis=0)
            found[arm] = replace(lines[0], captured=mean)
    return found


def lines_frame(lines: Mapping[str, Line]) -> pd.DataFrame:
    """One row for each arm and depth: what the chart draws."""
    parts = [
        pd.DataFrame({"arm": arm, "title": line.name, "share_called": line.depth, "share_reached": line.captured})
        for arm, line in lines.items()
    ]
    return pd.concat(parts, ignore_index=True)
