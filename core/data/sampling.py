"""Batches in which every tier finds leads to pair, and the outcome rate that they show.

Source: ours, after the authors' code, which repeats converted leads in each epoch.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from core.errors import NotComputable


def strata(stage: np.ndarray, converted: np.ndarray) -> np.ndarray:
    """Stratum of each lead, shape (n,) int64: its stage and whether it converted.

    Example:
        >>> strata(np.array([0, 1, -1]), np.array([0.0, 1.0, np.nan])).tolist()
        [2, 5, 0]
    """
    return 2 * (np.asarray(stage, dtype=np.int64) + 1) + (np.asarray(converted) == 1)


def stratified_batches(
    strata: np.ndarray,
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    minimum: int | None = None,
    max_repeats: int = 10,
) -> list[np.ndarray]:
    """One epoch of batches: every lead at least once, each stratum spread evenly, rare ones repeated to fill `minimum`.

    No lead stands twice in a batch, nor more than `max_repeats` times in an epoch: a stratum too rare for that is
    absent from some batches. Batches hold `batch_size` leads on average at most; each one differs from the average by
    less than the number of strata. The same seed and epoch give the same batches.

    Shape: strata (n,) any labels; result arrays of int64 positions.
    Args: minimum: leads of each stratum in each batch; None = 1/16 of the batch (4 of 64), less where that would fill
        half of it. max_repeats: as in the authors' code, where a converted lead comes 10 times an epoch.

    Example:
        >>> batches = stratified_batches(np.array([0] * 15 + [1]), 8, seed=0, epoch=0, minimum=1)
        >>> [(len(batch), 15 in batch) for batch in batches]
        [(6, True), (6, True), (6, True)]
    """
    if batch_size < 1 or max_repeats < 1:
        raise ValueError(f"batch_size and max_repeats must be 1 or more, however: got={batch_size}, {max_repeats}")
    if len(strata) == 0:
        return []
    _, code, sizes = np.unique(strata, return_inverse=True, return_counts=True)
    if minimum is None:
        minimum = max(1, min(batch_size // 16, batch_size // (2 * len(sizes))))
    batches = -(-len(code) // batch_size)
    while True:
        wanted = np.minimum(np.minimum(minimum, sizes) * batches, max_repeats * sizes)
        quota = np.maximum(sizes, wanted)
        needed = -(-int(quota.sum()) // batch_size)
        if needed <= batches:
            break
        batches = needed
    rng = np.random.default_rng((seed, epoch))
    parts: list[list[np.ndarray]] = [[] for _ in range(batches)]
    for number, draws in enumerate(quota):
        # One permutation walked round and round: a lead comes again only when all others of its stratum have come.
        members = rng.permutation(np.flatnonzero(code == number))
        edges = (np.arange(batches + 1) * draws + rng.integers(batches)) // batches
        for batch, (start, stop) in enumerate(pairwise(edges)):
            parts[batch].append(members[np.arange(start, stop) % len(members)])
    return [np.concatenate(part) for part in parts if sum(map(len, part))]


def mostly_won(rows: np.ndarray, converted: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """At most `limit` of `rows`, up to half of them converted, the rest drawn evenly; ascending.

    Shape: rows (r,) positions in converted (n,) 1, 0 or NaN.

    Example:
        >>> converted = np.array([0, 0, 1, 0, 1, 0.0])
        >>> kept = mostly_won(np.arange(6), converted, 4, seed=0)
        >>> len(kept), int(converted[kept].sum())
        (4, 2)
    """
    if len(rows) <= limit:
        return rows
    rng = np.random.default_rng(seed)
    won, others = rows[converted[rows] == 1], rows[converted[rows] != 1]
    kept = won if len(won) <= limit // 2 else rng.choice(won, limit // 2, replace=False)
    return np.sort(np.concatenate([kept, rng.choice(others, min(limit - len(kept), len(others)), replace=False)]))


def evenly(rows: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """At most `limit` of `rows`, drawn evenly; ascending.

    Example:
        >>> len(evenly(np.arange(6), 4, seed=0)), evenly(np.arange(3), 4, seed=0).tolist()
        (4, [0, 1, 2])
    """
    return rows if len(rows) <= limit else np.sort(np.random.default_rng(seed).choice(rows, limit, replace=False))


def with_partners(batches: list[np.ndarray], chosen: np.ndarray, rejected: np.ndarray) -> list[np.ndarray]:
    """The batches, each with the rejected lead of every pair whose chosen lead it holds: so each pair is learned from
    at least once an epoch. A lead still stands once in a batch; a batch grows by its partners.

    Shape: chosen, rejected (p,) positions; arrays of int64 positions.

    Example:
        >>> [batch.tolist() for batch in with_partners([np.array([0, 1]), np.array([2])], np.array([2]), np.array([0]))]
        [[0, 1], [2, 0]]
    """
    partners = (np.unique(rejected[np.isin(chosen, batch)]) for batch in batches)
    return [np.concatenate([batch, own[~np.isin(own, batch)]]) for batch, own in zip(batches, partners, strict=True)]


def sampled_rate(converted: np.ndarray, batches: list[np.ndarray]) -> float:
    """Share of converted leads among those of known outcome that an epoch of batches shows: the sampling prior.

    Correcting for it mends the overall rate. Leads of rare stages that did not convert were oversampled as well; what
    that leaves is for the calibration on a slice that was not resampled.

    Raises:
        NotComputable: no lead of the batches has a known outcome.
    """
    seen = converted[np.concatenate(batches)] if batches else np.empty(0)
    if not np.isfinite(seen).any():
        raise NotComputable("the sampling prior needs leads of known outcome in the batches, however: there are none")
    return float(np.nanmean(seen))
