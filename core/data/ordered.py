"""Stored leads in any order, without holding them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.data.dealing import dealt
from core.data.leads import ROLE_COLUMNS, Leads
from core.data.schema import Schema
from core.data.stored import GROUP_ROWS, unreadable


@dataclass(frozen=True)
class StoredLeads:
    """The leads of a file that `stored.write_leads` wrote; beside their ids, a stretch at a time is in memory."""

    path: Path
    schema: Schema

    @property
    def lead_id(self) -> pa.ChunkedArray:
        """Every id, in the order of the file. Raises LeadRankError where it is missing or damaged."""
        try:
            return pq.read_table(self.path, columns=["role:lead_id"]).column("role:lead_id")
        except (OSError, pa.ArrowException, KeyError) as error:
            raise unreadable(self.path) from error

    def in_order(self, at: np.ndarray, rows: int, folder: Path) -> Iterator[Leads]:
        """The leads at positions `at` of the file, each at most once, in that order; without their dialogues.

        `rows`: leads of a stretch, but for the last. `folder`: as `dealing.dealt`.

        Raises:
            LeadRankError: the file is missing or damaged, or of another schema; or there is no room in `folder`.
        """
        roles = [name for name in ROLE_COLUMNS if name != "dialogue"]
        features = list(self.schema.features.columns())
        wanted = [*(f"role:{name}" for name in roles), *(f"feature:{name}" for name in features)]
        try:
            stored = pq.ParquetFile(self.path, pre_buffer=False)  # a buffer would keep all that was read
            place = np.full(stored.metadata.num_rows, -1, dtype=np.int32)
            place[at] = np.arange(len(at), dtype=np.int32)
            # A name with a point in it may bring others along, which `select` leaves out.
            batches = (batch.select(wanted) for batch in stored.iter_batches(GROUP_ROWS, columns=wanted))
            for table in dealt(batches, place, rows, folder):
                frame = table.to_pandas()
                told = frame.iloc[:, : len(roles)].set_axis(roles, axis=1).assign(dialogue="")
                fields = frame.iloc[:, len(roles) :].set_axis(pd.Index(features, dtype=object), axis=1)
                yield Leads(told, fields, self.schema)
        except (OSError, pa.ArrowException, KeyError) as error:
            raise unreadable(self.path) from error
