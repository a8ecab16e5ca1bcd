"""CSV of any usual separator, line end and encoding, gzipped or not, chunk by chunk.

Two passes: the first finds the encoding and the layout, the second parses; neither holds more than a chunk in memory.
Cells come out as text, "" for missing, and every line break within a cell as "\\n".
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import IO, Any, NoReturn, cast

import pandas as pd
import pyarrow as pa

from core.data.encodings import encoding_of
from core.data.sources import SHOWN_ROWS, Source, header_names, refuse, unpacked

SEPARATORS = (",", ";", "\t", "|")
_SAMPLE = 1 << 18
"""Bytes or characters that the layout of a CSV file is judged by."""
_BATCH = 1_000
"""CSV rows that are Python lists at one time; larger batches are slower, since they leave the processor's cache."""
_FIELD_LIMIT = 10_000_000
"""Characters in one line or cell. A quote that is never closed would otherwise swallow the whole file."""

# Lone surrogates: no strict decoder ever yields them, so they cannot collide with what a file holds.
_BREAK, _END = "\udc0a", "\udcff"


@dataclass(frozen=True)
class Layout:
    """How a CSV file is written, and the names in its header."""

    encoding: str
    newline: str
    separator: str
    blank_after_separator: bool
    names: list[str]
    header_row: int
    """1-based number of the record that holds the names."""
    separator_line: bool
    """The file begins with Excel's `sep=;` line, which is no record."""


def csv_layout(source: Source) -> Layout:
    """Judge the file by its start: the separator that makes most records as wide as the header wins."""
    encoding = encoding_of(source)
    with unpacked(source) as (stream, _), _text(stream, encoding, newline="") as text:
        sample = text.read(_SAMPLE)
    outside = "".join(sample.split('"')[::2])
    newline = "\r" if "\r" in outside and "\n" not in outside else "\n"
    lines = [line + newline for line in sample.split(newline)]
    stated = re.fullmatch(r'\ufeff?"?sep=([,;|\t])"?\s*', lines[0])
    lines = lines[1:] if stated else lines
    best: tuple[tuple[bool, float, int, int], Layout] | None = None
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
            layout = Layout(encoding, newline, separator, spaced, header, header_row, stated is not None)
            best = merit, layout
    if best is None:
        refuse(source, "it holds blank lines alone; it must hold a header and at least one lead")
    found = best[1]
    if _END in "".join(found.names):
        _refuse_unclosed(source, found.header_row)
    return replace(found, names=header_names([name.replace(_BREAK, "\n") for name in found.names], source))


def csv_chunks(
    source: Source, layout: Layout, wanted: list[str], chunk_rows: int
) -> Iterator[tuple[float, pd.DataFrame]]:
    """Yield (share of the file read so far, rows); rows that do not fit the header are told together, at the end.

    Raises:
        ReadError: rows that do not fit, a quote that is never closed, a cell beyond all measure.
    """
    width, places = len(layout.names), [layout.names.index(name) for name in wanted]
    number, closed, misfit, shown = layout.header_row, False, 0, ""
    held: list[pa.Table] = []
    with unpacked(source) as (stream, share), _text(stream, layout.encoding, layout.newline) as text:
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
                        shown += f", row {n:,} has {len(record)}" if misfit <= SHOWN_ROWS else ""
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
        refuse(
            source,
            f"every row must have {width} fields separated by {layout.separator!r}, as the header in row "
            f"{layout.header_row} has, however: {misfit:,} of {number - layout.header_row:,} rows have not"
            f"{shown}{', ...' * (misfit > SHOWN_ROWS)}; put quotes around text that holds separators or line breaks",
        )


def _text(stream: IO[bytes], encoding: str, newline: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(cast(Any, stream), encoding, newline=newline)


def _records(lines: Iterable[str], newline: str, separator: str, spaced: bool, source: Source) -> Iterator[list[str]]:
    """CSV records; last comes `[_END]`, unless a quote was still open at the end of the file."""
    csv.field_size_limit(_FIELD_LIMIT)
    try:
        yield from csv.reader(_one_kind_of_break(lines, newline, source), delimiter=separator, skipinitialspace=spaced)
    except csv.Error as error:
        refuse(source, f"{error}; look for a quote that is opened and never closed")


def _one_kind_of_break(lines: Iterable[str], newline: str, source: Source) -> Iterator[str]:
    """Lines that end in "\\n"; the other kind of break is data, which the csv module would take for a line's end."""
    for line in lines:
        if len(line) >= _FIELD_LIMIT:
            refuse(source, f"it holds a line of more than {_FIELD_LIMIT:,} characters; expected one lead a line")
        if newline == "\r":  # a leading "\n" is the second half of a "\r\n" within quotes
            line = line.removesuffix("\r").removeprefix("\n").replace("\n", _BREAK) + "\n"
        elif "\r" in line:
            line = line.removesuffix("\n").removesuffix("\r").replace("\r", _BREAK) + "\n"
        yield line
    yield _END


def _refuse_unclosed(source: Source, row: int) -> NoReturn:
    refuse(source, f"a quote that opens in row {row:,} (counting the header) is never closed; close it")


def _column(cells: tuple[str, ...]) -> pa.Array:
    try:
        return pa.array(cells, pa.string())
    except UnicodeEncodeError:  # our own marks, which only text with stray line breaks holds
        return pa.array([cell.replace(_BREAK, "\n").replace(_END, "") for cell in cells], pa.string())
