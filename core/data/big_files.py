"""Lead files of any size: examined shard by shard on disk, so that a bounded share of them is in memory."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from core.data.checks import LEAST_OF_EACH_CLASS
from core.data.keeping import OnDisk, put
from core.data.leads import Leads
from core.data.mapping import GROUP_LEADS, lay, mapped
from core.data.problems import Report
from core.data.reading import column_names, read_chunks
from core.data.schema import Schema, schema_to_dict
from core.data.sources import kind_of
from core.data.validation import examine_onto
from core.errors import ValidationError

DONE = "leads.json"
"""Of `map_leads`; comes last."""


def keep_leads(
    source: Path,
    schema: Schema,
    folder: Path,
    *,
    rows: int,
    need_outcome: bool = False,
    least_of_each_class: int = LEAST_OF_EACH_CLASS,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[OnDisk, Report]:
    """`validation.load_leads` for files of any size: the leads lie in `folder`, in shards of `rows`, and at most a
    shard and one column of all leads are in memory.

    Raises:
        ReadError: the file is no table.
        ValidationError: with every error that was found.
    """
    names, kept = column_names(source), OnDisk(folder, schema)
    wanted = [name for name in names if name in schema.columns()] or names[:1]
    chunks = read_chunks(source, columns=wanted, chunk_rows=rows, on_progress=on_progress)
    report = examine_onto(
        kept, chunks, schema, need_outcome=need_outcome, least_of_each_class=least_of_each_class, names=names
    )
    if report.errors:
        raise ValidationError(tuple(str(problem) for problem in report.errors))
    return kept, report


def map_leads(
    source: Path, schema: Schema, folder: Path, *, on_progress: Callable[[float], None] | None = None
) -> tuple[Leads, tuple[str, ...]]:
    """The leads of a file to learn from, whose texts stay on disk, and the warnings.

    Args:
        folder: for these leads alone. Where the same file was read into it before, by the same schema, it is not read
            again.

    Raises:
        ReadError, ValidationError: as `keep_leads`; the folder is gone then.
    """
    kind_of(source)  # a file that is none is told as such
    with source.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    request = json.loads(json.dumps({"sha256": sha256, "schema": schema_to_dict(schema)}))
    if (folder / DONE).exists():
        told = json.loads((folder / DONE).read_text("utf-8"))
        # Files that a failing disk took part of are read anew.
        with suppress(OSError, pa.ArrowException):
            if told["request"] == request:
                return mapped([folder / name for name in told["files"]], schema), tuple(told["warnings"])
    shutil.rmtree(folder, ignore_errors=True)
    reading = folder / "reading"
    reading.mkdir(parents=True)
    try:
        kept, report = keep_leads(source, schema, reading, rows=GROUP_LEADS, need_outcome=True, on_progress=on_progress)
        files = [folder / f"leads-{shard:05d}.arrow" for shard in range(len(kept.sizes))]
        for shard, file in enumerate(files):
            lay(kept.leads(shard), file)
        shutil.rmtree(reading)
        warnings = tuple(str(problem) for problem in report.warnings)
        partial = folder / f".{DONE}.part"
        document = {"request": request, "files": [file.name for file in files], "warnings": warnings}
        partial.write_text(json.dumps(document), "utf-8")
        put(partial, folder / DONE)
    except BaseException:  # nothing goes on with half a reading
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return mapped(files, schema), warnings
