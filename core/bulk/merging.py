"""The scores of all shards as one ranked file: sorted on disk where they do not fit in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.bulk.earlier import sorting
from core.bulk.shards import Shards
from core.data.formulas import neutral
from core.data.stored import literal_name
from core.errors import LeadRankError

ROWS = 100_000
"""Rows that are written at a time."""


def write_ranked(shards: Shards, out: Path) -> pd.DataFrame:
    """Write every shard's scores, best first and ties by lead_id, as `core.scores.write_scores` would.

    The file is there whole or not at all. Returns its first ten rows.

    Raises:
        LeadRankError: not exactly one row for each lead that was to be scored, or no room to sort them.
    """
    partial = out.with_name(f".{out.name}.part")
    try:
        tables = _ranked(shards)
        first = next(tables)
        if out.suffix == ".parquet":
            with pq.ParquetWriter(partial, first.schema) as writer:
                writer.write_table(first)
                for table in tables:
                    writer.write_table(table)
        else:
            with partial.open("w", encoding="utf-8", newline="") as file:
                _csv(first).to_csv(file, index=False)
                for table in tables:
                    _csv(table).to_csv(file, index=False, header=False)
        os.replace(partial, out)
    finally:
        partial.unlink(missing_ok=True)
    return first.slice(0, 10).to_pandas()


def _ranked(shards: Shards) -> Iterator[pa.Table]:
    files = shards.files()
    names = pq.read_schema(files[0]).names
    given = [[literal_name(path) for path in files]]
    with sorting(shards.folder) as connection:
        counted = "SELECT count(*), count(DISTINCT lead_id) FROM read_parquet(?)"
        counts = connection.execute(counted, given).fetchall()[0]
        if set(counts) != {sum(shards.sizes)}:
            raise LeadRankError(
                f"{sum(shards.sizes):,} leads must have one score each, however: {counts[0]:,} scores of {counts[1]:,} "
                f"leads are kept in '{shards.folder}'; delete that folder and score again"
            )
        # By place: DuckDB takes no notice of case in names, and those of parts may differ in nothing else.
        places = [place for place, name in enumerate(names, 1) if name != "content"]
        told = ", ".join(f"#{place}" for place in places)
        query = f"SELECT {told} FROM read_parquet(?) ORDER BY score DESC, lead_id"
        start, columns = 0, [names[place - 1] for place in places]
        for batch in connection.sql(query, params=given).to_arrow_reader(ROWS):
            table = pa.Table.from_batches([batch]).rename_columns(columns)
            rank = pa.array(np.arange(start + 1, start + len(table) + 1))
            yield table.add_column(3, "rank", rank)
            start += len(table)


def _csv(table: pa.Table) -> pd.DataFrame:
    frame = table.to_pandas()
    return frame.assign(lead_id=neutral(frame["lead_id"]))
