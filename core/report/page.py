"""Sections as one HTML file: styles and pictures (SVG) are in it, nothing is fetched, no script runs."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

from core.report.parts import Picture, Section, Table, plain

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 46rem; margin: 0 auto;
  padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2rem; }
.answer { border-left: .3rem solid #0072b2; padding-left: 1rem; } .answer p:first-of-type { font-size: 1.2rem; }
.wide { overflow-x: auto; } img { max-width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; overflow-wrap: normal; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #ddd; }
td { min-width: 4.5rem; overflow-wrap: break-word; } td:first-child { min-width: 8rem; }
tr.marked { font-weight: 600; background: #eaf3f9; }
@media print { section { break-inside: avoid; } img { max-height: 24cm; } .wide { overflow: visible; }
  table { font-size: .7rem; } td, td:first-child { min-width: 0; overflow-wrap: anywhere; } }
"""
DOTS = 200
"""Dots an inch of a picture that is made of dots."""


def html_page(title: str, sections: Sequence[Section]) -> str:
    """The whole file; the first section is the answer and stands out. Any text may come from a person."""
    parts = [_section(section, first=place == 0) for place, section in enumerate(sections)]
    return (
        '<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_safe(title)}</title><style>{STYLE}</style></head>\n<body><h1>{_safe(title)}</h1>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def drawn_as(picture: Picture, kind: str) -> bytes:
    """The picture as a file, `svg` or `png`."""
    stream = io.BytesIO()
    picture.figure.savefig(stream, format=kind, dpi=DOTS)
    return stream.getvalue()


def _section(section: Section, *, first: bool) -> str:
    parts = [f"<h2>{_safe(section.heading)}</h2>", *(f"<p>{_safe(words)}</p>" for words in section.sentences)]
    if section.picture is not None:
        parts.append(f'<img alt="{_safe(section.picture.words)}" src="{_address(section.picture)}">')
    if section.table is not None:
        parts.append(_table(section.table))
    return f"<section{_class('answer') if first else ''}>{''.join(parts)}</section>"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{_safe(name)}</th>' for name in table.columns)
    rows = "".join(
        f"<tr{_class('marked') if place == table.marked else ''}>"
        + "".join(f"<td>{_safe(cell)}</td>" for cell in row)
        + "</tr>"
        for place, row in enumerate(table.rows)
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _class(name: str) -> str:
    return f' class="{name}"'


def _address(picture: Picture) -> str:
    """The drawing inside its own address: names within one SVG cannot meet those of another."""
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn_as(picture, 'svg')).decode()}"


def _safe(words: str) -> str:
    """Plain words for HTML, also between quotes of a tag."""
    return html.escape(plain(words))
