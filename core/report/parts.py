"""What a report is made of, whatever the file."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure


@dataclass(frozen=True)
class Table:
    """Rows of plain text under their column names."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: int | None = None
    """The row that stands out."""


@dataclass(frozen=True)
class Picture:
    """A drawing, and in words what it shows."""

    words: str
    figure: Figure


@dataclass(frozen=True)
class Section:
    """A heading with what stands under it, in this order."""

    heading: str
    sentences: tuple[str, ...] = ()
    picture: Picture | None = None
    table: Table | None = None


def plain(words: str) -> str:
    """On one line, without what no font can show: control marks and halves of letters."""
    return "".join(letter for letter in " ".join(words.split()) if letter.isprintable())
