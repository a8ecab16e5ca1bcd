"""Rules that teams call by today: nothing is learned. Each gives a score, (n,) float64, higher = call earlier.

`known_stage` is a stage known at scoring time, such as the CRM's on the day of the snapshot: never `Leads.stage`, which
tells what came afterwards.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata


def newest(snapshot_time: np.ndarray) -> np.ndarray:
    """The newest lead first; leads of unknown time (NaT) last. Shape: snapshot_time (n,) datetime64.

    Example:
        >>> newest(np.array(["2026-03-01", "NaT", "2026-03-02"], dtype="datetime64[D]")).argsort()[::-1].tolist()
        [2, 0, 1]
    """
    time = np.asarray(snapshot_time, dtype="datetime64[us]")
    return _stage_first(np.zeros(len(time)), np.where(np.isnat(time), np.nan, time.astype(np.float64)))


def funnel_recency(known_stage: np.ndarray, recency: np.ndarray) -> np.ndarray:
    """The deepest stage first; within a stage the most recent, unknown recency (NaN) last.

    Shape: known_stage (n,), unknown (-1 or NaN) last; recency (n,), higher = more recent: give days since as -days.

    Example:
        >>> funnel_recency(np.array([1, 0, 1]), np.array([-30.0, -1.0, -2.0])).argsort()[::-1].tolist()
        [2, 0, 1]
    """
    return _stage_first(known_stage, recency)


def two_stage(known_stage: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The deepest stage first; within a stage a model's `score`, NaN last. Shapes as in `funnel_recency`."""
    return _stage_first(known_stage, score)


def _stage_first(stage: np.ndarray, value: np.ndarray) -> np.ndarray:
    """The stage's place among the stages there are, plus the value's rank as a fraction below 1: the stages may be
    less than 1 apart, and leads that tie in both tie in the score."""
    place = rankdata(np.where(np.isnan(stage), -1.0, stage), method="dense")
    rank = rankdata(np.where(np.isnan(value), -np.inf, value))
    return place + rank / (len(rank) + 1)
