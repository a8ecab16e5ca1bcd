"""The hazard of an average lead in Cox's model, added up over the days; for `time_to_order`.

Source: Cox 1972; ties after Efron 1977.
# DIFF: the baseline hazard is added up here: statsmodels' own leaves out the orders of the day it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Baseline:
    """The hazard of an average lead, added up; K distinct days with orders, p columns."""

    days: np.ndarray
    """Shape (K,), rising."""
    hazard: np.ndarray
    """Shape (K,): H up to and with each day."""
    noise: np.ndarray
    """Shape (K,): the variance of H where b is known."""
    drift: np.ndarray
    """Shape (K, p): the fields of those at risk, averaged by hazard and added up by H's steps."""


def baseline(x: np.ndarray, days: np.ndarray, ordered: np.ndarray, effects: np.ndarray) -> Baseline:
    """The hazard where every column is 0. Shapes (n, p), (n,), (n,) bool, (p,); ties as Efron's.

    Of d orders of one day, the j-th finds the first j - 1 gone in part: it steps by 1 / (S - (j - 1) / d F), S the sum
    of e^(x b) over the leads still waiting and F that over the day's orders.

    Example:
        >>> days, ordered = np.array([1, 2, 2, 3]), np.array([True, True, False, False])
        >>> found = baseline(np.zeros((4, 1)), days, ordered, np.zeros(1))
        >>> found.days.tolist(), found.hazard.round(4).tolist()
        ([1, 2], [0.25, 0.5833])
    """
    weight = np.exp(x @ effects)
    weighted = np.column_stack([weight, weight[:, None] * x])
    latest = np.argsort(-days, kind="stable")
    waiting = weighted[latest].cumsum(axis=0)
    moments, event, sizes = np.unique(days[ordered], return_inverse=True, return_counts=True)
    at_risk = waiting[np.searchsorted(-days[latest], -moments, side="right") - 1]
    gone = np.zeros((len(moments), weighted.shape[1]))
    np.add.at(gone, event, weighted[ordered])
    share = np.concatenate([np.arange(size) / size for size in sizes])[:, None]
    day = np.repeat(np.arange(len(moments)), sizes)
    left = at_risk[day] - share * gone[day]
    step, mean = 1 / left[:, 0], left[:, 1:] / left[:, :1]
    last = sizes.cumsum() - 1
    return Baseline(moments, step.cumsum()[last], (step**2).cumsum()[last], (step[:, None] * mean).cumsum(axis=0)[last])
