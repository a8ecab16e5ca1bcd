"""Sections as PDF: A4, with pictures as PNG and the fonts in it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib
from fpdf import FPDF, Align
from fpdf.fonts import FontFace, TTFFont
from matplotlib.font_manager import findSystemFonts, get_font

from core.report.page import drawn_as
from core.report.parts import Section, Table, plain

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
"""DejaVu comes with matplotlib and knows every letter of Europe."""
FONT, FURTHER = "DejaVu", "Further"
"""The font of the text, and one of the machine's for letters that it lacks, such as Chinese ones."""
BOX = "□"
UNSHOWN = f"{BOX} stands for a letter that no font of this machine has; the HTML file has it."
MARKED = FontFace(emphasis="BOLD", fill_color=(234, 243, 249))
LETTERS = 10
"""Points."""
PICTURE = 140
"""Millimetres that a picture is wide."""
KEPT, KEPT_PICTURE = 40, 100
"""Millimetres that a heading wants below it on its page, without and with a picture."""
LINES = (190, 190, 190)
"""Grey of a table's lines."""


def pdf_page(title: str, sections: Sequence[Section]) -> bytes:
    """The whole file; the first sentence of the first section is the answer and stands out.

    Letters that no font of this machine has are boxes, and a line at the end says so.
    """
    paper = _Paper(format="A4")
    paper.set_title(plain(title))
    paper.set_lang("en-GB")
    paper.set_margin(18)
    paper.set_auto_page_break(auto=True, margin=18)
    for emphasis, file in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
        paper.add_font(FONT, emphasis, FONTS / file)
    paper.know(_letters(title, sections))
    paper.add_page()
    paper.say(title, size=18, bold=True)
    for place, section in enumerate(sections):
        _write(paper, section, first=place == 0)
    if paper.boxed:
        paper.say(UNSHOWN, size=8)
    return bytes(paper.output())


class _Paper(FPDF):
    """Pages with their number, and words in letters that they can show."""

    boxed: frozenset[str] = frozenset()
    """Letters that no font has."""

    def know(self, letters: set[str]) -> None:
        """Find a font for those that the text's own lacks."""
        lacking = self._lacking(letters, FONT)
        font = _font_for(lacking) if lacking else None
        if font is not None:
            self.add_font(FURTHER, "", font)
            self.set_fallback_fonts([FURTHER], exact_match=False)
            lacking = self._lacking(lacking, FURTHER)
        self.boxed = frozenset(lacking)

    def _lacking(self, letters: set[str], name: str) -> set[str]:
        font = self.fonts[name.lower()]
        return {letter for letter in letters if isinstance(font, TTFFont) and ord(letter) not in font.cmap}

    def shown(self, words: str) -> str:
        return "".join(BOX if letter in self.boxed else letter for letter in plain(words))

    def say(self, words: str, *, size: float, bold: bool = False) -> None:
        self.set_font(FONT, "B" if bold else "", size)
        self.multi_cell(0, size * 0.5, self.shown(words), align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(1)

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(FONT, size=8)
        self.cell(0, 5, f"Page {self.page_no()}", align="C")


def _letters(title: str, sections: Sequence[Section]) -> set[str]:
    found = set(plain(title))
    for section in sections:
        table = section.table or Table((), ())
        for words in (section.heading, *section.sentences, *table.columns, *(c for row in table.rows for c in row)):
            found |= set(plain(words))
    return found


def _font_for(letters: set[str]) -> str | None:
    """The font file of this machine that knows the most of them; None where none knows any."""
    wanted, best, most = {ord(letter) for letter in letters}, None, 0
    for file in sorted(findSystemFonts()):
        try:
            known = len(wanted & get_font(file).get_charmap().keys())
        except (OSError, RuntimeError):  # a font that is damaged, or of a kind that FreeType cannot read
            continue
        if known > most:
            best, most = file, known
    return best


def _write(paper: _Paper, section: Section, *, first: bool) -> None:
    paper.ln(4)
    if paper.will_page_break(KEPT_PICTURE if section.picture else KEPT):
        paper.add_page()
    paper.start_section(paper.shown(section.heading))
    paper.say(section.heading, size=13, bold=True)
    for place, words in enumerate(section.sentences):
        answer = first and place == 0
        paper.say(words, size=12 if answer else LETTERS, bold=answer)
    if section.picture is not None:
        paper.image(io.BytesIO(drawn_as(section.picture, "png")), x=Align.C, w=PICTURE, alt_text=section.picture.words)
        paper.ln(2)
    if section.table is not None:
        _write_table(paper, section.table)


def _write_table(paper: _Paper, table: Table) -> None:
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
        drawn.row([paper.shown(name) for name in table.columns])
        for place, row in enumerate(table.rows):
            drawn.row([paper.shown(cell) for cell in row], style=MARKED if place == table.marked else None)
