"""What tells one segment from the rest: fields with effect sizes, the most telling first.

    number    mean in the segment and in the rest; effect = their difference in standard deviations (Hedges' g)
    category  share of a value in the segment and in the rest; effect = Cohen's h, 2 asin sqrt(p) differences

Both effects read alike: 0.2 small, 0.5 middling, 0.8 large (Cohen 1988). Intervals are 95%, p by Holm over all rows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from core.data.leads import Leads
from core.data.segment_rules import SEGMENTS
from core.errors import NotComputable

LEAST = 20
"""Fewest customers of a segment, and of the rest, that are described. Source: ours."""
VALUES = 12
"""Most values of a category that are looked at, the commonest. Source: ours."""
COLUMNS = ("segment", "field", "value", "in_segment", "in_rest", "effect", "low", "high", "p")


def profile(leads: Leads, segment: np.ndarray) -> pd.DataFrame:
    """A row for each segment and each number, or value of a category: `COLUMNS`, by |effect| within the segment.

    `segment` (n,): campaign, organic or low. `value` is "" for numbers, whose in_segment and in_rest are means; for
    categories they are shares, 0..1.

    Raises:
        NotComputable: no segment, or no field, has enough to compare.
    """
    rows = [row for name in SEGMENTS for row in _of_segment(leads, segment == name, name)]
    if not rows:
        raise NotComputable(
            f"a profile needs a segment of {LEAST} customers, as many beside it, and a field that varies, however: "
            "there is none"
        )
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame["p"] = multipletests(frame["p"], method="holm")[1]
    size = frame["effect"].abs()
    return frame.assign(size=size).sort_values(["segment", "size"], ascending=[True, False]).drop(columns="size")


def _of_segment(leads: Leads, inside: np.ndarray, name: str) -> list[tuple]:
    if min(inside.sum(), (~inside).sum()) < LEAST:
        return []
    features, frame, rows = leads.schema.features, leads.features, []
    for field in features.numeric:
        values = frame[field].to_numpy(dtype=np.float64)
        known = np.isfinite(values)
        told = _hedges(values[inside & known], values[~inside & known])
        rows += [(name, field, "", *told)] if told else []
    for field in features.categorical:
        common = frame[field].value_counts().index[:VALUES]
        for value in common if len(common) > 1 else ():
            has = (frame[field] == value).to_numpy()
            rows.append((name, field, str(value) or "(missing)", *_cohen(has[inside], has[~inside])))
    return rows


def _hedges(a: np.ndarray, b: np.ndarray) -> tuple[float, ...] | None:
    """Means, effect, interval and p; None where too few are known or nothing varies."""
    n, m = len(a), len(b)
    if min(n, m) < LEAST or min(a.min(), b.min()) == max(a.max(), b.max()):
        return None
    pooled = ((n - 1) * a.var(ddof=1) + (m - 1) * b.var(ddof=1)) / (n + m - 2)
    if pooled <= 0:
        return None
    effect = (a.mean() - b.mean()) / np.sqrt(pooled) * (1 - 3 / (4 * (n + m) - 9))
    error = np.sqrt(1 / n + 1 / m + effect**2 / (2 * (n + m)))
    return (a.mean(), b.mean(), *_told(float(effect), float(error)))


def _cohen(a: np.ndarray, b: np.ndarray) -> tuple[float, ...]:
    effect = 2 * (np.arcsin(np.sqrt(a.mean())) - np.arcsin(np.sqrt(b.mean())))
    return (a.mean(), b.mean(), *_told(float(effect), float(np.sqrt(1 / len(a) + 1 / len(b)))))


def _told(effect: float, error: float) -> tuple[float, float, float, float]:
    wide = norm.ppf(0.975) * error
    return effect, effect - wide, effect + wide, float(2 * norm.sf(abs(effect) / error))
