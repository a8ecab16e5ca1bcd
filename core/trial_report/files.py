"""The report as files: HTML that stands alone and a PDF; the same sections in both."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib
from fpdf import FPDF, Align
from fpdf.fonts import FontFace

from core.decisions.field_trial.protocol import Protocol
from core.decisions.field_trial.reading import TrialResult
from core.report.page import drawn_as, html_page
from core.report.parts import Section, Table, plain
from core.trial_report.sections import sections

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
"""DejaVu comes with matplotlib and knows every letter of Europe."""
FONT = "DejaVu"
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
    return html_page(f"Field trial: {protocol.name}", sections(result, protocol))


def pdf_report(result: TrialResult, protocol: Protocol) -> bytes:
    """The same as PDF, A4, with pictures as PNG and the fonts in it."""
    paper = _Paper(format="A4")
    paper.set_title(f"Field trial: {plain(protocol.name)}")
    paper.set_lang("en-GB")
    paper.set_margin(18)
    paper.set_auto_page_break(auto=True, margin=18)
    for emphasis, file in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
        paper.add_font(FONT, emphasis, FONTS / file)
    paper.add_page()
    _line(paper, f"Field trial: {plain(protocol.name)}", size=18, bold=True)
    for place, section in enumerate(sections(result, protocol)):
        _write(paper, section, first=place == 0)
    return bytes(paper.output())


class _Paper(FPDF):
    """Pages with their number."""

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(FONT, size=8)
        self.cell(0, 5, f"Page {self.page_no()}", align="C")


def _write(paper: FPDF, section: Section, *, first: bool) -> None:
    paper.ln(4)
    if paper.will_page_break(KEPT_PICTURE if section.picture else KEPT):
        paper.add_page()
    paper.start_section(section.heading)
    _line(paper, section.heading, size=13, bold=True)
    for place, words in enumerate(section.sentences):
        answer = first and place == 0
        _line(paper, plain(words), size=12 if answer else LETTERS, bold=answer)
    if section.picture is not None:
        paper.image(io.BytesIO(drawn_as(section.picture, "png")), x=Align.C, w=PICTURE, alt_text=section.picture.words)
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
        drawn.row([plain(name) for name in table.columns])
        for place, row in enumerate(table.rows):
            drawn.row([plain(cell) for cell in row], style=MARKED if place == table.marked else None)


def _line(paper: FPDF, words: str, *, size: float, bold: bool = False) -> None:
    paper.set_font(FONT, "B" if bold else "", size)
    paper.multi_cell(0, size * 0.5, words, align="L", new_x="LMARGIN", new_y="NEXT")
    paper.ln(1)
