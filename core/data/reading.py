"""Bytes or path -> frame: CSV of any usual separator, encoding and line end (gzipped too), Parquet and Excel.

What a file is gets decided by its content, never by its name. Cells of CSV come out as text, "" for missing;
`core.data.values` makes numbers, times and outcomes of them. Parquet and Excel keep their types. Frames are indexed by
position in the file. No more than a chunk of the file is in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.data.csv_files import csv_chunks, csv_layout
from core.data.sources import SHOWN_ROWS, Source, header_names, kind_of, opened, refuse

Progress = Callable[[float], None]

_EXCEL_ROWS = 1_048_576
"""Most rows that a sheet can have; progress counts against it, since a sheet's stated length is not to be trusted."""


def read_chunks(
    source: Source,
    *,
    columns: Sequence[str] | None = None,
    chunk_rows: int = 50_000,
    on_progress: Progress | None = None,
) -> Iterator[pd.DataFrame]:
    """Frames of at most `chunk_rows` rows, in the file's order, with `columns` alone (in that order) where given.

    `on_progress` gets the share of the input that has been read, 0..1, after each chunk. What is wrong with the file as
    a whole or its header is raised at the call; what is wrong with its rows while iterating, at the latest at the end:
    only an iteration that ended without an error has read a sound file.

    Raises:
        ReadError: no such file, not a table, damaged, without leads, or with rows that do not fit the header.
    """
    kind = kind_of(source)
    if kind == "parquet":
        file = _parquet_file(source)
        names = header_names(file.schema_arrow.names, source)
        chunks = _parquet_chunks(file, source, names, _wanted(columns, names, source), chunk_rows)
    elif kind == "excel":
        rows = _excel_rows(source)
        names = _excel_header(rows, source)
        chunks = _excel_chunks(rows, source, names, _wanted(columns, names, source), chunk_rows)
    else:
        layout = csv_layout(source)
        chunks = csv_chunks(source, layout, _wanted(columns, layout.names, source), chunk_rows)
    return _counted(chunks, source, on_progress)


def read_table(
    source: Source,
    *,
    columns: Sequence[str] | None = None,
    on_progress: Progress | None = None,
    rows: int | None = None,
) -> pd.DataFrame:
    """The whole table, or its first `rows` rows, as one frame. Arguments and errors as for `read_chunks`.

    Example:
        >>> read_table("id;price\\n007;1,5\\n".encode("utf-16")).to_dict("list")
        {'id': ['007'], 'price': ['1,5']}
    """
    frames, held = [], 0
    for frame in read_chunks(source, columns=columns, chunk_rows=min(rows or 50_000, 50_000), on_progress=on_progress):
        frames.append(frame)
        held += len(frame)
        if rows is not None and held >= rows:
            break
    return pd.concat(frames).iloc[:rows]


def column_names(source: Source) -> list[str]:
    """The header's names, stripped; a blank name becomes `column_<position>`. Errors as for `read_chunks`."""
    kind = kind_of(source)
    if kind == "parquet":
        return header_names(_parquet_file(source).schema_arrow.names, source)
    if kind == "excel":
        return _excel_header(_excel_rows(source), source)
    return csv_layout(source).names


def _wanted(columns: Sequence[str] | None, names: list[str], source: Source) -> list[str]:
    missing = [name for name in columns or () if name not in names]
    if missing:
        refuse(source, f"it has no column {', '.join(map(repr, missing))}; its columns are {names}")
    return names if columns is None else list(dict.fromkeys(columns))


def _counted(
    chunks: Iterator[tuple[float, pd.DataFrame]], source: Source, on_progress: Progress | None
) -> Iterator[pd.DataFrame]:
    """Number the rows through the whole file, report progress, refuse a file without any."""
    rows = 0
    for share, frame in chunks:
        frame.index = pd.RangeIndex(rows, rows + len(frame))
        rows += len(frame)
        if on_progress is not None:
            on_progress(share)
        yield frame
    if rows == 0:
        refuse(source, "it has a header but no leads; expected one lead a row below the header")
    if on_progress is not None:
        on_progress(1.0)


def _parquet_file(source: Source) -> pq.ParquetFile:
    try:
        data = pa.BufferReader(source) if isinstance(source, bytes) else pa.OSFile(str(source))
        return pq.ParquetFile(data, pre_buffer=False)  # a buffer would keep all that was read
    except (pa.ArrowException, OSError):
        refuse(source, "it is a damaged, encrypted or cut-off Parquet file; write or send it again")


def _parquet_chunks(
    file: pq.ParquetFile, source: Source, names: list[str], wanted: list[str], chunk_rows: int
) -> Iterator[tuple[float, pd.DataFrame]]:
    stored = [file.schema_arrow.names[names.index(name)] for name in wanted]
    done = 0
    try:
        for batch in file.iter_batches(chunk_rows, columns=stored):
            done += len(batch)
            table = pa.table([batch.column(name) for name in stored], names=wanted)  # without pandas' index columns
            # Integers with gaps stay integers: as floats, long ids would lose their last digits.
            yield done / file.metadata.num_rows, table.to_pandas(integer_object_nulls=True, date_as_object=False)
    except (pa.ArrowException, OSError):
        refuse(source, f"it is a damaged Parquet file, readable up to row {done:,} alone; write or send it again")


def _excel_rows(source: Source) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Row number and cells of each row of the first sheet that holds anything; trailing empty cells are left out."""
    with opened(source) as stream:
        try:
            with closing(openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)) as book:
                sheet = book.worksheets[0]
                sheet.reset_dimensions()  # other programs state them wrongly
                for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                    filled = [place for place, cell in enumerate(cells, 1) if cell is not None and cell != ""]
                    if filled:
                        yield number, cells[: filled[-1]]
        except Exception:  # whatever a damaged workbook causes inside openpyxl: KeyError, ParseError, IndexError, ...
            refuse(source, "it is a damaged Excel workbook or one without cells; save it again as .xlsx or CSV")


def _excel_header(rows: Iterator[tuple[int, tuple[Any, ...]]], source: Source) -> list[str]:
    _, cells = next(rows, (0, ()))
    if not cells:
        refuse(source, "its first sheet is empty; the leads must be on the first sheet, below a header")
    return header_names(["" if cell is None else str(cell) for cell in cells], source)


def _excel_chunks(
    rows: Iterator[tuple[int, tuple[Any, ...]]], source: Source, names: list[str], wanted: list[str], chunk_rows: int
) -> Iterator[tuple[float, pd.DataFrame]]:
    width, too_wide = len(names), []
    while batch := list(islice(rows, chunk_rows)):
        too_wide += [number for number, cells in batch if len(cells) > width]
        if not too_wide:
            frame = pd.DataFrame([(*cells, *[None] * (width - len(cells))) for _, cells in batch], columns=names)
            yield batch[-1][0] / _EXCEL_ROWS, frame[wanted]
    if too_wide:
        refuse(
            source,
            f"{len(too_wide):,} rows have cells to the right of the {width} named columns, the first of them "
            f"{too_wide[:SHOWN_ROWS]}; give every column a name or clear those cells",
        )
