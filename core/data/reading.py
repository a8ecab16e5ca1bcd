"""Bytes or path -> frame: CSV of any usual separator, encoding and line end (gzipped too), Parquet and Excel.

What a file is gets decided by its content, never by its name. CSV is read in two passes: the first finds the encoding
by decoding the whole stream, so that none fails half way; the second parses. Neither holds more than a chunk in memory.
Without a byte order mark the encoding is UTF-8, UTF-16, GB18030, Windows-1252 or Latin-1; of others we know nothing.
Cells of CSV come out as text, "" for missing, and every line break within a cell as "\\n"; `core.data.values` makes
numbers, times and outcomes of them. Parquet and Excel keep their types. Frames are indexed by position in the file.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, NoReturn, cast

import charset_normalizer
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import ReadError

Source = Path | bytes
Progress = Callable[[float], None]

SEPARATORS = (",", ";", "\t", "|")
_SAMPLE = 1 << 18
"""Bytes or characters that the layout of a CSV file is judged by."""
_BATCH = 1_000
"""CSV rows that are Python lists at one time; larger batches are slower, since they leave the processor's cache."""
_FIELD_LIMIT = 10_000_000
"""Characters in one line or cell. A quote that is never closed would otherwise swallow the whole file."""
_INFLATION = (64 << 20, 200)
"""A file that unpacks to more than this many bytes and more than this many times its size is an attack."""
_EXCEL_ROWS = 1_048_576
"""Most rows that a sheet can have; progress counts against it, since a sheet's stated length is not to be trusted."""
_SHOWN = 5
"""Row numbers that a message names before it only counts."""

# Lone surrogates: no strict decoder ever yields them, so they cannot collide with what a file holds.
_BREAK, _END = "\udc0a", "\udcff"

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_REFUSED = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls) or has a password: save it as .xlsx without one, or as CSV"),
    (b"%PDF", "a PDF document: export the leads as CSV, Excel or Parquet"),
    (b"\x89PNG", "a picture: export the leads as CSV, Excel or Parquet"),
    (b"\xff\xd8\xff", "a picture: export the leads as CSV, Excel or Parquet"),
    (b"<", "HTML or XML, whatever its name says: open it in a spreadsheet and save it as .xlsx or CSV"),
    (b"{", "JSON: convert it to CSV or Parquet"),
    (b"[{", "JSON: convert it to CSV or Parquet"),
    (b"\x80\x04\x95", "a Python pickle, which is never opened: save the leads as CSV or Parquet"),
)


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
    kind = _kind(source)
    if kind == "parquet":
        file = _parquet_file(source)
        names = _names(file.schema_arrow.names, source)
        chunks = _parquet_chunks(file, source, names, _wanted(columns, names, source), chunk_rows)
    elif kind == "excel":
        rows = _excel_rows(source)
        names = _excel_header(rows, source)
        chunks = _excel_chunks(rows, source, names, _wanted(columns, names, source), chunk_rows)
    else:
        layout = _layout(source)
        chunks = _csv_chunks(source, layout, _wanted(columns, layout.names, source), chunk_rows)
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
    kind = _kind(source)
    if kind == "parquet":
        return _names(_parquet_file(source).schema_arrow.names, source)
    if kind == "excel":
        return _excel_header(_excel_rows(source), source)
    return _layout(source).names


# ---------------------------------------------------------------------------------------------------- what is this file


def _name(source: Source) -> str:
    return f"'{source.name}'" if isinstance(source, Path) else "the uploaded file"


def _refuse(source: Source, what: str) -> NoReturn:
    # Its causes often carry the server's path: the chain is cut on purpose.
    raise ReadError(f"cannot read {_name(source)}: {what}") from None


@contextmanager
def _opened(source: Source) -> Iterator[IO[bytes]]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    try:
        stream = source.open("rb")
    except FileNotFoundError:
        _refuse(source, "there is no such file; check the name and the folder")
    except IsADirectoryError:
        _refuse(source, "it is a folder; name one CSV, Excel or Parquet file in it")
    except OSError as error:
        _refuse(source, f"the system says '{error.strerror}'")
    with stream:
        yield stream


def _kind(source: Source) -> str:
    """`csv`, `gzip`, `parquet` or `excel`; anything else is refused with what it seems to be."""
    with _opened(source) as stream:
        head = stream.read(4096)
        if not head:
            _refuse(source, "the file is empty; it must hold a header and at least one lead")
        if head.startswith(b"PAR1"):
            return "parquet"
        if head.startswith(b"\x1f\x8b"):
            return "gzip"
        if head.startswith(b"PK\x03\x04"):
            _check_workbook(stream, source)
            return "excel"
    bare = head.removeprefix(codecs.BOM_UTF8).lstrip()
    for signature, what in _REFUSED:
        if bare.startswith(signature):
            _refuse(source, f"it is {what}")
    return "csv"


def _check_workbook(stream: IO[bytes], source: Source) -> None:
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        _refuse(source, "it is a damaged or cut-off zip archive or Excel workbook; save or send it again")
    if "xl/workbook.xml" not in {member.filename for member in members}:
        _refuse(source, "it is a zip archive but no .xlsx workbook; unpack it, or save the sheet as .xlsx or CSV")
    for member in members:
        _check_inflation(member.compress_size, member.file_size, source)


def _check_inflation(packed: int, unpacked: int, source: Source) -> None:
    size, ratio = _INFLATION
    if unpacked > size and unpacked > ratio * packed:
        _refuse(source, f"it unpacks to over {ratio} times its size, as only a harmful file does; unpack it yourself")


class _Inflated(io.RawIOBase):
    """A gzip stream that stops at decompression bombs and says in one sentence what is damaged."""

    def __init__(self, packed: IO[bytes], source: Source) -> None:
        self._packed, self._source, self._unpacked = packed, source, 0
        self._inflater = gzip.GzipFile(fileobj=packed)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._inflater.read(len(buffer))
        except (EOFError, OSError, zlib.error):
            _refuse(self._source, "its gzip compression is damaged or cut off; compress or send it again")
        buffer[: len(data)] = data
        self._unpacked += len(data)
        _check_inflation(self._packed.tell(), self._unpacked, self._source)
        return len(data)


# ------------------------------------------------------------------------------------------------------------------ CSV


@dataclass(frozen=True)
class _Layout:
    encoding: str
    newline: str
    separator: str
    blank_after_separator: bool
    names: list[str]
    header_row: int
    """1-based number of the record that holds the names."""
    separator_line: bool
    """The file begins with Excel's `sep=;` line, which is no record."""


@contextmanager
def _unpacked(source: Source) -> Iterator[tuple[IO[bytes], Callable[[], float]]]:
    """The bytes of the table, and what tells the share of the file that they have taken so far."""
    with _opened(source) as stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        data = io.BufferedReader(_Inflated(stream, source), 1 << 16) if packed else stream
        yield data, lambda: stream.tell() / size


def _text(stream: IO[bytes], encoding: str, newline: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(cast(Any, stream), encoding, newline=newline)


def _encoding(source: Source) -> str:
    with _unpacked(source) as (stream, _):
        head = stream.read(4096)
    encoding = next((codec for mark, codec in _BOMS if head.startswith(mark)), None) or _unmarked(head, source)
    failure = _first_failure(source, encoding)
    if failure is None:
        return encoding
    position, line = failure
    if encoding != "utf-8":
        _refuse_damaged(source, encoding, line)
    with _unpacked(source) as (stream, _):
        _skip(stream, position - (1 << 16))
        window = stream.read(1 << 17)
    window = window[window.find(b"\n", 0, 1 << 16) + 1 :] if position > 1 << 16 else window
    kept, replaced = window.decode("utf-8", "ignore"), window.decode("utf-8", "replace").count("\ufffd")
    # Single-byte text hardly ever forms a valid multi-byte sequence by chance: where most are valid, UTF-8 is meant.
    if sum(not c.isascii() for c in kept) > 5 * replaced:
        _refuse_damaged(source, "UTF-8", line)
    guess = charset_normalizer.from_bytes(window, cp_isolation=["gb18030", "cp1252"]).best()
    chinese = _first_failure(source, "gb18030")
    if chinese is None and guess is not None and guess.encoding == "gb18030":
        return "gb18030"
    # The detector gives up at a damaged pair; but Chinese signs are pairs of high bytes, Western letters single ones.
    high, paired = len(re.findall(rb"[\x80-\xff]", window)), len(re.findall(rb"[\xa1-\xfe]{2}", window))
    if chinese is not None and high > 100 and 2 * paired > 0.8 * high:
        _refuse_damaged(source, "GB18030", chinese[1])
    return "cp1252" if _first_failure(source, "cp1252") is None else "latin-1"


def _refuse_damaged(source: Source, encoding: str, line: int) -> NoReturn:
    _refuse(
        source,
        f"line {line:,} is damaged: it is no {encoding.upper()} text, as the rest is; save the file as UTF-8 again",
    )


def _unmarked(head: bytes, source: Source) -> str:
    """UTF-8, or UTF-16 where every other byte is often 0; refuses what is no text."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    for ours, other, codec in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if ours > len(head) / 5 and other == 0:
            return codec
    controls = sum(byte < 32 and byte not in b"\t\n\v\f\r\x1a\x1b" for byte in head)
    if 0 in head or controls > max(10, len(head) / 50):
        _refuse(source, "it is a binary file, whatever its name says; expected CSV text, an .xlsx workbook or Parquet")
    return "utf-8"


def _skip(stream: IO[bytes], count: int) -> None:
    while count > 0 and (piece := stream.read(min(count, 1 << 20))):
        count -= len(piece)


def _first_failure(source: Source, encoding: str) -> tuple[int, int] | None:
    """Byte position and line number of the first place that is not `encoding`, or None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    position, line = 0, 1
    with _unpacked(source) as (stream, _):
        while True:
            piece = stream.read(1 << 20)
            if b"\0" in piece and not encoding.startswith(("utf-16", "utf-32")):
                line += piece[: piece.index(b"\0")].count(b"\n")
                _refuse(
                    source, f"line {line:,} holds NUL bytes, as no text does: it is binary or damaged; export it again"
                )
            try:
                decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                place = max(0, len(piece) - len(error.object) + error.start)
                return position + place, line + piece[:place].count(b"\n")
            if not piece:
                return None
            position += len(piece)
            line += piece.count(b"\n")


def _layout(source: Source) -> _Layout:
    encoding = _encoding(source)
    with _unpacked(source) as (stream, _), _text(stream, encoding, newline="") as text:
        sample = text.read(_SAMPLE)
    outside = "".join(sample.split('"')[::2])
    newline = "\r" if "\r" in outside and "\n" not in outside else "\n"
    lines = [line + newline for line in sample.split(newline)]
    stated = re.fullmatch(r'\ufeff?"?sep=([,;|\t])"?\s*', lines[0])
    lines = lines[1:] if stated else lines
    best: tuple[tuple[bool, float, int, int], _Layout] | None = None
    for separator in (stated[1],) if stated else SEPARATORS:
        spaced = f'{separator} "' in lines[0]
        records = _records(lines, newline, separator, spaced, source)
        taken = list(islice(records, 200))
        if taken[-1] == [_END]:
            taken.pop()
        if len(taken) < 199 and len(sample) == _SAMPLE:
            taken[1:] = taken[1:-1]  # the sample's end cuts the last record off
        filled = [(number, record) for number, record in enumerate(taken, 1) if any(record)]
        if not filled:
            continue
        header_row, header = filled[0]
        fits = [len(record) == len(header) for _, record in filled[1:]] or [True]
        quotes = sum('"' in cell for _, record in filled for cell in record)
        merit = (len(header) > 1, sum(fits) / len(fits), -quotes, len(header))
        if best is None or merit > best[0]:
            layout = _Layout(encoding, newline, separator, spaced, header, header_row, stated is not None)
            best = merit, layout
    if best is None:
        _refuse(source, "it holds blank lines alone; it must hold a header and at least one lead")
    found = best[1]
    if _END in "".join(found.names):
        _refuse_unclosed(source, found.header_row)
    return replace(found, names=_names(found.names, source))


def _records(lines: Iterable[str], newline: str, separator: str, spaced: bool, source: Source) -> Iterator[list[str]]:
    """CSV records; last comes `[_END]`, unless a quote was still open at the end of the file."""
    csv.field_size_limit(_FIELD_LIMIT)
    try:
        yield from csv.reader(_one_kind_of_break(lines, newline, source), delimiter=separator, skipinitialspace=spaced)
    except csv.Error as error:
        _refuse(source, f"{error}; look for a quote that is opened and never closed")


def _one_kind_of_break(lines: Iterable[str], newline: str, source: Source) -> Iterator[str]:
    """Lines that end in "\\n"; the other kind of break is data, which the csv module would take for a line's end."""
    for line in lines:
        if len(line) >= _FIELD_LIMIT:
            _refuse(source, f"it holds a line of more than {_FIELD_LIMIT:,} characters; expected one lead a line")
        if newline == "\r":  # a leading "\n" is the second half of a "\r\n" within quotes
            line = line.removesuffix("\r").removeprefix("\n").replace("\n", _BREAK) + "\n"
        elif "\r" in line:
            line = line.removesuffix("\n").removesuffix("\r").replace("\r", _BREAK) + "\n"
        yield line
    yield _END


def _csv_chunks(
    source: Source, layout: _Layout, wanted: list[str], chunk_rows: int
) -> Iterator[tuple[float, pd.DataFrame]]:
    width, places = len(layout.names), [layout.names.index(name) for name in wanted]
    number, closed, misfit, shown = layout.header_row, False, 0, ""
    held: list[pa.Table] = []
    with _unpacked(source) as (stream, share), _text(stream, layout.encoding, layout.newline) as text:
        if layout.separator_line:
            text.readline()
        lines = iter(partial(text.readline, _FIELD_LIMIT), "")
        records = _records(lines, layout.newline, layout.separator, layout.blank_after_separator, source)
        for _ in range(layout.header_row):
            next(records)
        while batch := list(islice(records, min(_BATCH, chunk_rows - sum(map(len, held))))):
            closed = batch[-1] == [_END]
            if closed:
                batch.pop()
            if any(len(record) != width for record in batch):
                for n, record in enumerate(batch, number + 1):
                    if len(record) != width and any(cell.strip() for cell in record):  # blank lines are no leads
                        misfit += 1
                        shown += f", row {n:,} has {len(record)}" if misfit <= _SHOWN else ""
            number += len(batch)
            batch = [record for record in batch if len(record) == width]
            if batch and not misfit:  # after a misfit only the count goes on: the error ends the iteration
                cells = list(zip(*batch, strict=True))
                held.append(pa.table([_column(cells[place]) for place in places], names=wanted))
            if held and (closed or sum(map(len, held)) >= chunk_rows):
                yield share(), pa.concat_tables(held).combine_chunks().to_pandas()
                held = []
    if not closed:
        _refuse_unclosed(source, number)
    if misfit:
        _refuse(
            source,
            f"every row must have {width} fields separated by {layout.separator!r}, as the header in row "
            f"{layout.header_row} has, however: {misfit:,} of {number - layout.header_row:,} rows have not"
            f"{shown}{', ...' * (misfit > _SHOWN)}; put quotes around text that holds separators or line breaks",
        )


def _refuse_unclosed(source: Source, row: int) -> NoReturn:
    _refuse(source, f"a quote that opens in row {row:,} (counting the header) is never closed; close it")


def _column(cells: tuple[str, ...]) -> pa.Array:
    try:
        return pa.array(cells, pa.string())
    except UnicodeEncodeError:  # our own marks, which only text with stray line breaks holds
        return pa.array([cell.replace(_BREAK, "\n").replace(_END, "") for cell in cells], pa.string())


# ---------------------------------------------------------------------------------------------------- Parquet and Excel


def _parquet_file(source: Source) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(pa.BufferReader(source) if isinstance(source, bytes) else pa.OSFile(str(source)))
    except (pa.ArrowException, OSError):
        _refuse(source, "it is a damaged, encrypted or cut-off Parquet file; write or send it again")


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
        _refuse(source, f"it is a damaged Parquet file, readable up to row {done:,} alone; write or send it again")


def _excel_rows(source: Source) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Row number and cells of each row of the first sheet that holds anything; trailing empty cells are left out."""
    with _opened(source) as stream:
        try:
            with closing(openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)) as book:
                sheet = book.worksheets[0]
                sheet.reset_dimensions()  # other programs state them wrongly
                for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                    filled = [place for place, cell in enumerate(cells, 1) if cell is not None and cell != ""]
                    if filled:
                        yield number, cells[: filled[-1]]
        except Exception:  # whatever a damaged workbook causes inside openpyxl: KeyError, ParseError, IndexError, ...
            _refuse(source, "it is a damaged Excel workbook or one without cells; save it again as .xlsx or CSV")


def _excel_header(rows: Iterator[tuple[int, tuple[Any, ...]]], source: Source) -> list[str]:
    _, cells = next(rows, (0, ()))
    if not cells:
        _refuse(source, "its first sheet is empty; the leads must be on the first sheet, below a header")
    return _names(["" if cell is None else str(cell) for cell in cells], source)


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
        _refuse(
            source,
            f"{len(too_wide):,} rows have cells to the right of the {width} named columns, the first of them "
            f"{too_wide[:_SHOWN]}; give every column a name or clear those cells",
        )


# ------------------------------------------------------------------------------------------------------- what all share


def _names(stored: Sequence[str], source: Source) -> list[str]:
    one_line = (re.sub(f"[\r\n{_BREAK}]+", " ", name) for name in stored)
    names = [name.strip("\ufeff\u00a0\u3000 \t") or f"column_{place}" for place, name in enumerate(one_line, 1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        _refuse(source, f"every column must have a name of its own, however: {twice} stand more than once; rename them")
    return names


def _wanted(columns: Sequence[str] | None, names: list[str], source: Source) -> list[str]:
    missing = [name for name in columns or () if name not in names]
    if missing:
        _refuse(source, f"it has no column {', '.join(map(repr, missing))}; its columns are {names}")
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
        _refuse(source, "it has a header but no leads; expected one lead a row below the header")
    if on_progress is not None:
        on_progress(1.0)
