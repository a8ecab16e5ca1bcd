"""Random halves of strata and matched pairs, many draws at once, and how far the two arms of a draw lie apart.

z is the sum of each column over the specialists, + in treatment and - in control; V is its covariance over all draws
that the strata allow. M = z' V^-1 z is the Mahalanobis distance of Morgan & Rubin (2012) where there is one stratum.

# DIFF: with strata V is that of the stratified draw, not of the specialists: else strata that balance much by
# themselves would make nearly every draw look alike enough, and rerandomisation would do little.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial.distance import pdist


def halves(code: np.ndarray, rng: np.random.Generator, times: int) -> np.ndarray:
    """Random halves of each stratum; of the odd ones, a random half gets one more in treatment. (times, k) bool."""
    sizes = np.bincount(code)
    odd = np.flatnonzero(sizes % 2)
    more = (len(odd) + rng.integers(0, 2, (times, 1))) // 2
    treated = np.empty((times, len(code)), dtype=bool)
    seats = np.tile(sizes // 2, (times, 1))
    seats[:, odd] += rng.permuted(np.tile(np.arange(len(odd)), (times, 1)), axis=1) < more
    for stratum, size in enumerate(sizes):
        treated[:, code == stratum] = _seated(seats[:, stratum], size, rng)
    return treated


def possible(code: np.ndarray) -> int:
    """How many different draws `halves` can make, each as likely as any other. Shape (k,) numbers of strata.

    Example:
        >>> possible(np.array([0, 0, 1, 1])), possible(np.zeros(6, dtype=int))
        (4, 20)
    """
    sizes = np.bincount(code).tolist()
    odd = sum(size % 2 for size in sizes)
    # Of an odd number of odd strata, either half may be the larger one.
    return (1 + odd % 2) * math.comb(odd, odd // 2) * math.prod(math.comb(size, size // 2) for size in sizes)


def _seated(seats: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """So many of `size` places in each row, each choice as likely. (times,) -> (times, size) bool.

    A coin for each place, then random places are turned until the number is right: many times quicker than shuffling.
    """
    taken = rng.integers(0, 2, (len(seats), size), dtype=bool)
    excess = taken.sum(axis=1) - seats
    rows = np.flatnonzero(excess)
    while len(rows):
        place = rng.integers(0, size, len(rows))
        turn = taken[rows, place] == (excess[rows] > 0)
        turned, place = rows[turn], place[turn]
        taken[turned, place] = ~taken[turned, place]
        excess[turned] -= np.sign(excess[turned])
        rows = rows[excess[rows] != 0]
    return taken


def whitened(columns: np.ndarray, code: np.ndarray) -> np.ndarray:
    """The columns turned and scaled so that z has covariance 1; what does not vary over draws drops out.

    Shape: (k, p) numbers, (k,) numbers of strata -> (k, rank).
    """
    columns = columns - columns.mean(axis=0)
    spread = columns.std(axis=0)
    columns = columns[:, spread > 0] / spread[spread > 0]
    values, vectors = np.linalg.eigh(covariance(columns, code))
    sound = values > 1e-9 * values.max(initial=0)
    return columns @ (vectors[:, sound] / np.sqrt(values[sound]))


def covariance(columns: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Covariance of z over all draws of `halves`, exactly. (k, p), (k,) -> (p, p)."""
    groups = [columns[code == stratum] for stratum in range(code.max() + 1)]
    odd = np.array([group.mean(axis=0) for group in groups if len(group) % 2] or np.empty((0, columns.shape[1])))
    # The odd strata's spare places are halved among them, as if their means were one more stratum.
    total = sum((_halved(group) for group in [*groups, odd] if len(group)), np.zeros((columns.shape[1],) * 2))
    return total + np.outer(odd.mean(axis=0), odd.mean(axis=0)) if len(odd) % 2 else total


def _halved(group: np.ndarray) -> np.ndarray:
    n = len(group)
    centred = group - group.mean(axis=0)
    return centred.T @ centred * ((n + 1) / n if n % 2 else n / (n - 1))


def distance(treated: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """M of each draw: (b, k) bool and the whitened columns (k, rank) -> (b,)."""
    # The columns sum to 0, so z is twice the sum over treatment.
    return 4 * ((treated.astype(np.float64) @ columns) ** 2).sum(axis=1)


def matched_pairs(place: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Nearest first, within strata and then among those left over. (k, p), (k,) -> (k // 2, 2) row numbers."""
    pairs: list[tuple[int, int]] = []
    left: list[int] = []
    for stratum in range(code.max() + 1):
        matched, single = _matched(np.flatnonzero(code == stratum), place)
        pairs += matched
        left += single
    return np.array(pairs + _matched(np.array(left, dtype=np.int64), place)[0])


def _matched(rows: np.ndarray, place: np.ndarray) -> tuple[list[tuple[int, int]], list[int]]:
    first, second = np.triu_indices(len(rows), 1)
    order = np.argsort(pdist(place[rows]), kind="stable") if len(rows) > 1 else np.empty(0, dtype=np.int64)
    free, pairs = dict.fromkeys(rows.tolist()), []
    for one, other in zip(rows[first[order]].tolist(), rows[second[order]].tolist(), strict=True):
        if one in free and other in free:
            del free[one], free[other]
            pairs.append((one, other))
    return pairs, list(free)


def coins(pairs: np.ndarray, people: int, rng: np.random.Generator, times: int) -> np.ndarray:
    """A coin for each pair, and one for who has no partner. (times, people) bool."""
    treated = rng.integers(0, 2, (times, people)).astype(bool)
    treated[:, pairs[:, 1]] = ~treated[:, pairs[:, 0]]
    return treated
