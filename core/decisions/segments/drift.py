"""Segments month by month: how many there are of each, and whether that changed beyond chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from core.data.segment_rules import SEGMENTS
from core.errors import NotComputable

LEAST = 30
"""Fewest customers of a month that is compared. Source: ours."""


@dataclass(frozen=True, eq=False)
class Drift:
    """Segments over time."""

    months: pd.DataFrame
    """A row a month and segment: month (first day), segment, customers (of the segment), of (all of the month), share,
    low, high (95%, Wilson)."""
    changed: pd.DataFrame
    """A row a segment: segment, p (chi-square over the months, Holm over segments), changed (p < 0.05), first and last
    (share in the first and last month)."""
    left_out: int
    """Customers without a date, or of a month with too few."""


def drift(segment: np.ndarray, time: pd.Series) -> Drift:
    """Shapes (n,): segment, campaign / organic / low; time, NaT where unknown.

    Raises:
        NotComputable: fewer than two months have customers enough.
    """
    month = time.dt.to_period("M").dt.to_timestamp()
    counts = pd.crosstab(month, pd.Categorical(segment, categories=SEGMENTS), dropna=False)
    counts = counts[counts.index.notna()]
    kept = counts[counts.sum(axis=1) >= LEAST]
    if len(kept) < 2:
        raise NotComputable(
            f"a change over time needs two months of {LEAST} customers or more, however: there are {len(kept)}; name "
            "the date under [roles] snapshot_time, or bring in more months"
        )
    of = kept.sum(axis=1)
    months = pd.concat([_of_segment(name, kept[name], of) for name in SEGMENTS], ignore_index=True)
    tests = [
        chi2_contingency(np.stack([kept[name], of - kept[name]]))[1] if 0 < kept[name].sum() < of.sum() else 1.0
        for name in SEGMENTS
    ]
    p = multipletests(tests, method="holm")[1]
    shares = kept.div(of, axis=0)
    changed = pd.DataFrame(
        {
            "segment": SEGMENTS,
            "p": p,
            "changed": p < 0.05,
            "first": [shares[name].iloc[0] for name in SEGMENTS],
            "last": [shares[name].iloc[-1] for name in SEGMENTS],
        }
    )
    return Drift(months, changed, int(len(segment) - of.sum()))


def _of_segment(name: str, counts: pd.Series, of: pd.Series) -> pd.DataFrame:
    low, high = proportion_confint(counts, of, method="wilson")
    return pd.DataFrame(
        {
            "month": counts.index,
            "segment": name,
            "customers": counts.to_numpy(),
            "of": of.to_numpy(),
            "share": (counts / of).to_numpy(),
            "low": np.asarray(low),
            "high": np.asarray(high),
        }
    )
