"""Sections as Markdown: sentences and tables; pictures are left to the other files."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from core.report.parts import Section, Table, plain

MARKS = re.compile(r"([\\`*_\[\]|~#])")


def markdown_page(title: str, sections: Sequence[Section]) -> str:
    """The whole file. Any text may come from a person: markup in it is shown as it was written."""
    parts = [f"# {_safe(title)}"]
    for section in sections:
        parts += [f"## {_safe(section.heading)}", *(_safe(words) for words in section.sentences)]
        if section.table is not None:
            parts.append(_table(section.table))
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    rows = [" | ".join(_safe(cell) for cell in row) for row in (table.columns, *table.rows)]
    rule = "|".join("---" for _ in table.columns)
    return "\n".join(f"| {row} |" for row in [rows[0], *rows[1:]]).replace("\n", f"\n|{rule}|\n", 1)


def _safe(words: str) -> str:
    """
    Example:
        >>> _safe("a|b <i>*c*")
        'a\\\\|b &lt;i&gt;\\\\*c\\\\*'
    """
    return MARKS.sub(r"\\\1", html.escape(plain(words), quote=False))
