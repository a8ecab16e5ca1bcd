"""The scores of all shards as one ranked file; scores and ids alone are in memory, the rest is put in order on disk."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.bulk.shards import Shards
from core.data.dealing import dealt
from core.data.finding import distinct, texts
from core.data.formulas import neutral
from core.data.keeping import put
from core.errors import LeadRankError

ROWS = 50_000
"""Rows that are written at a time."""


def write_ranked(shards: Shards, out: Path) -> pd.DataFrame:
    """Write every shard's scores, best first and ties by lead_id, as `core.scores.write_scores` would.

    The file is there whole or not at all. Returns its first ten rows.

    Raises:
        LeadRankError: not exactly one row for each lead that was to be scored, or no room to put them in order.
    """
    partial = out.with_name(f".{out.name}.part")
    try:
        with closing(_ranked(shards)) as tables:
            first = next(tables)
            top = first.slice(0, 10).to_pandas()
            if out.suffix == ".parquet":
                with pq.ParquetWriter(partial, first.schema) as writer:
                    for table in chain([first], tables):
                        writer.write_table(table)
            else:
                with partial.open("w", encoding="utf-8", newline="") as file:
                    _csv(first).to_csv(file, index=False)
                    for table in tables:
                        _csv(table).to_csv(file, index=False, header=False)
        put(partial, out)
    finally:
        partial.unlink(missing_ok=True)
    return top


def _ranked(shards: Shards) -> Generator[pa.Table]:
    files = shards.files()
    order = _order(shards, files)
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    del order
    names = [name for name in pq.read_schema(files[0]).names if name != "content"]
    batches = (batch.select(names) for file in files for batch in pq.ParquetFile(file).iter_batches())
    start = 0
    for table in dealt(batches, place, ROWS, shards.folder / "sorting"):
        rank = pa.array(np.arange(start + 1, start + len(table) + 1))
        yield table.add_column(3, "rank", rank).replace_schema_metadata()  # which tells of the content as well
        start += len(table)


def _order(shards: Shards, files: Sequence[Path]) -> np.ndarray:
    """Where the best lead stands among the rows of all files, where the next does, and so on."""
    keys = ["score", "lead_id"]
    told = pa.concat_tables(pq.read_table(file, columns=keys).select(keys) for file in files).combine_chunks()
    scored = distinct(texts(told.column("lead_id")))
    if {len(told), scored} != {sum(shards.sizes)}:
        raise LeadRankError(
            f"{sum(shards.sizes):,} leads must have one score each, however: {len(told):,} scores of {scored:,} leads "
            f"are kept in '{shards.folder}'; delete that folder and score again"
        )
    return pc.sort_indices(told, sort_keys=[("score", "descending"), ("lead_id", "ascending")]).to_numpy()


def _csv(table: pa.Table) -> pd.DataFrame:
    frame = table.to_pandas()
    return frame.assign(lead_id=neutral(frame["lead_id"]))
