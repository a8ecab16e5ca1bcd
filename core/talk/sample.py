"""Which leads are looked at: the rare best ones too, and all times; each with the number of leads that it stands for.

all leads --shuffle--> pool, scored --rank--> bands: best 1%, to 5%, to 20%, rest; each in four parts by time
                                              a cell of N leads gives about sqrt(N) of the sample, each weight N / n
"""

from __future__ import annotations

import numpy as np
import pandas as pd

POOL = 5
"""Leads that are scored for one that is looked at: scoring is far cheaper than reasons. Source: ours."""
BANDS = (0.01, 0.05, 0.20)
"""Ends of the bands of ranks, as shares of the pool; the rest is the last band."""
TIMES = 4
"""Parts by time, of equal size, of each band."""


def pool(leads: int, size: int, seed: int = 0) -> np.ndarray:
    """Rows to score, in random order, so that the pool of a smaller sample begins that of a larger one.

    Shape: (min(leads, POOL * size),), int64.

    Example:
        >>> pool(100, 4).tolist() == pool(100, 8)[:20].tolist()
        True
    """
    return np.random.default_rng(seed).permutation(leads)[: POOL * size]


def choose(score: np.ndarray, time: np.ndarray, size: int, seed: int = 0) -> pd.DataFrame:
    """`size` leads of a pool, or all of them where it has no more.

    Args:
        score: (n,), the higher the better.
        time: (n,), datetime64, NaT where unknown.

    Returns:
        A row for each chosen lead: row (in the pool), band (0 = the best), weight (leads of the pool it stands for).

    Source: power allocation with exponent 1/2, Bankier 1988: bands of very different size are each told fairly well.
    """
    n = len(score)
    rank = np.empty(n, dtype=np.int64)
    rank[np.argsort(-score, kind="stable")] = np.arange(n)
    band = np.searchsorted(np.ceil(np.array(BANDS) * n), rank, side="right")
    cell = band * TIMES + _part_of_time(band, time)
    held = np.bincount(cell, minlength=(len(BANDS) + 1) * TIMES)
    taken = _allocate(held, min(size, n))
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(np.flatnonzero(cell == place))[: taken[place]] for place in range(len(held))]
    chosen = np.sort(np.concatenate(rows)).astype(np.int64)
    weight = (held / np.maximum(taken, 1))[cell[chosen]]
    return pd.DataFrame({"row": chosen, "band": band[chosen], "weight": weight})


def _part_of_time(band: np.ndarray, time: np.ndarray) -> np.ndarray:
    """0..TIMES - 1 for each lead, earliest first, equally many in each band; leads without a date come last."""
    part = np.zeros(len(band), dtype=np.int64)
    for one in np.unique(band):
        rows = np.flatnonzero(band == one)
        order = rows[np.argsort(time[rows], kind="stable")]
        part[order] = np.arange(len(order)) * TIMES // max(len(order), 1)
    return part


def _allocate(held: np.ndarray, size: int) -> np.ndarray:
    """How many of each cell: in proportion to the root of what it holds, one at least where there is any, never more
    than it holds; `size` in all, or one a cell where that is more."""
    taken = (held > 0).astype(np.int64)
    for _ in range(max(size - int(taken.sum()), 0)):
        # The next lead goes where the sample lies furthest behind the root.
        behind = np.where(taken < held, np.sqrt(held) / (taken + 0.5), -1.0)
        taken[int(behind.argmax())] += 1
    return taken
