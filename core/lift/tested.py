"""Whether a run's `test_scores.parquet` is what a training writes: asked once, of a model that comes from elsewhere.

A Parquet file of a few kilobytes can stand for terabytes, as one long text that many rows share is written once. So
lengths are added up before any text is made of them.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.errors import RunError

NEEDED = ("lead_id", "score", "probability", "rank")
MOST_LEADS = 20_000_000
MOST_BYTES = 2 << 30
"""Of the table before it is packed; 20 million leads with a dozen scores each stay below."""
MOST_ID_BYTES = 1 << 30
"""Of all lead ids together; 50 characters for each of 20 million leads."""
_BATCH_ROWS = 65_536


def check_tested(folder: Path) -> None:
    """Read the file in the run folder as far as needed to trust it.

    Raises:
        RunError: it is missing, damaged, no table of scores, or unpacks to too much.
    """
    try:
        # Ids stay numbers that point to texts, each of which is in memory once.
        with pq.ParquetFile(folder / "test_scores.parquet", read_dictionary=["lead_id"]) as file:
            _check_kinds(file.schema_arrow)
            groups = (file.metadata.row_group(place) for place in range(file.metadata.num_row_groups))
            size = sum(group.total_byte_size for group in groups)
            if file.metadata.num_rows > MOST_LEADS or size > MOST_BYTES:
                raise _refused(f"it has {file.metadata.num_rows:,} leads in {size >> 20:,} MB, too much for a test")
            length = 0
            for batch in file.iter_batches(_BATCH_ROWS, columns=["lead_id"]):
                ids = batch.column(0)
                length += pc.sum(pc.binary_length(ids.dictionary).take(ids.indices)).as_py() or 0
                if length > MOST_ID_BYTES:
                    raise _refused("its lead ids are far too long")
    except (OSError, pa.ArrowException) as error:
        raise RunError("the model's test_scores.parquet is missing or damaged; pack the run folder again") from error


def _check_kinds(schema: pa.Schema) -> None:
    lacking = [name for name in NEEDED if schema.names.count(name) != 1]
    if lacking:
        raise _refused(f"expected one column each of {', '.join(NEEDED)}, however: {', '.join(lacking)} is not there")
    kinds = {field.name: field.type for field in schema}
    ids = kinds.pop("lead_id")
    if not pa.types.is_dictionary(ids) or not pa.types.is_string(ids.value_type):
        raise _refused(f"lead_id must be text, however: it is {str(ids)[:80]}")
    for name, kind in kinds.items():
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
            raise _refused(f"scores must be numbers, however: '{name[:80]}' is {str(kind)[:80]}")


def _refused(why: str) -> RunError:
    return RunError(f"the model's test_scores.parquet is not that of a training: {why}; pack the run folder again")
