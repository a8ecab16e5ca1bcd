"""A queue opened for a page: the rows that are shown, counts, the cut, a summary, one lead, an export.

Read at 6 million leads without loading them: see `file` for how. Results are frames of the shown rows alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.errors import LeadRankError, NotComputable
from core.queue.condition import HIDDEN
from core.queue.file import NEAR, QueueFile
from core.queue.today import Today
from core.queue.view import STATUSES, View


@dataclass(frozen=True)
class Summary:
    """Figures over a view. Expected orders are sums of calibrated probabilities: as good as the calibration is."""

    leads: int
    """Leads in the view."""
    open_leads: int
    """Of those, leads that are still open."""
    to_call: int
    """Of those, leads above the cut."""
    chance_open: float
    """Sum of probabilities over the open leads; NaN where one of them has none."""
    chance_to_call: float
    """The same over the leads to call."""

    @property
    def expected_orders(self) -> float:
        """Orders to expect from the leads to call. Raises NotComputable without calibrated probabilities."""
        return self._known(self.chance_to_call, "to call", self.to_call)

    @property
    def call_rate(self) -> float:
        """Expected orders per call among the leads to call, 0..1. Raises NotComputable where there is none."""
        return self.expected_orders / self.to_call

    @property
    def random_rate(self) -> float:
        """Expected orders per call at random among the view's open leads, 0..1. Raises NotComputable without any."""
        return self._known(self.chance_open, "open", self.open_leads) / self.open_leads

    @property
    def lift(self) -> float:
        """How many times as many orders per call as at random in this view. Raises as the two rates do."""
        if self.random_rate <= 0:
            raise NotComputable(
                "the lift needs a chance above 0 among the open leads, however: it is 0 for all of them"
            )
        return self.call_rate / self.random_rate

    def _known(self, chance: float, which: str, leads: int) -> float:
        if not leads:
            raise NotComputable(f"this figure needs leads {which}, however: this view has none; widen it")
        if not np.isfinite(chance):
            raise NotComputable(
                "this figure needs a calibrated probability for each lead, however: some have none; "
                "score with a model that was calibrated on known outcomes"
            )
        return chance


class Queue:
    """A queue file with what people did laid over it (`status`: lead_id, status, assigned_to, and note, by, at).

    Several threads may use one. Keep it while the file is in use and take `with_status` after an action: the file is
    then not read again.

    Raises:
        LeadRankError: the file is missing, damaged or no queue; an unknown status.
    """

    def __init__(self, path: Path, status: pd.DataFrame | None = None) -> None:
        self._file = QueueFile(path)
        self._today = Today(self._file, status)

    def with_status(self, status: pd.DataFrame | None) -> Queue:
        """The same open file under other statuses."""
        other = object.__new__(Queue)
        other._file = self._file
        other._today = Today(self._file, status)
        return other

    def __len__(self) -> int:
        return self._file.leads

    def close(self) -> None:
        """Close the file, also for the queues of `with_status`."""
        self._file.close()

    def columns(self) -> tuple[str, ...]:
        """The columns of the file, then `status`: what a view may filter and sort by (status: `View.statuses`)."""
        return (*(name for name in self._file.columns.names if name not in HIDDEN), "status")

    def page(
        self, view: View, page: int = 1, size: int = 50, *, capacity: int | None = None, per_owner: bool = False
    ) -> pd.DataFrame:
        """Rows `(page - 1) * size` to `page * size` of the view; past its end, none.

        Columns: `columns()`, with the owner as it is now; note, by and at where the statuses tell them; and, given a
        capacity, `call_today` (bool). `reasons` is JSON text: `reasons_of` reads it.

        Raises:
            LeadRankError: a column that is not there; a page or size below 1; `to_call` without a capacity.
        """
        if page < 1 or size < 1:
            raise LeadRankError(f"a page must be 1 or more and hold a row or more, however: got page {page} of {size}")
        ranks = self._shown(view, (page - 1) * size, page * size, capacity, per_owner)
        return self._rows(ranks, capacity, per_owner)

    def count(self, view: View, *, capacity: int | None = None, per_owner: bool = False) -> int:
        """Leads in the view. Raises as `page` does."""
        return len(self._matching(view, capacity, per_owner))

    def facets(self, column: str, limit: int = 100) -> list[tuple[str, int]]:
        """Values of a column in the whole queue with the number of leads, most frequent first; "" is unknown.

        For `status` and `owner` as they are now. Raises LeadRankError for a column that is not there.
        """
        if column == "status":
            times = np.bincount(self._today.status, minlength=len(STATUSES))
            return [(name, int(times[number])) for number, name in enumerate(STATUSES)]
        found = self._file.facets(column, limit if column != "owner" else len(self))
        if column != "owner" or not self._today.moved.ranks:
            return found[:limit]
        counts = dict(found)
        for owner in self._file.owners_of(np.array(self._today.moved.ranks)):
            counts[owner] -= 1
        for owner in self._today.moved.owners:
            counts[owner] = counts.get(owner, 0) + 1
        now = [(owner, count) for owner, count in counts.items() if count > 0]
        return sorted(now, key=lambda one: (-one[1], one[0]))[:limit]

    def summary(self, view: View, capacity: int, per_owner: bool = False) -> Summary:
        """Figures over the view, with the cut of the whole queue. Raises as `page` and `cut` do."""
        shown = self._matching(view, capacity, per_owner)
        still = shown if view.statuses == ("open",) else shown[self._today.status[shown - 1] == 0]
        call = _both(still, self._today.cut(capacity, per_owner))
        chance = self._file.probability
        return Summary(len(shown), len(still), len(call), float(chance[still - 1].sum()), float(chance[call - 1].sum()))

    def lead(self, lead_id: str, *, capacity: int | None = None, per_owner: bool = False) -> dict[str, Any]:
        """One lead: `page`'s columns, with `reasons` as `reasons_of` reads them.

        Raises:
            LeadRankError: the queue does not hold the lead.
        """
        # A damaged address can hold half a character, which no file does.
        whole = not any("\ud800" <= sign <= "\udfff" for sign in lead_id)
        rank = self._file.ranks_of([lead_id] if whole else [""])
        if not rank[0]:
            raise LeadRankError(
                f"this queue does not hold the lead '{lead_id[:60]}': it may belong to another data set"
            )
        row = self._rows(rank, capacity, per_owner).iloc[0].to_dict()
        return {str(name): value for name, value in row.items()} | {"reasons": reasons_of(row["reasons"])}

    def rank_of(self, score: float) -> int:
        """The rank that a lead with this score would have, before leads of the same score."""
        if not np.isfinite(score):
            raise LeadRankError(f"a score must be a finite number, however: got {score}")
        return self._file.above(float(score)) + 1

    def export(
        self, view: View, limit: int | None = None, *, capacity: int | None = None, per_owner: bool = False
    ) -> pd.DataFrame:
        """All rows of the view as `page` gives them, in the same order.

        Raises:
            LeadRankError: more rows than `limit`, which is looked at before anything is read.
        """
        leads = self.count(view, capacity=capacity, per_owner=per_owner)
        if limit is not None and leads > limit:
            raise LeadRankError(
                f"this kind of file takes at most {limit:,} leads, however: this view shows {leads:,}; "
                "narrow it with a filter, or take only the leads to call"
            )
        return self._rows(self._shown(view, 0, leads, capacity, per_owner), capacity, per_owner)

    def _rows(self, ranks: np.ndarray, capacity: int | None, per_owner: bool) -> pd.DataFrame:
        rows = self._today.beside(self._file.rows(ranks))
        if capacity is None:
            return rows
        return rows.assign(call_today=np.isin(ranks, self._today.cut(capacity, per_owner)))

    def _matching(self, view: View, capacity: int | None, per_owner: bool) -> np.ndarray:
        """Ranks of the view's leads, rising."""
        if view.sort != "status":
            self._file.columns.shown(view.sort)
        found = self._today.having(view.statuses, self._file.matching(view, self._today.moved))
        return found if not view.to_call else _both(found, self._cut(capacity, per_owner))

    def _cut(self, capacity: int | None, per_owner: bool) -> np.ndarray:
        if capacity is None:
            raise LeadRankError(
                "leads to call need a number of calls, however: none was given; say how many you can make"
            )
        return self._today.cut(capacity, per_owner)

    def _shown(self, view: View, start: int, stop: int, capacity: int | None, per_owner: bool) -> np.ndarray:
        """Ranks of the view at places `start` to `stop` of its order."""
        found = self._matching(view, capacity, per_owner)
        stop = min(stop, len(found))
        if start >= stop:
            return found[:0]
        if view.sort == "rank":
            return (found[::-1] if view.descending else found)[start:stop]
        if view.sort == "status":
            code = self._today.status[found - 1]
            return found[np.argsort(-code if view.descending else code, kind="stable")][start:stop]
        from_end = len(found) - start
        if from_end < start:
            return self._first(view, from_end, True, capacity, per_owner)[::-1][: stop - start]
        return self._first(view, stop, False, capacity, per_owner)[start:]

    def _first(self, view: View, leads: int, backwards: bool, capacity: int | None, per_owner: bool) -> np.ndarray:
        """The first `leads` ranks of a view that has as many, in its order; `backwards`: in the opposite order."""
        found = np.empty(0, dtype=np.int32)
        # The best few come quickly; where statuses or the cut leave too few of them, the whole order is needed.
        for near in (NEAR, None):
            if near is not None and leads > near:
                continue
            found = self._file.ordered(view, self._today.moved, near, backwards)
            found = self._today.having(view.statuses, found)
            if view.to_call:
                found = found[np.isin(found, self._cut(capacity, per_owner))]
            if len(found) >= leads:
                break
        return found[:leads]


def reasons_of(text: str) -> list[tuple[str, str, float]]:
    """`reasons` of a row: (name, value as text, contribution to the score), strongest first; none where it is "".

    Example:
        >>> reasons_of('[["region", "north", 0.4]]')
        [('region', 'north', 0.4)]
    """
    return [(str(name), str(value), float(much)) for name, value, much in json.loads(text)] if text else []


def _both(found: np.ndarray, cut: np.ndarray) -> np.ndarray:
    """Ranks that are in both, rising as they are; `cut` is the shorter one as a rule."""
    at = np.searchsorted(found, cut)
    at[at == len(found)] = 0
    return cut[found[at] == cut] if len(found) else found
