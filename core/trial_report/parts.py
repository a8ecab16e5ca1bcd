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
