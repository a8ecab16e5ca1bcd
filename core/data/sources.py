"""A lead file as bytes: opened, recognised by its content, unpacked; what cannot be read is refused in one sentence."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn

from core.errors import ReadError

Source = Path | bytes

SHOWN_ROWS = 5
"""Row numbers that a message names before it only counts."""
_INFLATION = (64 << 20, 200)
"""A file that unpacks to more than this many bytes and more than this many times its size is an attack."""
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


def _name(source: Source) -> str:
    return f"'{source.name}'" if isinstance(source, Path) else "the uploaded file"


def refuse(source: Source, what: str) -> NoReturn:
    """Raise a ReadError that names the file but never its folder."""
    # Its causes often carry the server's path: the chain is cut on purpose.
    raise ReadError(f"cannot read {_name(source)}: {what}") from None


@contextmanager
def opened(source: Source) -> Iterator[IO[bytes]]:
    """The bytes as they are, from the start. Raises ReadError where there is no such file."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    try:
        stream = source.open("rb")
    except FileNotFoundError:
        refuse(source, "there is no such file; check the name and the folder")
    except IsADirectoryError:
        refuse(source, "it is a folder; name one CSV, Excel or Parquet file in it")
    except OSError as error:
        refuse(source, f"the system says '{error.strerror}'")
    with stream:
        yield stream


def kind_of(source: Source) -> str:
    """`csv`, `gzip`, `parquet` or `excel`; anything else is refused with what it seems to be."""
    with opened(source) as stream:
        head = stream.read(4096)
        if not head:
            refuse(source, "the file is empty; it must hold a header and at least one lead")
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
            refuse(source, f"it is {what}")
    return "csv"


@contextmanager
def unpacked(source: Source) -> Iterator[tuple[IO[bytes], Callable[[], float]]]:
    """The bytes of the table, and what tells the share of the file that they have taken so far."""
    with opened(source) as stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        data = io.BufferedReader(_Inflated(stream, source), 1 << 16) if packed else stream
        yield data, lambda: stream.tell() / size


def header_names(stored: Sequence[str], source: Source) -> list[str]:
    """Column names on one line each, stripped; a blank one becomes `column_<position>`, none may stand twice.

    Example:
        >>> header_names([" id ", "", "when\\nmade"], b"")
        ['id', 'column_2', 'when made']
    """
    one_line = (re.sub(r"[\r\n]+", " ", name) for name in stored)
    names = [name.strip("\ufeff\u00a0\u3000 \t") or f"column_{place}" for place, name in enumerate(one_line, 1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        refuse(source, f"every column must have a name of its own, however: {twice} stand more than once; rename them")
    return names


def _check_workbook(stream: IO[bytes], source: Source) -> None:
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        refuse(source, "it is a damaged or cut-off zip archive or Excel workbook; save or send it again")
    if "xl/workbook.xml" not in {member.filename for member in members}:
        refuse(source, "it is a zip archive but no .xlsx workbook; unpack it, or save the sheet as .xlsx or CSV")
    for member in members:
        _check_inflation(member.compress_size, member.file_size, source)


def _check_inflation(packed: int, unpacked: int, source: Source) -> None:
    size, ratio = _INFLATION
    if unpacked > size and unpacked > ratio * packed:
        refuse(source, f"it unpacks to over {ratio} times its size, as only a harmful file does; unpack it yourself")


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
            refuse(self._source, "its gzip compression is damaged or cut off; compress or send it again")
        buffer[: len(data)] = data
        self._unpacked += len(data)
        _check_inflation(self._packed.tell(), self._unpacked, self._source)
        return len(data)
