"""Whether the chances come true, and how far apart buyers and other leads stand."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from core.errors import NotComputable
from core.evaluation import Missing, wilson
from core.lift.lineup import Lineup
from core.ranking import Figure
from core.reliability import calibration_intervals

GROUPS, BINS = 10, 25
"""Points of the comparison, and steps of the spread."""
FEWEST = 20
"""Fewest leads a calibration point may stand on."""
CLOSE = 1.25
"""Chances come true where their ratio surely lies between 1 / CLOSE and CLOSE. Source: ours; a fifth too few or a
quarter too many orders would change few plans."""


@dataclass(frozen=True)
class Point:
    """Leads of like chance: what was promised and what came."""

    leads: int
    orders: int
    promised: float
    """Mean chance."""
    came: float
    """Share that ordered, with Wilson's interval."""
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """What the chances promised and what came, over groups of about equally many leads, low chances first."""

    points: tuple[Point, ...]
    expected: float
    """Orders that the chances add up to."""
    converted: int
    ratio: Figure | Missing
    """Orders over expected orders; 1 is right."""

    @property
    def verdict(self) -> str:
        """`right`, `too high` or `too low` as far as the ratio's interval shows it; `not refuted` where that holds 1
        but is wide, so that the chances may still be off; `unknown` without one."""
        if isinstance(self.ratio, Missing):
            return "unknown"
        if self.ratio.high < 1 or self.ratio.low > 1:
            return "too high" if self.ratio.high < 1 else "too low"
        return "right" if self.ratio.low >= 1 / CLOSE and self.ratio.high <= CLOSE else "not refuted"

    def ranges(self, chance: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Ends of the range of each chance, (n,) both: what leads of about that chance did over what was promised.

        The groups' 95% intervals as shares of what was promised, straight in between; widened to hold the chance
        itself. None without a group. Source: ours.
        """
        points = [point for point in self.points if point.promised > 0]
        if not points:
            return None
        promised = [point.promised for point in points]
        low, high = (
            np.interp(chance, promised, [getattr(point, end) / point.promised for point in points])
            for end in ("low", "high")
        )
        return chance * np.minimum(low, 1.0), np.clip(chance * np.maximum(high, 1.0), chance, 1.0)

    def to_frame(self) -> pd.DataFrame:
        """One row a group of leads."""
        return pd.DataFrame([asdict(point) for point in self.points])


def calibration(lineup: Lineup, *, resamples: int = 2000, seed: int = 0) -> Calibration:
    """Compare promised with observed orders over equal-mass groups; leads of one chance stay in one group.

    The intervals of the points are Wilson's and take leads as independent; that of the ratio is a bootstrap, by
    customer where customers repeat.

    Raises:
        NotComputable: the model gives no chances, or there are fewer than 2 * FEWEST leads.
    """
    truth, chance = lineup.sample.outcome, lineup.probability()
    n = len(truth)
    groups = min(GROUPS, n // FEWEST)
    if groups < 2:
        raise NotComputable(f"comparing chances with orders needs at least {2 * FEWEST} leads, however: got={n}")
    # The middle of tied ranks decides, so that no tie is divided and every count is whole.
    group = np.floor((rankdata(chance, method="average") - 0.5) * groups / n).astype(int)
    points = []
    for number in np.unique(group):
        inside = group == number
        leads, orders = int(inside.sum()), int(truth[inside].sum())
        came = wilson(orders, leads)
        points.append(Point(leads, orders, float(chance[inside].mean()), came.value, came.low, came.high))
    ratio: Figure | Missing
    try:
        intervals = calibration_intervals(
            truth, chance, bins=groups, resamples=resamples, seed=seed, clusters=lineup.sample.clusters
        )
        ratio = intervals["observed_over_expected"]
    except NotComputable as error:
        ratio = Missing(str(error))
    return Calibration(tuple(points), float(chance.sum()), int(truth.sum()), ratio)


@dataclass(frozen=True)
class Spread:
    """Chances of the leads that ordered beside those of the others: shares of each kind by chance."""

    edges: np.ndarray
    """Chances, shape (bins + 1,)."""
    ordered: np.ndarray
    others: np.ndarray
    """Leads in each bin, shape (bins,)."""
    median_ordered: float
    median_others: float

    def to_frame(self) -> pd.DataFrame:
        """One row for each kind of lead and bin."""
        parts = []
        for kind, counts in (("ordered", self.ordered), ("did not order", self.others)):
            columns = {"outcome": kind, "chance_from": self.edges[:-1], "chance_to": self.edges[1:], "leads": counts}
            parts.append(pd.DataFrame(columns | {"share": counts / counts.sum()}))
        return pd.concat(parts, ignore_index=True)


def spread(lineup: Lineup) -> Spread:
    """How the chances of leads that ordered lie beside those of the others.

    Raises:
        NotComputable: the model gives no chances, or there is but one kind of lead.
    """
    truth, chance = lineup.sample.outcome == 1, lineup.probability()
    if truth.all() or not truth.any():
        raise NotComputable(
            "leads that ordered and leads that did not are both needed, however: "
            f"{int(truth.sum())} of {len(truth)} ordered"
        )
    edges = np.linspace(0.0, min(1.0, max(float(chance.max()), 0.01)), BINS + 1)
    won, lost = (np.histogram(chance[kind], edges)[0] for kind in (truth, ~truth))
    medians = (float(np.median(chance[kind])) for kind in (truth, ~truth))
    return Spread(edges, won, lost, *medians)
