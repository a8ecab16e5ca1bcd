"""The encoding of a text file, found by decoding all of it, so that nothing that reads it later can fail half way.

Without a byte order mark it is UTF-8, UTF-16, GB18030, Windows-1252 or Latin-1; of others we know nothing.
"""

from __future__ import annotations

import codecs
import re
from typing import IO, NoReturn

import charset_normalizer

from core.data.sources import Source, refuse, unpacked

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(source: Source) -> str:
    """Name of the codec that decodes the whole file. Raises ReadError for what is damaged or no text."""
    with unpacked(source) as (stream, _):
        head = stream.read(4096)
    encoding = next((codec for mark, codec in _BOMS if head.startswith(mark)), None) or _unmarked(head, source)
    failure = _first_failure(source, encoding)
    if failure is None:
        return encoding
    position, line = failure
    if encoding != "utf-8":
        _refuse_damaged(source, encoding, line)
    with unpacked(source) as (stream, _):
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
    refuse(
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
        refuse(source, "it is a binary file, whatever its name says; expected CSV text, an .xlsx workbook or Parquet")
    return "utf-8"


def _skip(stream: IO[bytes], count: int) -> None:
    while count > 0 and (piece := stream.read(min(count, 1 << 20))):
        count -= len(piece)


def _first_failure(source: Source, encoding: str) -> tuple[int, int] | None:
    """Byte position and line number of the first place that is not `encoding`, or None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    position, line = 0, 1
    with unpacked(source) as (stream, _):
        while True:
            piece = stream.read(1 << 20)
            if b"\0" in piece and not encoding.startswith(("utf-16", "utf-32")):
                line += piece[: piece.index(b"\0")].count(b"\n")
                refuse(
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
