"""Figures by group of leads (channel, region, owner): where the list works, and where too few leads can tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import LeadRankError
from core.evaluation import Measure, Missing, Sample, measured, wilson
from core.lift.lineup import Lineup, columns
from core.ranking import Figure

FEWEST_LEADS, FEWEST_ORDERS = 50, 5
"""Groups below either get no figures: they would be noise that looks like a finding."""
MOST_GROUPS = 25
"""So many of the largest groups have figures: a column of thousands of values is no grouping."""
OWNER, UNKNOWN = "owner", "not known"


@dataclass(frozen=True)
class Segment:
    """One group of leads."""

    name: str
    leads: int
    orders: int
    base_rate: Figure | Missing
    """Share that ordered, with Wilson's interval."""
    precision: Figure | Missing
    """Share that ordered among the group's own best leads."""
    auc: Figure | Missing
    """How often a lead of the group that ordered stands above one that did not."""

    @property
    def told(self) -> bool:
        """Whether it has figures at all."""
        return isinstance(self.base_rate, Figure)


@dataclass(frozen=True)
class Segments:
    """A column's groups, the largest first."""

    column: str
    share: float
    """Of each group's own leads, the best so many count as called."""
    groups: tuple[Segment, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row a group; figures without a value are empty, with the reason beside."""
        rows = []
        for one in self.groups:
            row = {self.column: one.name, "leads": one.leads, "orders": one.orders}
            for name in ("base_rate", "precision", "auc"):
                row |= columns(name, getattr(one, name))
            rows.append(row)
        return pd.DataFrame(rows)


def segment_columns(lineup: Lineup) -> tuple[str, ...]:
    """Columns to group by: the owner, where known, and every categorical feature of more than one value."""
    roles, features = lineup.leads.roles, lineup.leads.features
    found = [OWNER] if roles["owner"].nunique() > 1 else []
    return (*found, *(c for c in lineup.leads.schema.features.categorical if features[c].nunique() > 1))


def by_segment(lineup: Lineup, column: str, share: float, *, resamples: int = 1000, seed: int = 0) -> Segments:
    """Figures of each group, when the best `share` of its own leads are called.

    Groups of fewer than FEWEST_LEADS leads or FEWEST_ORDERS orders (or others) have no figures, and say so; neither
    have those after the MOST_GROUPS largest.

    Raises:
        LeadRankError: the column cannot be grouped by, or `share` is not in (0, 1].
    """
    if column not in segment_columns(lineup):
        raise LeadRankError(f"leads can be grouped by {list(segment_columns(lineup))}, however: got={column!r}")
    if not 0 < share <= 1:
        raise LeadRankError(f"the share that is called must lie in (0, 1], however: got={share!r}")
    held = (lineup.leads.roles[OWNER] if column == OWNER else lineup.leads.features[column]).astype(str)
    code, names = pd.factorize(held, sort=True)
    leads = np.bincount(code)
    orders = np.bincount(code, weights=lineup.sample.outcome).astype(int)
    score, groups, told = lineup.score(), [], 0
    for place in np.argsort(-leads, kind="stable"):
        few = _too_few(int(leads[place]), int(orders[place]), told)
        told += few is None
        name = str(names[place]) or UNKNOWN
        if few is None:
            groups.append(_segment(name, lineup, score, np.flatnonzero(code == place), share, resamples, seed))
        else:
            groups.append(Segment(name, int(leads[place]), int(orders[place]), few, few, few))
    return Segments(column, share, tuple(groups))


def _too_few(leads: int, orders: int, told: int) -> Missing | None:
    """Why a group gets no figures; None where it does."""
    if leads < FEWEST_LEADS or min(orders, leads - orders) < FEWEST_ORDERS:
        return Missing(
            f"too few leads: {leads}, of which {orders} ordered; figures need {FEWEST_LEADS} leads, with "
            f"{FEWEST_ORDERS} that ordered and {FEWEST_ORDERS} that did not"
        )
    return Missing(f"not among the {MOST_GROUPS} largest groups") if told >= MOST_GROUPS else None


def _segment(
    name: str, lineup: Lineup, score: np.ndarray, rows: np.ndarray, share: float, resamples: int, seed: int
) -> Segment:
    sample = Sample.of(lineup.leads, rows)
    leads, orders = len(rows), int(sample.outcome.sum())
    measure = Measure("precision_at", share)
    found = measured(sample, {"": score[rows]}, [measure], resamples, seed)[0][""]
    return Segment(name, leads, orders, wilson(orders, leads), found[measure.name], found["auc"])
