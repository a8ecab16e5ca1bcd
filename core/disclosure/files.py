"""The sheet as files: HTML that stands alone and a PDF; the same sections in both."""

from __future__ import annotations

from core.disclosure.sections import sections
from core.disclosure.sheet import Sheet
from core.report.page import html_page
from core.report.paper import pdf_page

TITLE = "How your enquiry was ranked"


def html_sheet(sheet: Sheet) -> str:
    """One HTML file: nothing is fetched, no script runs."""
    return html_page(TITLE, sections(sheet))


def pdf_sheet(sheet: Sheet) -> bytes:
    """The same as PDF, A4."""
    return pdf_page(TITLE, sections(sheet))
