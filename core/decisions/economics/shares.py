"""Which part of each lead goes to which kind of person, at the most value: a linear programme over bands of leads.

    max  sum w_ij x_ij      w_ij = value of lead i x factor of kind of person j for leads of i's class - its cost
    with sum_j x_ij <= 1    no lead twice
         sum_i x_ij <= C_j  nobody over capacity
         W_j / C_j >= (1 - fairness) sum W / sum C      each call is worth nearly the mean; W_j = sum_i w_ij x_ij

One variable for each lead and person would be millions. So the leads of a class stand in order of value, cut into
bands that are shared as one. The prices of calls that the solver finds bound what any sharing of single leads could
bring; bands within which these prices would treat leads differently are cut there, until the bound is reached.

In a class only the best leads, as many as can be called at all, can matter: an unused better lead (or a part of it, as
large as fairness allows) would take the place of a worse one.

Source: weak duality; the upper envelope of the lines v f_j - cost - price_j over v is convex, so that a band is worth
what its mean is worth exactly where the envelope is straight. The bound holds whichever variables the programme had, so
that after the first round only people near the envelope are offered a band.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from core.errors import NotComputable

PER_DOUBLING = 1
"""First bands for each doubling of the places: the best leads, which make up for a low factor, apart. Source: ours."""
MOST_ROUNDS = 60
NEAR = 0.05
"""Who at the last prices would lose more than this share of a band's value is not offered it. Source: ours."""
CLOSE = 1e-9
"""Relative gap to the bound at which a sharing counts as the best. Source: ours."""
CLOSE_AND_FAIR = 1e-3
"""The same with fairness, which single leads keep less exactly anyway. Source: ours."""


@dataclass(frozen=True)
class Shares:
    """The best sharing. One row for each lead and kind of person that shares in it."""

    lead: np.ndarray
    """(r,) int: place of the lead as given."""
    kind: np.ndarray
    """(r,) int: kind of person."""
    part: np.ndarray
    """(r,) above 0, at most 1: part of the lead; 1 throughout where no fairness was asked for."""
    bound: float
    """No dispatch that keeps to the rules is worth more."""


def best_shares(
    value: np.ndarray,
    group: np.ndarray,
    factor: np.ndarray,
    capacity: np.ndarray,
    fairness: float | None,
    cost: np.ndarray | None = None,
) -> Shares:
    """Share the leads at the most value.

    Shape: value (n,) above 0, group (n,) int class of each lead, factor (kinds, classes), capacity (kinds,) above 0,
    cost (classes,) of a call, 0 at least; None: all 0.

    Raises:
        NotComputable: the solver gave up.
    """
    leads = _worth_calling(value, group, factor, capacity)
    value, group = value[leads], group[leads]
    cost = np.zeros(factor.shape[1]) if cost is None else cost
    starts = _first_starts(group)
    close = CLOSE if fairness is None else CLOSE_AND_FAIR
    bands = _Bands.of(value, group, starts)
    every = offered = factor.T[bands.group] > 0
    for _ in range(MOST_ROUNDS):
        counts, most, price, weight = _solve(bands, factor, capacity, fairness, offered, cost)
        dear, spent = factor * weight[:, None], cost * weight[:, None]
        chosen, bound = _bound(value, group, dear, price, spent)
        bound += float(price @ capacity)
        cuts = starts | np.concatenate([[True], chosen[1:] != chosen[:-1]])
        settled = (cuts == starts).all()
        if bound - most <= close * bound or (settled and (offered == every).all()):
            break
        starts, bands = cuts, _Bands.of(value, group, cuts)
        every = factor.T[bands.group] > 0
        # Fairness moves the prices too far at first for the last ones to tell.
        offered = every if settled or fairness is not None else every & _near(bands, dear, price, spent)
    lead, kind, part = _dealt(bands, counts, factor, whole=fairness is None)
    return Shares(leads[lead], kind, part, bound)


@dataclass(frozen=True)
class _Bands:
    start: np.ndarray  # (bands,) place of the first lead
    size: np.ndarray
    mean: np.ndarray
    group: np.ndarray

    @staticmethod
    def of(value: np.ndarray, group: np.ndarray, starts: np.ndarray) -> _Bands:
        start = np.flatnonzero(starts)
        size = np.diff(start, append=len(value))
        return _Bands(start, size, np.add.reduceat(value, start) / size, group[start])


def _worth_calling(value: np.ndarray, group: np.ndarray, factor: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    """Places of the leads that can matter, by class and then best first."""
    order = np.lexsort((-value, group))
    room = capacity @ (factor > 0)
    return order[_place(group[order]) < room[group[order]]]


def _place(group: np.ndarray) -> np.ndarray:
    """Place within its class, from 0, of leads sorted by class."""
    _, first, size = np.unique(group, return_index=True, return_counts=True)
    return np.arange(len(group)) - np.repeat(first, size)


def _first_starts(group: np.ndarray) -> np.ndarray:
    band = np.floor(PER_DOUBLING * np.log2(_place(group) + 1))
    return np.concatenate([[True], (band[1:] != band[:-1]) | (group[1:] != group[:-1])])


def _solve(
    bands: _Bands,
    factor: np.ndarray,
    capacity: np.ndarray,
    fairness: float | None,
    offered: np.ndarray,
    cost: np.ndarray,
) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
    """Leads of each band for each kind (bands, kinds), their worth, price of a call (kinds,), weight of worth (kinds,).

    With fairness the last column of the programme is the least worth of a call.
    """
    kinds, total = len(capacity), capacity.sum()
    band, kind = np.nonzero(offered)
    scale = bands.mean.max()
    worth = (bands.mean[band] * factor[kind, bands.group[band]] - cost[bands.group[band]]) / scale
    many, column = len(bands.size), np.arange(len(band))
    rows, columns, cells = [band, many + kind], [column, column], [np.ones(len(band))] * 2
    limit = np.concatenate([bands.size, capacity])
    objective, equal, zero = -worth, None, None
    if fairness is not None:
        every = np.arange(kinds)
        rows += [many + kinds + kind, many + kinds + every]
        columns += [column, np.full(kinds, len(band))]
        cells += [-worth / capacity[kind], np.ones(kinds)]
        limit = np.concatenate([limit, np.zeros(kinds)])
        objective = np.append(objective, 0.0)
        equal, zero = np.append(worth * (1 - fairness) / total, -1.0)[None], [0.0]
    table = coo_array(
        (np.concatenate(cells), (np.concatenate(rows), np.concatenate(columns))), (len(limit), len(objective))
    )
    # Interior points, then a crossover: it ends in a corner, where the counts of an unfair sharing are whole.
    found = linprog(objective, table.tocsc(), limit, equal, zero, method="highs-ipm")
    if found.status != 0:
        raise NotComputable(f"the solver found no dispatch ({found.message}); check capacities and values")
    counts = np.zeros((many, kinds))
    counts[band, kind] = np.maximum(found.x[: len(band)], 0.0)
    price = np.maximum(-found.ineqlin.marginals, 0.0)
    dear = price[many + kinds :]
    weight = np.ones(kinds) if fairness is None else 1 + dear / capacity - (1 - fairness) * dear.sum() / total
    return counts, -found.fun * scale, price[many : many + kinds] * scale, weight


def _bound(
    value: np.ndarray, group: np.ndarray, factor: np.ndarray, price: np.ndarray, spent: np.ndarray
) -> tuple[np.ndarray, float]:
    """Who would pay most for each lead at these prices (n,), -1 nobody, and the sum of what they would gain.

    `spent`: cost of a call by kind and class, as `factor`.
    """
    chosen, gain = np.full(len(value), -1), 0.0
    for one in np.unique(group):
        here = np.flatnonzero(group == one)
        able = np.flatnonzero(factor[:, one] > 0)
        if not len(able):
            continue
        margin = np.outer(value[here], factor[able, one]) - spent[able, one] - price[able]
        best = margin.argmax(axis=1)
        top = margin[np.arange(len(here)), best]
        chosen[here] = np.where(top > 0, able[best], -1)
        gain += float(np.maximum(top, 0.0).sum())
    return chosen, gain


def _near(bands: _Bands, factor: np.ndarray, price: np.ndarray, spent: np.ndarray) -> np.ndarray:
    """Who would pay nearly as much for a band as anybody, (bands, kinds) bool."""
    margin = bands.mean[:, None] * factor.T[bands.group] - spent.T[bands.group] - price
    return margin >= (np.maximum(margin.max(axis=1), 0.0) - NEAR * bands.mean)[:, None]


def _dealt(
    bands: _Bands, counts: np.ndarray, factor: np.ndarray, *, whole: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Single leads: whole ones, the better to who makes more of them, or the same part of every lead of a band."""
    band, kind = np.nonzero(counts > 1e-9)
    count = counts[band, kind]
    if not whole:
        size = bands.size[band]
        part = np.repeat(np.minimum(count / size, 1.0), size)
        return np.repeat(bands.start[band], size) + _within(size), np.repeat(kind, size), part
    order = np.lexsort((-factor[kind, bands.group[band]], band))
    band, kind, size = band[order], kind[order], np.rint(count[order]).astype(np.int64)
    before = np.cumsum(size) - size
    first = before - before[np.searchsorted(band, band)]
    lead = np.repeat(bands.start[band] + first, size) + _within(size)
    return lead, np.repeat(kind, size), np.ones(len(lead))


def _within(size: np.ndarray) -> np.ndarray:
    """0, 1, ... of each of several runs.

    Example:
        >>> _within(np.array([2, 3])).tolist()
        [0, 1, 0, 1, 2]
    """
    return np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
