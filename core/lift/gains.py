"""Cumulative gains and lift: how many orders, and how much of each funnel stage, calling down to a depth reaches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.prompts import shown_name
from core.errors import NotComputable
from core.lift.lineup import Lineup
from core.metrics import gains
from core.ranking import checked

FIRST_CALLS = 10
"""Lift is told from so many calls on: before them it is one lead's luck."""


@dataclass(frozen=True)
class Line:
    """One line of the chart: calling the best `depth` of all leads reaches `captured` of those it is about."""

    name: str
    """In words: `Orders`, `Test drive or further`, `At random`, `Best possible`."""
    kind: str
    """`orders`, `stage`, `random` or `ideal`."""
    reached: int
    """Leads it is about: those that ordered, or came to the stage or further."""
    depth: np.ndarray
    captured: np.ndarray
    """Both of shape (points,), from 0 to 1, straight in between."""

    def at(self, share: float) -> float:
        """Share reached by calling the best `share` of the leads."""
        return float(np.interp(share, self.depth, self.captured))


@dataclass(frozen=True)
class GainLines:
    """Orders first, then the stages from deep to shallow, then chance and the best possible order."""

    leads: int
    converted: int
    lines: tuple[Line, ...]
    left_out: dict[str, str]
    """Stages without a line, and why."""

    @property
    def orders(self) -> Line:
        return self.lines[0]

    @property
    def first_depth(self) -> float:
        """Least depth at which lift is told."""
        return min(1.0, max(0.01, FIRST_CALLS / self.leads))

    def to_frame(self) -> pd.DataFrame:
        """One row for each line and depth: share and number of calls, share reached, lift (NaN at no calls)."""
        parts = []
        for line in self.lines:
            lift = np.divide(line.captured, line.depth, out=np.full_like(line.depth, np.nan), where=line.depth > 0)
            columns = {
                "line": line.name,
                "leads_reaching_it": line.reached,
                "share_called": line.depth,
                "calls": line.depth * self.leads,
                "share_reached": line.captured,
                "lift": lift,
            }
            parts.append(pd.DataFrame(columns))
        return pd.concat(parts, ignore_index=True)


def gain_lines(lineup: Lineup) -> GainLines:
    """Gains by orders and by each stage ("reached this stage or further"), with chance and the best possible order.

    Depth is a share of all leads on every line. A lead of unknown stage is called in its turn like any other and counts
    as reached for no stage. The last stage has no line where it is the order itself, nor has the first, which every
    lead has reached.

    Raises:
        NotComputable: no tested lead ordered, or all did.
    """
    sample, score = lineup.sample, lineup.score()
    n, won = len(lineup), lineup.converted
    lines, left_out = [gain_line("Orders", "orders", sample.outcome, score)], {}
    known = sample.stage >= 0
    for position, stage in reversed(list(enumerate(lineup.leads.schema.funnel.stages))[1:]):
        reached = (sample.stage >= position).astype(float)
        if known.all() and (reached == sample.outcome).all():
            continue
        name = shown_name(stage).capitalize()
        try:
            checked(reached[known], score[known])  # of all leads, those of unknown stage would pass for a second class
            lines.append(gain_line(f"{name} or further", "stage", reached, score))
        except NotComputable as error:
            left_out[name] = str(error)
    lines.append(Line("At random", "random", won, np.array([0.0, 1.0]), np.array([0.0, 1.0])))
    lines.append(Line("Best possible", "ideal", won, np.array([0.0, won / n, 1.0]), np.array([0.0, 1.0, 1.0])))
    return GainLines(n, won, tuple(lines), left_out)


def gain_line(name: str, kind: str, reached: np.ndarray, score: np.ndarray) -> Line:
    """A line at depths that depend on the number of leads alone. Raises NotComputable as `metrics.gains`."""
    curve = gains(reached, score)
    fine = min(0.01, 1 / len(reached))
    depth = np.unique(np.concatenate([[0.0], np.geomspace(fine, 0.01, 20), np.linspace(0, 1, 201)]))
    return Line(name, kind, int(reached.sum()), depth, curve.at(depth))
