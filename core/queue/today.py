"""What people did with the leads, laid over the queue: statuses, new owners, and the cut that follows from them.

The cut ("call these today") belongs to the whole queue, not to a view of it: searching for a lead does not put it above
the cut. Leads that were called, won, lost or put off use up no capacity, so the leads below them move up.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from core.errors import LeadRankError
from core.queue.condition import Moved
from core.queue.file import QueueFile
from core.queue.view import STATUSES

NOTED = ("note", "by", "at")
"""Columns of the statuses that are shown beside a lead, where they are given."""


@dataclass(frozen=True)
class _Done:
    """The statuses of leads that the queue holds, by rising rank."""

    ranks: np.ndarray
    frame: pd.DataFrame


class Today:
    """Statuses over a queue file; made anew when a status changes, which costs little: see `QueueFile.ranks_of`."""

    def __init__(self, file: QueueFile, status: pd.DataFrame | None) -> None:
        self.file = file
        self._cuts: dict[tuple[int, bool], np.ndarray] = {}
        self._lock = threading.Lock()
        self.done = _done(file, status)
        code = self.done.frame["status"].map({name: number for number, name in enumerate(STATUSES)})
        if code.isna().any():
            odd = self.done.frame["status"][code.isna()].iloc[0]
            raise LeadRankError(f"a status must be one of {', '.join(STATUSES)}, however: got '{str(odd)[:40]}'")
        self.status = np.zeros(file.leads, dtype=np.int8)
        """Shape (leads,): position in STATUSES, by rank."""
        self.status[self.done.ranks - 1] = code.to_numpy(dtype=np.int8)
        given = self.done.frame["assigned_to"].to_numpy(dtype=object)
        moved = np.flatnonzero(given != "")
        self.moved = Moved(tuple(self.done.ranks[moved].tolist()), tuple(str(owner) for owner in given[moved]))

    def having(self, statuses: tuple[str, ...], ranks: np.ndarray | None) -> np.ndarray:
        """Those of `ranks` (None: every lead) that have one of `statuses` (none given: any), in the same order."""
        if not statuses:
            return np.arange(1, self.file.leads + 1, dtype=np.int32) if ranks is None else ranks
        if ranks is None and statuses == ("open",):
            return self.open_ranks
        wanted = np.isin(np.arange(len(STATUSES)), [STATUSES.index(status) for status in statuses])
        if ranks is None:
            return np.flatnonzero(wanted[self.status]).astype(np.int32) + np.int32(1)
        return ranks[wanted[self.status[ranks - 1]]]

    @cached_property
    def open_ranks(self) -> np.ndarray:
        """Ranks of the leads that are still open, rising."""
        return np.flatnonzero(self.status == 0).astype(np.int32) + np.int32(1)

    def cut(self, capacity: int, per_owner: bool) -> np.ndarray:
        """Ranks of the leads to call, rising: the best `capacity` open leads of all or, `per_owner`, of each owner.

        A lead without an owner is on nobody's list, and so under no cut per owner.

        Raises:
            LeadRankError: a capacity below 1; `per_owner` where no lead has an owner.
        """
        if capacity < 1:
            raise LeadRankError(f"the number of calls must be 1 or more, however: got {capacity}")
        key = (min(capacity, self.file.leads), per_owner)
        with self._lock:
            if key in self._cuts:
                return self._cuts[key]
        made = self._of_each(key[0]) if per_owner else self.open_ranks[: key[0]]
        with self._lock:
            if len(self._cuts) > 8:
                self._cuts.clear()
            self._cuts[key] = made
        return made

    def _of_each(self, capacity: int) -> np.ndarray:
        """From few rows: an owner's list can reach below `capacity` only by as many as were taken out of it."""
        spent = self.done.ranks[(self.status[self.done.ranks - 1] != 0) | np.isin(self.done.ranks, self.moved.ranks)]
        owners, times = np.unique(self.file.owners_of(spent).astype(str), return_counts=True)
        extra = dict(zip(owners.tolist(), times.tolist(), strict=True))
        listed = self.file.first_of_owners(capacity, extra)
        here = pd.DataFrame({"rank": np.array(self.moved.ranks, dtype=np.int64), "owner": list(self.moved.owners)})
        if not len(listed) and not len(here):
            raise LeadRankError(
                "no lead of this queue has an owner, so there is no list for each: choose one number of calls for all"
            )
        listed = pd.concat([listed[~listed["rank"].isin(here["rank"])], here]).sort_values("rank")
        listed = listed[self.status[listed["rank"].to_numpy() - 1] == 0]
        place = listed.groupby("owner", sort=False).cumcount()
        return listed["rank"][place < capacity].to_numpy(dtype=np.int32)

    def beside(self, rows: pd.DataFrame) -> pd.DataFrame:
        """`rows` of the file with the owner as it is now, `status`, and the last note where there are notes."""
        ranks = rows["rank"].to_numpy()
        at = np.searchsorted(self.done.ranks, ranks)
        held = at < len(self.done.ranks)
        held[held] = self.done.ranks[at[held]] == ranks[held]
        at = at[held]
        owner = rows["owner"].to_numpy(dtype=object).copy()
        assigned = self.done.frame["assigned_to"].to_numpy(dtype=object)[at]
        owner[held] = np.where(assigned != "", assigned, owner[held])
        told = rows.assign(owner=owner, status=np.array(STATUSES, dtype=object)[self.status[ranks - 1]])
        for name in NOTED:
            if name in self.done.frame:
                column = pd.Series(self.done.frame[name].iloc[at].to_numpy(), index=rows.index[held])
                told[name] = column.reindex(rows.index) if name == "at" else column.reindex(rows.index, fill_value="")
        return told


def _done(file: QueueFile, status: pd.DataFrame | None) -> _Done:
    if status is None:
        status = pd.DataFrame({"lead_id": [], "status": [], "assigned_to": []}, dtype=object)
    ids = status["lead_id"].astype(str)
    ranks = file.ranks_of(ids.tolist())
    order = np.argsort(ranks, kind="stable")
    order = order[ranks[order] > 0]
    frame = status.iloc[order].reset_index(drop=True)
    if (repeated := pd.Series(ranks[order]).duplicated()).any():
        raise LeadRankError(f"each lead may have one status, however: '{frame['lead_id'][repeated].iloc[0]}' has more")
    text = {n: frame[n].fillna("").astype(object) for n in ("assigned_to", "note", "by") if n in frame}
    return _Done(ranks[order], frame.assign(**({"assigned_to": ""} | text)))
