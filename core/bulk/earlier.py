"""What a model said of other files before, joined to the shards of a new one once, so that each finds its own rows.

earlier.parquet   shard, then the columns of the score files; sorted by shard, so that a shard's rows lie together. A
                  lead that several files tell alike of is there once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.data.keeping import OnDisk, put
from core.data.stored import literal_name
from core.errors import LeadRankError

GROUP_ROWS = 10_000
"""Rows that are read to find those of one shard, at least."""
MEMORY = "1GB"
"""That sorting takes before it goes on on disk. 100 million rows of scores fit in ten times as much."""


@contextmanager
def sorting(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with bounded memory, which puts what does not fit in it into `folder`.

    Raises:
        LeadRankError: neither memory nor disk suffices.
    """
    config: dict[str, Any] = {"memory_limit": MEMORY, "threads": 2, "temp_directory": str(folder / "sorting")}
    try:
        with duckdb.connect(config=config) as connection:
            yield connection
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise LeadRankError(
            f"sorting the scores needs {MEMORY} of memory, and room on the disk of '{folder}', however: "
            f"{str(error).partition(chr(10))[0]}; make room there, or give --work on a larger disk. Scores that are "
            "kept stay, and the same command goes on with them"
        ) from error


def keep_earlier(folder: Path, kept: OnDisk, files: Sequence[Path]) -> None:
    """Of earlier scores `files` of the same model, write those of leads that a new file holds too, by shard.

    Files that cannot be read are left out: their leads are read again.
    """
    files = [file for file in files if rows_in(file) is not None]
    if not files:
        return
    names = ["shard", *pq.read_schema(files[0]).names]
    lead_id = pa.array(kept.whole()[0]["lead_id"], pa.string())
    shard = np.repeat(np.arange(len(kept.sizes), dtype=np.int32), kept.sizes)
    query = (
        "SELECT DISTINCT ON (old.lead_id, old.content) now.shard, old.* "
        "FROM read_parquet(?) AS old JOIN now ON old.lead_id = now.lead_id ORDER BY 1"
    )
    partial = folder / ".earlier.parquet.part"
    with sorting(folder) as connection:
        connection.register("now", pa.table({"lead_id": lead_id, "shard": shard}))
        batches = connection.sql(query, params=[[literal_name(path) for path in files]]).to_arrow_reader(GROUP_ROWS)
        # By place: DuckDB takes no notice of case in names, and those of parts may differ in nothing else.
        schema = pa.schema([field.with_name(name) for field, name in zip(batches.schema, names, strict=True)])
        with pq.ParquetWriter(partial, schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_table(pa.Table.from_batches([batch]).rename_columns(names))
    put(partial, folder / "earlier.parquet")


def rows_in(file: Path) -> int | None:
    """Rows of a file of scores; None where it is missing or damaged."""
    try:
        return int(pq.read_metadata(file).num_rows)
    except (OSError, pa.ArrowException):
        return None


def known_before(folder: Path, shard: int, lead_id: pd.Series, content: np.ndarray) -> pd.DataFrame:
    """Rows of earlier scores for those leads of a shard that are as they were; columns as in the files of scores."""
    path = folder / "earlier.parquet"
    if not path.exists():
        return pd.DataFrame({"lead_id": pd.Series(dtype="str")})
    before = pq.read_table(path, filters=[("shard", "=", shard)]).to_pandas().drop(columns="shard")
    now = pd.DataFrame({"lead_id": lead_id.to_numpy(), "content": content})
    return before.merge(now, on=["lead_id", "content"])
