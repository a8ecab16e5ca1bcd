"""What is shown, as a file: for people (CSV, Excel) or for the import of another system."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from core import exports
from core.queue.store import Queue
from core.queue.view import View
from core.workspace.tables import Dataset
from pages import _shared as shared
from pages._filters import words_of

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILES = {
    "csv": ("CSV", "csv", "text/csv", "Opens in every spreadsheet."),
    "excel": ("Excel", "xlsx", EXCEL, "One sheet."),
    "salesforce": (
        "Salesforce",
        "csv",
        "text/csv",
        "For the Data Import Wizard: updates leads with score and reasons.",
    ),
    "hubspot": ("HubSpot", "csv", "text/csv", "For HubSpot's import: updates records with score and reasons."),
    "dynamics": ("Dynamics 365", "json", "application/json", "For the Web API, table msdyn_predictivescores."),
}
"""Kind of file: label, ending, media type, hint."""


def export_box(
    dataset: Dataset, queue: Queue, view: View, rows: pd.DataFrame, found: int, capacity: int, each: bool
) -> None:
    """A button per kind of file for all `found` leads of the view, in its order and with the columns of `rows`; a file
    is made when it is asked for, and who took it is noted."""
    if not shared.may("manager"):
        return
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    with st.popover("Export", icon=":material/download:"):
        st.caption(f"{'The lead' if found == 1 else f'All {found:,} leads'} of this view, in its order.")
        for kind, (label, ending, mime, hint) in FILES.items():
            fault = _fault(kind, rows, found)
            shared.download(
                label,
                partial(_file, kind, queue, view, rows.columns.tolist(), capacity, each),
                f"leads-{kind}-{day}.{ending}"
                if kind in ("salesforce", "hubspot", "dynamics")
                else f"leads-{day}.{ending}",
                mime,
                f"{found} leads of dataset {dataset.id} as {label}; {words_of(view) or 'no filter'}",
                key=f"export_{kind}",
                help=fault or hint,
                disabled=bool(fault),
                width="stretch",
            )


def _file(kind: str, queue: Queue, view: View, columns: list[str], capacity: int, each: bool) -> bytes:
    """Runs when the button is pressed, outside the page."""
    shown = queue.export(view, exports.LIMITS[kind], capacity=capacity, per_owner=each)
    if kind == "dynamics":
        return exports.to_dynamics(shown, len(queue))
    writers: dict[str, Callable[[pd.DataFrame], bytes]] = {
        "csv": lambda frame: exports.to_csv(frame[columns]),
        "excel": lambda frame: exports.to_excel(frame[columns]),
        "salesforce": exports.to_salesforce,
        "hubspot": exports.to_hubspot,
    }
    return writers[kind](shown)


def _fault(kind: str, rows: pd.DataFrame, found: int) -> str:
    """Why these leads cannot be had as this kind of file, "" where they can."""
    if found > exports.LIMITS[kind]:
        return f"Takes at most {exports.LIMITS[kind]:,} leads: filter first, or take only today's calls."
    if kind in ("csv", "excel"):
        return ""
    if rows["probability"].isna().any():
        return "Needs a calibrated chance for each lead, which this model does not give."
    if kind == "dynamics" and not rows["lead_id"].astype(str).str.fullmatch(exports.GUID).all():
        return "Needs lead ids from Dynamics (GUIDs); those of this file are none."
    return ""
