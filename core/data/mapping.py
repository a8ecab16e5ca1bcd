"""Leads whose texts lie in files that are mapped into memory: any number of leads can be worked on.

    folder/leads-00000.arrow    consecutive leads, in groups of GROUP_LEADS; columns named as in `core.data.stored`

Texts, ids among them, are views into the files: the system reads a page when somebody asks for it and drops it when
memory runs short. Numbers, 8 bytes each, are held. A file is there whole or not at all, so that whoever was stopped
goes on with those that are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.data.keeping import put
from core.data.leads import Leads
from core.data.schema import Schema
from core.data.stored import columns_of, need_columns, unreadable
from core.errors import LeadRankError

GROUP_LEADS = 8_192
"""Leads that are read or written at once: about 70 MB of dialogues of 2,000 tokens."""


def lay(leads: Leads, file: Path) -> None:
    """Write these leads as one of the files that `mapped` takes. Raises LeadRankError where the disk takes no more."""
    lay_table(pa.table(columns_of(leads)), file)


def lay_table(table: pa.Table, file: Path) -> None:
    """The same for some columns of leads; `mapped_table` opens it."""
    _write(table.schema, table.to_batches(GROUP_LEADS), file)


def map_stored(path: Path, schema: Schema, file: Path) -> Leads:
    """`stored.read_leads`, with the texts in `file` for as long as somebody holds them.

    Raises:
        LeadRankError: the stored file is missing, damaged or of another schema, or the disk takes no more.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        stored = pq.ParquetFile(path, pre_buffer=False)
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path) from error
    kept = [field for field in stored.schema_arrow if field.name.startswith(("role:", "feature:"))]
    _write(pa.schema(kept), _groups(stored, [field.name for field in kept], path), file)
    leads = mapped([file], schema)
    need_columns(leads.features, schema)
    # What is mapped stays until nobody maps it, whatever becomes of this process; Windows takes no open file away.
    with suppress(PermissionError):
        file.unlink()
    return leads


def _groups(stored: pq.ParquetFile, names: list[str], path: Path) -> Iterator[pa.RecordBatch]:
    try:
        yield from stored.iter_batches(GROUP_LEADS, columns=names)
    except (OSError, pa.ArrowException) as error:
        raise unreadable(path) from error


def _write(schema: pa.Schema, batches: Iterable[pa.RecordBatch], file: Path) -> None:
    partial = file.with_suffix(".part")
    try:
        with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_file(sink, schema) as out:
            for batch in batches:
                out.write_batch(batch)
        put(partial, file)
    except OSError as error:
        raise LeadRankError(
            f"the words of the leads could not be written: the system says '{error.strerror or error}'; see that the "
            "disk has room for them, uncompressed"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def mapped_table(files: Sequence[Path]) -> pa.Table:
    """The columns of all files, in their order."""
    return pa.concat_tables([pa.ipc.open_file(pa.memory_map(str(file))).read_all() for file in files])


def mapped(files: Sequence[Path], schema: Schema) -> Leads:
    """The leads of all files, in their order."""
    table = mapped_table(files)
    index = pd.RangeIndex(len(table))

    def frame(kind: str) -> pd.DataFrame:
        names = [name for name in table.column_names if name.startswith(kind)]
        return pd.DataFrame({name.removeprefix(kind): table.column(name).to_pandas() for name in names}, index=index)

    return Leads(frame("role:"), frame("feature:"), schema)
