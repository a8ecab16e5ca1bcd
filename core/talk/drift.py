"""Talk month by month: which kinds of talk come up more often than they did, or less, beyond chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import chi2

from core.comparison import holm
from core.errors import NotComputable
from core.evaluation import wilson
from core.ranking import LEVEL

FEWEST_MONTHS = 3
FEWEST_LEADS = 20
"""Conversations of a month below which it is left out: its shares would jump by chance alone."""


def by_month(said: np.ndarray, time: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two tables: a row a kind of talk and month, and a row a kind.

    Args:
        said: (leads with a conversation, kinds), bool.
        time: (the same leads,), datetime, NaT where unknown.

    Returns:
        months: kind, month (its first day), conversations, share, low, high.
        trends: kind, first, last (shares of the first and last month by the straight line through all), p_holm of the
        trend over all kinds, drifts (whether that is beyond chance).

    Raises:
        NotComputable: there are no dates, or fewer than FEWEST_MONTHS months with FEWEST_LEADS conversations.

    Source of the test: Cochran 1954 and Armitage 1955, as N - 1 times the squared correlation (Agresti 2013, 3.4).
    """
    if not time.notna().any():
        raise NotComputable(
            "talk by month needs dates, however: these leads have none; name the column with the date of each lead "
            "(snapshot_time) when the file is brought in"
        )
    month = time.dt.to_period("M")
    counts = month.value_counts().sort_index()
    kept = counts[counts >= FEWEST_LEADS]
    if len(kept) < FEWEST_MONTHS:
        raise NotComputable(
            f"talk by month needs {FEWEST_MONTHS} months with {FEWEST_LEADS} conversations each, however: "
            f"{len(kept)} of {len(counts)} months have so many; bring in leads of a longer time"
        )
    inside = month.isin(kept.index).to_numpy()
    place = (month[inside].dt.year * 12 + month[inside].dt.month).to_numpy(dtype=float)
    talk = said[inside]
    months = [
        {
            "kind": kind,
            "month": one.to_timestamp(),
            "conversations": int(held),
            **_share(int(talk[(month[inside] == one).to_numpy(), kind].sum()), int(held)),
        }
        for one, held in kept.items()
        for kind in range(talk.shape[1])
    ]
    trends = pd.DataFrame([_trend(talk[:, kind], place) for kind in range(talk.shape[1])])
    corrected = holm({str(kind): p for kind, p in enumerate(trends.pop("p"))})
    p = np.array([corrected[str(kind)] for kind in range(len(trends))])
    trends.insert(0, "kind", range(len(trends)))
    return pd.DataFrame(months), trends.assign(p_holm=p, drifts=p < 1 - LEVEL)


def _share(hits: int, trials: int) -> dict[str, float]:
    found = wilson(hits, trials)
    return {"share": found.value, "low": found.low, "high": found.high}


def _trend(said: np.ndarray, place: np.ndarray) -> dict[str, float]:
    mean = float(said.mean())
    if not 0 < mean < 1:
        return {"first": mean, "last": mean, "p": 1.0}
    slope, start = np.polyfit(place - place.min(), said.astype(float), 1)
    first, last = np.clip([start, start + slope * (place.max() - place.min())], 0, 1)
    correlation = float(np.corrcoef(said, place)[0, 1])
    return {"first": first, "last": last, "p": float(chi2.sf((len(said) - 1) * correlation**2, 1))}
