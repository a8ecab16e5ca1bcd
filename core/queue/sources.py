"""What a queue is made of, in memory or in files of any size: scores best first, and their leads in that order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.data.finding import texts
from core.data.leads import Leads
from core.data.ordered import StoredLeads
from core.errors import LeadRankError
from core.scores import Scores


class Ranked(Protocol):
    """Scores, best first."""

    def __len__(self) -> int: ...

    @property
    def columns(self) -> list[str]: ...

    @property
    def lead_id(self) -> pa.Array: ...

    def stretches(self, rows: int) -> Iterator[pd.DataFrame]:
        """All of them, so many at a time."""
        ...


@dataclass(frozen=True)
class RankedFrame:
    """`Scores` as they are in memory."""

    scores: Scores

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def columns(self) -> list[str]:
        return [str(name) for name in self.scores.frame.columns]

    @property
    def lead_id(self) -> pa.Array:
        return texts(self.scores.frame["lead_id"])

    def stretches(self, rows: int) -> Iterator[pd.DataFrame]:
        for start in range(0, len(self), rows):
            yield self.scores.frame.iloc[start : start + rows]


@dataclass(frozen=True)
class RankedFile:
    """The Parquet file of a ranking, as `core.bulk` and `write_scores` write it."""

    path: Path

    @cached_property
    def _file(self) -> pq.ParquetFile:
        try:
            found = pq.ParquetFile(self.path, pre_buffer=False)  # a buffer would keep all that was read
        except (OSError, pa.ArrowException) as error:
            raise self._refused("it is missing or damaged") from error
        if missing := {"lead_id", "score", "probability", "rank"} - set(found.schema_arrow.names):
            raise self._refused(f"it lacks the columns {sorted(missing)}")
        return found

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    @property
    def columns(self) -> list[str]:
        return [str(name) for name in self._file.schema_arrow.names]

    @property
    def lead_id(self) -> pa.Array:
        return texts(self._file.read(columns=["lead_id"]).column("lead_id"))

    def stretches(self, rows: int) -> Iterator[pd.DataFrame]:
        start = 0
        for batch in self._file.iter_batches(rows):
            frame = batch.to_pandas()
            if not np.array_equal(frame["rank"], np.arange(start + 1, start + len(frame) + 1)):
                raise self._refused("its rows are not in the order of their rank")
            yield frame
            start += len(frame)

    def _refused(self, why: str) -> LeadRankError:
        return LeadRankError(f"'{self.path.name}' must hold ranked scores, however: {why}; score the leads again")


def in_order(leads: Leads | StoredLeads, at: np.ndarray, rows: int, folder: Path) -> Iterator[Leads]:
    """The leads at positions `at`, in that order, `rows` at a time; `folder`: as `StoredLeads.in_order`."""
    if isinstance(leads, StoredLeads):
        yield from leads.in_order(at, rows, folder)
        return
    for start in range(0, len(at), rows):
        yield leads.take(at[start : start + rows])
