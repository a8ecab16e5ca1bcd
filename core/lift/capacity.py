"""What so many calls bring: orders found, precision, recall and lift at the team's capacity, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.errors import LeadRankError
from core.evaluation import Measure, Missing, measured
from core.lift.lineup import Lineup, columns
from core.ranking import Figure

POINTS = 20
"""Numbers of calls at which the curve is computed, beside the capacity itself."""


@dataclass(frozen=True)
class AtCalls:
    """What the best `calls` leads bring."""

    calls: int
    precision: Figure | Missing
    """Share of the called that order."""
    recall: Figure | Missing
    """Share of all orders that are among the called."""
    lift: Figure | Missing
    """Precision over that of calling at random."""


@dataclass(frozen=True)
class Capacity:
    """What the team's capacity brings, and the curve over other numbers of calls."""

    leads: int
    converted: int
    here: AtCalls
    curve: tuple[AtCalls, ...]
    """From few calls to all, the capacity among them."""

    @property
    def share(self) -> float:
        return self.here.calls / self.leads

    @property
    def base_rate(self) -> float:
        """Share of leads that order: the precision of calling at random."""
        return self.converted / self.leads

    @property
    def found(self) -> float | None:
        """Orders among the called, in the mean over orders of tied leads; None where precision is missing."""
        return self.here.precision.value * self.here.calls if isinstance(self.here.precision, Figure) else None

    @property
    def found_at_random(self) -> float:
        return self.base_rate * self.here.calls

    @property
    def most(self) -> int:
        """Orders that the best possible list would find."""
        return min(self.here.calls, self.converted)

    def to_frame(self) -> pd.DataFrame:
        """One row for each number of calls, with intervals, and what chance would bring."""
        rows: list[dict[str, Any]] = []
        for point in self.curve:
            row: dict[str, Any] = {"calls": point.calls, "share_called": point.calls / self.leads}
            for name in ("precision", "recall", "lift"):
                row |= columns(name, getattr(point, name))
            rows.append(row | {"precision_at_random": self.base_rate, "recall_at_random": point.calls / self.leads})
        return pd.DataFrame(rows)


def at_capacity(lineup: Lineup, calls: int, *, resamples: int = 2000, seed: int = 0) -> Capacity:
    """What calling the best `calls` tested leads brings; bootstrap intervals, by customer where customers repeat.

    Raises:
        LeadRankError: `calls` is not between 1 and the number of tested leads.
        NotComputable: no outcome is known.
    """
    n = len(lineup)
    check_calls(calls, n)
    steps = np.geomspace(min(max(10, n // 200), n), n, POINTS).round().astype(int)
    depths = sorted({int(step) for step in steps} | {calls})
    kinds = ("precision_at", "recall_at", "lift_at")
    measures = [Measure(kind, depth / n) for depth in depths for kind in kinds]
    found = measured(lineup.sample, {"": lineup.score()}, measures, resamples, seed)[0][""]
    points = {depth: AtCalls(depth, *(found[Measure(kind, depth / n).name] for kind in kinds)) for depth in depths}
    return Capacity(n, lineup.converted, points[calls], tuple(points.values()))


def check_calls(calls: int, leads: int) -> None:
    """Raises LeadRankError where so many calls cannot be made among so many leads."""
    if not 1 <= calls <= leads:
        raise LeadRankError(
            f"the number of calls must lie between 1 and the {leads:,} tested leads, however: got={calls}"
        )
