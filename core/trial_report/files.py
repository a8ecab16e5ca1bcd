"""The report as files: HTML that stands alone and a PDF; the same sections in both."""

from __future__ import annotations

from core.decisions.field_trial.protocol import Protocol
from core.decisions.field_trial.reading import TrialResult
from core.report.page import html_page
from core.report.paper import pdf_page
from core.trial_report.sections import sections


def html_report(result: TrialResult, protocol: Protocol) -> str:
    """One HTML file: styles and pictures (SVG) are in it, nothing is fetched, no script runs.

    While the plan does not let an effect be read, none is in it.
    """
    return html_page(f"Field trial: {protocol.name}", sections(result, protocol))


def pdf_report(result: TrialResult, protocol: Protocol) -> bytes:
    """The same as PDF, A4, with pictures as PNG and the fonts in it."""
    return pdf_page(f"Field trial: {protocol.name}", sections(result, protocol))
