"""Whether the chances still come true lately: promised against ordered, month by month of the leads' data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm, poisson_binom
from statsmodels.stats.multitest import multipletests

from core.errors import NotComputable
from core.evaluation import wilson
from core.lift.lineup import Lineup

FEWEST = 30
"""Fewest leads that a month, or quarter, is told of."""
WANTED = 100
"""Mean leads a month below which quarters are told instead."""
EXACT = 20_000
"""Most leads of which the number of orders is tested exactly: half a second."""
ALPHA = 0.05


@dataclass(frozen=True)
class Cohort:
    """Leads of one month or quarter."""

    name: str
    """Such as `June 2025` or `Q2 2025`."""
    leads: int
    orders: int
    promised: float
    """Mean chance."""
    came: float
    """Share that ordered, with Wilson's interval."""
    low: float
    high: float
    p: float
    """How often so many or so few orders come where every chance is right, both sides."""
    p_holm: float
    """The same, with all cohorts taken into account (Holm)."""

    @property
    def off(self) -> bool:
        """Whether the chances are off by more than luck explains."""
        return self.p_holm < ALPHA


@dataclass(frozen=True)
class Cohorts:
    """In the order of time."""

    cohorts: tuple[Cohort, ...]
    by: str
    """`month` or `quarter`."""
    left_out: int
    """Leads without a date, or of a month or quarter with fewer than `FEWEST` of them."""

    @property
    def newest(self) -> Cohort:
        return self.cohorts[-1]

    @property
    def words(self) -> str:
        """What the newest one says, in two sentences."""
        new = self.newest
        said = (
            f"In {new.name} the chances promised {new.promised:.1%}, and {new.came:.1%} ordered "
            f"({new.orders:,} of {new.leads:,} leads)."
        )
        if not new.off:
            return f"{said} That is within what luck explains."
        way = "high" if new.came < new.promised else "low"
        return (
            f"{said} That is more than luck explains: the chances are too {way} by now. Train again with newer leads."
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a cohort."""
        return pd.DataFrame([{**vars(one), "off": one.off} for one in self.cohorts])


def cohorts(lineup: Lineup) -> Cohorts:
    """Promised and observed orders of the tested leads, whose outcomes are final: by month, or where months are small
    by quarter.

    Test: were each chance right, the number of orders would be a sum of independent draws with these chances (Poisson
    binomial); twice the smaller tail, exact up to `EXACT` leads, then the normal distribution with the same mean and
    variance. Holm over the cohorts. Leads of one customer count as independent, so p is somewhat too small where many
    come back.

    Raises:
        NotComputable: the model gives no chances, or no month and no quarter has enough dated leads.
    """
    # Leads too young for a final outcome are in no test: see `core.data.splitting`.
    chance, outcome = lineup.probability(), lineup.sample.outcome
    time = lineup.leads.roles["snapshot_time"]
    known = time.notna().to_numpy()
    frame = pd.DataFrame({"time": time[known], "chance": chance[known], "ordered": outcome[known]})
    months = frame["time"].dt.to_period("M")
    by = "month" if len(frame) >= WANTED * max(months.nunique(), 1) else "quarter"
    period = months if by == "month" else frame["time"].dt.to_period("Q")
    groups = [(start, part) for start, part in frame.groupby(period) if len(part) >= FEWEST]
    if not groups:
        raise NotComputable(
            f"no month and no quarter has {FEWEST} dated leads of known outcome, so the chances cannot be "
            "followed over time"
        )
    ps = [_p(part["chance"].to_numpy(), int(part["ordered"].sum())) for _, part in groups]
    holm = multipletests(ps, method="holm")[1]
    told = [_cohort(start, part, p, q) for (start, part), p, q in zip(groups, ps, holm, strict=True)]
    return Cohorts(tuple(told), by, len(lineup) - sum(one.leads for one in told))


def _cohort(start: pd.Period, part: pd.DataFrame, p: float, p_holm: float) -> Cohort:
    leads, orders = len(part), int(part["ordered"].sum())
    came = wilson(orders, leads)
    name = f"Q{start.quarter} {start.year}" if start.freqstr.startswith("Q") else start.strftime("%B %Y")
    promised = float(part["chance"].mean())
    return Cohort(name, leads, orders, promised, came.value, came.low, came.high, float(p), float(p_holm))


def _p(chance: np.ndarray, orders: int) -> float:
    if len(chance) <= EXACT:
        drawn = poisson_binom(np.clip(chance, 0.0, 1.0))
        tails = float(drawn.cdf(orders)), float(drawn.sf(orders - 1))
    else:
        mean, sd = chance.sum(), np.sqrt((chance * (1 - chance)).sum())
        tails = float(norm.cdf((orders + 0.5 - mean) / sd)), float(norm.sf((orders - 0.5 - mean) / sd))
    return min(1.0, 2 * min(tails))
