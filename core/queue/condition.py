"""A view as the condition of a query.

Inside DuckDB the columns are called c0, c1, ... by position: a file's column names never become part of a statement,
and values only ever as parameters.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.errors import LeadRankError
from core.queue.view import View

HIDDEN = ("owner_rank", "search")
"""Columns that serve queries and are shown to nobody."""


def lower(text: str) -> str:
    """As the file's `search` column was made."""
    return pc.utf8_lower(pa.scalar(text)).as_py()


@dataclass(frozen=True)
class Moved:
    """Leads that have another owner than the file says: ranks, rising, and to whom each went."""

    ranks: tuple[int, ...] = ()
    owners: tuple[str, ...] = ()

    def to(self, owners: Sequence[str]) -> list[int]:
        """Ranks of those that went to one of `owners`."""
        wanted = set(owners)
        return [rank for rank, owner in zip(self.ranks, self.owners, strict=True) if owner in wanted]


@dataclass(frozen=True)
class Columns:
    """Names and DuckDB types of a queue file's columns, by position."""

    names: tuple[str, ...]
    types: tuple[str, ...]

    def shown(self, name: str) -> str:
        """The column's name inside DuckDB.

        Raises:
            LeadRankError: the queue has no such column.
        """
        if name not in self.names or name in HIDDEN:
            raise LeadRankError(
                f"this queue has no column '{name[:60]}'; it may come from the address of another queue: "
                "take that filter or order away"
            )
        return self.inner(name)

    def inner(self, name: str) -> str:
        """The same for the columns that serve queries alone."""
        return f"c{self.names.index(name)}"

    def numeric(self, name: str) -> bool:
        """Whether the column holds numbers."""
        return self.types[self.names.index(name)] in ("DOUBLE", "INTEGER", "BIGINT")

    def condition(self, view: View, moved: Moved, owners: Sequence[str]) -> tuple[str, list[Any], Hashable]:
        """SQL, its parameters, and a key that is the same for the same condition; `owners` are those of the file."""
        tests: list[str] = []
        parameters: list[Any] = []
        searched = lower(view.search.strip())
        if searched:
            # No pattern: what is searched for has no wildcards.
            found, given = f"contains({self.inner('search')}, ?)", [searched]
            if people := [name for name in {*owners, *moved.owners} if searched in lower(name)]:
                test, of = self._of(people, moved)
                found, given = f"({found} OR {test})", [*given, *of]
            tests.append(found)
            parameters += given
        for name, values in sorted(view.filters.items()):
            test, given = self._of(values, moved) if name == "owner" else self._is_one_of(name, values)
            tests.append(test)
            parameters += given
        if view.probability is not None:
            tests.append(f"{self.inner('probability')} BETWEEN ? AND ?")
            parameters += view.probability
        if view.since is not None:
            tests.append(f"{self.inner('snapshot_time')} >= ?")
            parameters.append(view.since)
        if view.until is not None:
            tests.append(f"{self.inner('snapshot_time')} < ?")
            parameters.append(view.until + timedelta(days=1))
        about = moved if searched or "owner" in view.filters else None
        chosen = tuple((name, tuple(sorted(values))) for name, values in sorted(view.filters.items()))
        return " AND ".join(tests), parameters, (searched, chosen, view.probability, view.since, view.until, about)

    def _of(self, people: Sequence[str], moved: Moved) -> tuple[str, list[Any]]:
        """Leads whose owner is now one of `people`."""
        test = f"{self.inner('owner')} IN (SELECT unnest(?::VARCHAR[]))"
        if not moved.ranks:
            return test, [list(people)]
        rank = self.inner("rank")
        test = f"(({test} AND {rank} NOT IN (SELECT unnest(?::INTEGER[]))) OR {rank} IN (SELECT unnest(?::INTEGER[])))"
        return test, [list(people), list(moved.ranks), moved.to(people)]

    def _is_one_of(self, name: str, values: Sequence[str]) -> tuple[str, list[Any]]:
        column = self.shown(name)
        if not self.numeric(name):
            # A date is asked for as it is written.
            text = column if self.types[self.names.index(name)] == "VARCHAR" else f"coalesce({column}::VARCHAR, '')"
            return f"{text} IN ({', '.join('?' * len(values))})", list(values)
        try:
            numbers = [float(value) for value in values if value]
        except ValueError as error:
            raise LeadRankError(
                f"'{name[:60]}' holds numbers, however: the filter asks for {values[0][:40]!r}"
            ) from error
        tests = [f"{column} IN ({', '.join('?' * len(numbers))})"] if numbers else []
        tests += [f"{column} IS NULL"] if "" in values else []
        return f"({' OR '.join(tests)})", numbers
