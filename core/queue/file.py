"""The queue's Parquet file through DuckDB: which rows match, in which order, and the whole of a few rows.

    condition ---- one scan of few columns ----> ranks (int32), kept for the next call
    ranks of the shown page -------------------> every column of those rows alone

See `condition` for how a file's column names and an address's values are kept out of the statements.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.data.stored import literal_name
from core.errors import LeadRankError
from core.queue.condition import HIDDEN, Columns, Moved
from core.queue.view import View

MEMORY = "800MB"
"""Of DuckDB, per open queue. Source: ours, 1.5 GB for the whole process less Python, pandas and the kept ranks."""
KEPT = 128 * 1024 * 1024
"""Bytes of ranks that are kept, 4 a lead, so that turning a page does not scan again: five whole orders of 6 million
leads, or hundreds of searches. Those not asked for longest go first."""
NEAR = 2_000
"""A sorted view is read this far at first: the best few of millions come quicker than the whole order."""
NEEDED = (
    "rank",
    "lead_id",
    "score",
    "probability",
    "trend",
    "previous_rank",
    "owner",
    "owner_rank",
    "snapshot_time",
    "stage",
    "search",
)


class QueueFile:
    """One file, opened once; every query has a cursor of its own, so several threads may ask at a time."""

    def __init__(self, path: Path) -> None:
        try:
            names = tuple(pq.read_schema(path).names)
            if missing := [name for name in NEEDED if name not in names]:
                raise LeadRankError(f"this is no queue file: it lacks the columns {missing}; score the leads again")
            self._connection = duckdb.connect(config={"threads": min(4, os.cpu_count() or 1), "memory_limit": MEMORY})
            self._connection.execute("SET parquet_metadata_cache = true")
            name = literal_name(path.absolute()).replace("'", "''")
            columns = ", ".join(f"c{number}" for number in range(len(names)))
            self._connection.execute(f"CREATE VIEW queue({columns}) AS SELECT * FROM read_parquet('{name}')")
            types = [str(row[1]) for row in self._connection.execute("DESCRIBE queue").fetchall()]
            self.columns = Columns(names, tuple(types))
            row = self._ask(f"SELECT count(*), max({self.columns.shown('rank')}) FROM queue").fetchone()
        except (duckdb.Error, OSError, pa.ArrowInvalid) as error:
            raise LeadRankError(
                "the queue of this scoring cannot be read: its file is missing or damaged; score the leads again"
            ) from error
        if row is None or row[0] != row[1]:
            raise LeadRankError("the queue's file is damaged: its ranks are not 1, 2, 3, ...; score the leads again")
        self.leads = int(row[0])
        self._kept: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self._facets: dict[tuple[str, int], list[tuple[str, int]]] = {}
        self._lock = threading.Lock()
        self._rank_of_id: dict[str, int] = {}

    def close(self) -> None:
        self._connection.close()

    def _ask(self, statement: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
        return self._connection.cursor().execute(statement, list(parameters))

    def _condition(self, view: View, moved: Moved) -> tuple[str, list[Any], Hashable]:
        owners = [name for name, _ in self.facets("owner", self.leads)] if view.search else []
        return self.columns.condition(view, moved, owners)

    def matching(self, view: View, moved: Moved) -> np.ndarray | None:
        """Ranks that pass the view's search, filters, probability and dates, rising; None: every lead does.

        Statuses and the cut are not looked at.
        """
        where, parameters, key = self._condition(view, moved)
        if not where:
            return None
        statement = f"SELECT {self.columns.inner('rank')} FROM queue WHERE {where}"
        return self._keep(("match", key), lambda: np.sort(self._ranks(statement, parameters), kind="stable"))

    def ordered(self, view: View, moved: Moved, limit: int | None, backwards: bool = False) -> np.ndarray:
        """The first `limit` ranks of those that `matching` finds, in the view's order; None: all of them.

        `backwards`: in the opposite order, so the last come first.
        """
        if limit is None and backwards:
            return self.ordered(view, moved, None)[::-1]
        where, parameters, key = self._condition(view, moved)
        rank, name = self.columns.inner("rank"), self.columns.shown(view.sort)
        source, more, about = "queue", [], None
        if view.sort == "owner" and moved.ranks:
            source = f"queue LEFT JOIN (SELECT unnest(?) AS r, unnest(?) AS o) ON r = {rank}"
            more, about = [list(moved.ranks), list(moved.owners)], moved
            name = f"coalesce(o, {name})"
        by = name if self.columns.numeric(view.sort) or view.sort == "snapshot_time" else f"nullif({name}, '')"
        way = "DESC" if view.descending != backwards else "ASC"
        order = f"{by} {way} NULLS {'FIRST' if backwards else 'LAST'}, {rank} {'DESC' if backwards else 'ASC'}"
        statement = f"SELECT {rank} FROM {source} {f'WHERE {where}' if where else ''} ORDER BY {order}"
        if limit is not None:
            statement += f" LIMIT {int(limit)}"
        whole = ("order", key, view.sort, view.descending, limit, backwards, about)
        return self._keep(whole, lambda: self._ranks(statement, [*more, *parameters]))

    def _ranks(self, statement: str, parameters: Sequence[Any]) -> np.ndarray:
        (ranks,) = self._ask(statement, parameters).fetchnumpy().values()
        return np.asarray(ranks, dtype=np.int32)

    def _keep(self, key: Hashable, make: Callable[[], np.ndarray]) -> np.ndarray:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        made.flags.writeable = False
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > 1 and sum(ranks.nbytes for ranks in self._kept.values()) > KEPT:
                self._kept.popitem(last=False)
        return made

    @cached_property
    def probability(self) -> np.ndarray:
        """Shape (leads,), by rank; NaN where there is none."""
        found = self._ask(
            f"SELECT {self.columns.inner('rank')}, {self.columns.inner('probability')} FROM queue"
        ).fetchnumpy()
        ranks, values = found.values()
        placed = np.empty(self.leads)
        placed[np.asarray(ranks) - 1] = np.ma.filled(values, np.nan)
        return placed

    def rows(self, ranks: np.ndarray) -> pd.DataFrame:
        """Every column but HIDDEN of the leads with these ranks, in the order of `ranks`."""
        names = [name for name in self.columns.names if name not in HIDDEN]
        cursor = self._connection.cursor()
        cursor.register("picked", pa.table({"r": pa.array(ranks, pa.int32())}))
        rank = self.columns.inner("rank")
        # The bounds spare the row groups outside them, which is all but one for leads that stand together.
        bounds = f"{rank} BETWEEN {int(ranks.min())} AND {int(ranks.max())}" if len(ranks) else "false"
        found = cursor.sql(
            f"SELECT {', '.join(self.columns.inner(name) for name in names)} FROM queue "
            f"WHERE {bounds} AND {rank} IN (SELECT r FROM picked)"
        ).to_arrow_table()
        table = pa.table(found.columns, names=names)
        at = pc.index_in(pa.array(ranks, pa.int32()), table.column("rank").combine_chunks())
        return table.take(at).to_pandas().astype({"rank": "int64", "previous_rank": "Int64"})

    def facets(self, name: str, limit: int) -> list[tuple[str, int]]:
        """The most frequent values of a column as text, "" for unknown, with how many leads have them."""
        column = self.columns.shown(name)
        if (name, limit) not in self._facets:
            found = self._ask(
                f"SELECT {column}, count(*) FROM queue GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?", [limit]
            ).fetchall()
            self._facets[name, limit] = [(_as_text(value), int(count)) for value, count in found]
        return list(self._facets[name, limit])

    def above(self, score: float) -> int:
        """How many leads have a higher score."""
        row = self._ask(f"SELECT count(*) FROM queue WHERE {self.columns.inner('score')} > ?", [score]).fetchone()
        return int(row[0]) if row else 0

    def ranks_of(self, lead_ids: Sequence[str]) -> np.ndarray:
        """Rank of each lead, 0 where the queue does not hold it; asked for once, then known."""
        with self._lock:
            new = [lead_id for lead_id in dict.fromkeys(lead_ids) if lead_id not in self._rank_of_id]
        if new:
            found = self._find(new)
            with self._lock:
                self._rank_of_id |= dict.fromkeys(new, 0) | found
        with self._lock:
            return np.array([self._rank_of_id[lead_id] for lead_id in lead_ids], dtype=np.int64)

    def _find(self, lead_ids: list[str]) -> dict[str, int]:
        name, rank = self.columns.inner("lead_id"), self.columns.inner("rank")
        statement = f"SELECT {name}, {rank} FROM queue WHERE {name}"
        if len(lead_ids) == 1:
            # Given as one value, the file's own filters of ids rule out nearly every row group.
            return dict(self._ask(f"{statement} = ?", lead_ids).fetchall())
        cursor = self._connection.cursor()
        cursor.register("wanted", pa.table({"i": pa.array(lead_ids, pa.string())}))
        return dict(cursor.execute(f"{statement} IN (SELECT i FROM wanted)").fetchall())

    def owners_of(self, ranks: np.ndarray) -> np.ndarray:
        """The owner that the file says, by position in `ranks`, which must rise."""
        cursor = self._connection.cursor()
        cursor.register("picked", pa.table({"r": pa.array(ranks, pa.int32())}))
        rank, owner = self.columns.inner("rank"), self.columns.inner("owner")
        (owners,) = (
            cursor.execute(f"SELECT {owner} FROM queue WHERE {rank} IN (SELECT r FROM picked) ORDER BY {rank}")
            .fetchnumpy()
            .values()
        )
        return np.asarray(owners, dtype=object)

    def first_of_owners(self, count: int, extra: dict[str, int]) -> pd.DataFrame:
        """`rank`, `owner` of the best `count` leads of each owner and `extra` more where that says so."""
        rank, owner, place = (self.columns.inner(name) for name in ("rank", "owner", "owner_rank"))
        cursor = self._connection.cursor()
        cursor.register(
            "extra",
            pa.table({"o": pa.array(list(extra), pa.string()), "n": pa.array(list(extra.values()), pa.int64())}),
        )
        furthest = count + max(extra.values(), default=0)
        return cursor.execute(
            f"SELECT {rank} AS rank, {owner} AS owner FROM queue LEFT JOIN extra ON o = {owner} "
            f"WHERE {owner} <> '' AND {place} <= ? AND {place} <= ? + coalesce(n, 0)",
            [furthest, count],
        ).df()


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
