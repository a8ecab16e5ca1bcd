"""The report as files: HTML that stands alone, and Markdown; the same sections in both."""

from __future__ import annotations

from core.benchmark.table import Table
from core.benchmark.verdict import Verdict
from core.benchmark_report.sections import sections
from core.report.markdown import markdown_page
from core.report.page import html_page

TITLE = "Is the language model worth it here?"


def html_report(table: Table, verdict: Verdict) -> str:
    """One HTML file: styles and pictures are in it, nothing is fetched, no script runs."""
    return html_page(TITLE, sections(table, verdict))


def markdown_report(table: Table, verdict: Verdict) -> str:
    """The same without pictures."""
    return markdown_page(TITLE, sections(table, verdict))
