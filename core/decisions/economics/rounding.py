"""Whole leads from parts of leads, and the leads of people who are alike dealt among them.

Parts: the leads of a kind of person, best first, fill places of one lead each. A matching of leads with places of the
most value is worth no less than the parts were, and gives a kind no less than its parts, but for the best lead's worth:
whatever is matched with a place is worth no less than all that lay in the next one.

Source: Shmoys & Tardos 1993.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array, vstack

from core.errors import NotComputable

TINY = 1e-7
"""Parts below this are the solver's rounding."""


def whole_leads(
    lead: np.ndarray, kind: np.ndarray, part: np.ndarray, worth: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Leads with the kind of person that takes each, (k,) and (k,), no lead twice.

    Shape: all (r,), one row for each lead and kind that shares in it; the parts of a lead add up to 1 at most.

    Raises:
        NotComputable: the solver gave up.

    Example:
        >>> leads, kinds = whole_leads(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.full(4, 0.5), np.ones(4))
        >>> sorted(leads.tolist()), sorted(kinds.tolist())
        ([0, 1], [0, 1])
    """
    if (part > 1 - TINY).all():
        return lead, kind
    edge, place, full = _places(kind, part, worth)
    _, row = np.unique(lead[edge], return_inverse=True)
    column, rows = np.arange(len(edge)), int(row.max()) + 1
    once = coo_array((np.ones(len(edge)), (row, column)), (rows, len(edge)))
    held = coo_array((np.ones(len(edge)), (place, column)), (len(full), len(edge))).tocsr()
    found = linprog(
        -worth[edge] / worth.max(),
        vstack([once, held[np.flatnonzero(~full)]]),
        np.ones(rows + int((~full).sum())),
        A_eq=held[np.flatnonzero(full)],
        b_eq=np.ones(int(full.sum())),
        method="highs-ds",  # it ends in a corner, and those of a matching are whole
    )
    if found.status != 0:
        raise NotComputable(f"parts of leads could not be made whole ({found.message}); ask for less fairness")
    chosen = edge[found.x > 0.5]
    return lead[chosen], kind[chosen]


def dealt(kind: np.ndarray, kind_of_person: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    """Who of each kind takes which lead, in proportion to capacity. Shape (k,), (m,), (m,) -> (k,) person.

    `kind` is that of each lead, the best lead first. A person's j-th turn comes when j / capacity of the kind has been
    dealt, so that all of a kind are off by one lead at most.

    Example:
        >>> dealt(np.zeros(6, int), np.array([0, 0]), np.array([2, 4])).tolist()
        [1, 0, 1, 1, 0, 1]
    """
    turns = np.minimum(capacity, len(kind))  # nobody gets more leads than there are
    person = np.repeat(np.arange(len(capacity)), turns)
    turn = (np.arange(len(person)) - np.repeat(turns.cumsum() - turns, turns) + 1) / capacity[person]
    order = np.lexsort((turn, kind_of_person[person]))
    person = person[order]
    first = np.searchsorted(kind_of_person[person], np.arange(kind_of_person.max(initial=0) + 1))
    taken = np.empty(len(kind), dtype=np.int64)
    by_kind = np.argsort(kind, kind="stable")
    count = np.bincount(kind, minlength=len(first))
    taken[by_kind] = np.arange(len(kind)) - np.repeat(count.cumsum() - count, count)
    return person[first[kind] + taken]


def _places(kind: np.ndarray, part: np.ndarray, worth: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows with the places that their parts reach into (e,), (e,), and which places are full."""
    kept = np.flatnonzero(part > TINY)
    order = kept[np.lexsort((-worth[kept], kind[kept]))]
    offset, edges, places, full = 0, [], [], []
    for one in np.unique(kind[order]):
        rows = order[kind[order] == one]
        end = part[rows].cumsum()
        first = np.floor(end - part[rows] + TINY).astype(np.int64)
        last = np.maximum(np.ceil(end - TINY).astype(np.int64) - 1, first)
        both = last > first
        edges += [rows, rows[both]]
        places += [offset + first, offset + last[both]]
        held = int(last.max()) + 1
        full.append(np.arange(1, held + 1) <= end[-1] + TINY)
        offset += held
    return np.concatenate(edges), np.concatenate(places), np.concatenate(full)
