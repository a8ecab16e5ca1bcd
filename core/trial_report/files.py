"""The report as files: HTML that stands alone and a PDF; the same sections in both."""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path

import matplotlib
from fpdf import FPDF, Align
from fpdf.fonts import FontFace

from core.charts.style import cut
from core.decisions.field_trial.protocol import Protocol
from core.decisions.field_trial.reading import TrialResult
from core.trial_report.parts import Picture, Section, Table
from core.trial_report.sections import sections

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 46rem; margin: 0 auto;
  padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2rem; }
.answer { border-left: .3rem solid #0072b2; padding-left: 1rem; } .answer p:first-of-type { font-size: 1.2rem; }
.wide { overflow-x: auto; } img { max-width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; overflow-wrap: normal; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #ddd; }
td { min-width: 4.5rem; overflow-wrap: anywhere; } tr.marked { font-weight: 600; background: #eaf3f9; }
@media print { section { break-inside: avoid; } }
"""
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
"""DejaVu comes with matplotlib and knows every letter of Europe."""
FONT = "DejaVu"
DOTS = 200
"""Dots an inch of a picture in the PDF."""
MARKED = FontFace(emphasis="BOLD", fill_color=(234, 243, 249))
LETTERS = 10
"""Points."""
PICTURE = 140
"""Millimetres that a picture is wide."""
KEPT, KEPT_PICTURE = 40, 100
"""Millimetres that a heading wants below it on its page, without and with a picture."""
LINES = (190, 190, 190)
"""Grey of a table's lines."""


def html_report(result: TrialResult, protocol: Protocol) -> str:
    """One HTML file: styles and pictures (SVG) are in it, nothing is fetched, no script runs.

    While the plan does not let an effect be read, none is in it.
    """
    parts = [_section(section, first=place == 0) for place, section in enumerate(sections(result, protocol))]
    title = f"Field trial: {_safe(protocol.name)}"
    return (
        '<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def pdf_report(result: TrialResult, protocol: Protocol) -> bytes:
    """The same as PDF, A4, with pictures as PNG and the fonts in it."""
    paper = _Paper(format="A4")
    paper.set_title(f"Field trial: {_plain(protocol.name)}")
    paper.set_lang("en-GB")
    paper.set_margin(18)
    paper.set_auto_page_break(auto=True, margin=18)
    for emphasis, file in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
        paper.add_font(FONT, emphasis, FONTS / file)
    paper.add_page()
    _line(paper, f"Field trial: {_plain(protocol.name)}", size=18, bold=True)
    for place, section in enumerate(sections(result, protocol)):
        _write(paper, section, first=place == 0)
    return bytes(paper.output())


class _Paper(FPDF):
    """Pages with their number."""

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(FONT, size=8)
        self.cell(0, 5, f"Page {self.page_no()}", align="C")


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
    return f"data:image/svg+xml;base64,{base64.b64encode(_drawn(picture, 'svg')).decode()}"


def _drawn(picture: Picture, kind: str) -> bytes:
    stream = io.BytesIO()
    picture.figure.savefig(stream, format=kind, dpi=DOTS)
    return stream.getvalue()


def _write(paper: FPDF, section: Section, *, first: bool) -> None:
    paper.ln(4)
    if paper.will_page_break(KEPT_PICTURE if section.picture else KEPT):
        paper.add_page()
    paper.start_section(section.heading)
    _line(paper, section.heading, size=13, bold=True)
    for place, words in enumerate(section.sentences):
        answer = first and place == 0
        _line(paper, _plain(words), size=12 if answer else LETTERS, bold=answer)
    if section.picture is not None:
        paper.image(io.BytesIO(_drawn(section.picture, "png")), x=Align.C, w=PICTURE, alt_text=section.picture.words)
        paper.ln(2)
    if section.table is not None:
        _write_table(paper, section.table)


def _write_table(paper: FPDF, table: Table) -> None:
    paper.set_font(FONT, size=8)
    paper.set_draw_color(LINES)
    longest = [max(len(cell) for cell in column) for column in zip(table.columns, *table.rows, strict=True)]
    # A long column takes more, but never so much that a short one breaks within a word.
    widths = tuple(min(max(length, 10), 40) for length in longest)
    with paper.table(
        col_widths=widths,
        text_align="LEFT",
        line_height=4.2,
        padding=0.8,
        borders_layout="HORIZONTAL_LINES",
        headings_style=FontFace(emphasis="BOLD"),
    ) as drawn:
        drawn.row([_plain(name) for name in table.columns])
        for place, row in enumerate(table.rows):
            drawn.row([_plain(cell) for cell in row], style=MARKED if place == table.marked else None)


def _line(paper: FPDF, words: str, *, size: float, bold: bool = False) -> None:
    paper.set_font(FONT, "B" if bold else "", size)
    paper.multi_cell(0, size * 0.5, words, align="L", new_x="LMARGIN", new_y="NEXT")
    paper.ln(1)


def _plain(words: str) -> str:
    """On one line, without what no font can show: control marks and halves of letters."""
    return "".join(letter for letter in cut(words) if letter.isprintable())


def _safe(words: str) -> str:
    """Plain words for HTML, also between quotes of a tag."""
    return html.escape(_plain(words))
