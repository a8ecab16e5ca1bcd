"""What is shown, as a file: for people (CSV, Excel) or for the import of another system."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pandas as pd
import streamlit as st

from core import exports
from core.queue.store import Queue
from core.queue.view import View
from core.workspace.tables import Scoring
from pages import _shared as shared
from pages._filters import words_of
from pages._table import shown_columns

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
    scoring: Scoring, queue: Queue, view: View, rows: pd.DataFrame, found: int, capacity: int, each: bool
) -> None:
    """A button per kind of file for all `found` leads of the view, in its order and with the columns that the table has
    on any of its pages; a file is made when it is asked for, and who took it is noted. `rows`: those on the screen."""
    if not shared.may("manager"):
        return
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    calibrated = replace(view, probability=view.probability or (0.0, 1.0))
    lacking = found - queue.count(calibrated, capacity=capacity, per_owner=each)
    with st.popover("Export", icon=":material/download:"):
        st.caption(f"{'The lead' if found == 1 else f'All {found:,} leads'} of this view, in its order.")
        for kind, (label, ending, mime, hint) in FILES.items():
            fault = _fault(kind, rows, found, lacking)
            shared.download(
                label,
                partial(_file, kind, queue, view, capacity, each, scoring.part),
                f"leads-{kind}-{day}.{ending}"
                if kind in ("salesforce", "hubspot", "dynamics")
                else f"leads-{day}.{ending}",
                mime,
                f"{found} leads of dataset {scoring.dataset_id} as {label}; {_what(view, capacity, each)}",
                role="manager",
                key=f"export_{kind}",
                help=fault or hint,
                disabled=bool(fault),
                width="stretch",
            )


def _what(view: View, capacity: int, each: bool) -> str:
    """For the audit trail: which leads of the queue, and in which order."""
    said = [words_of(view) or "no filter"]
    calls = f"{capacity} {'for each sales person' if each else 'in all'}"
    said.append(f"only today's calls, {calls}" if view.to_call else f"today's calls marked, {calls}")
    said.append(f"by {view.sort}{', highest first' if view.descending else ''}")
    return "; ".join(said)


def _file(kind: str, queue: Queue, view: View, capacity: int, each: bool, part: str) -> bytes:
    """Runs when the button is pressed, outside the page. Its columns are those with a value on any row of the file."""
    shown = queue.export(view, exports.LIMITS[kind], capacity=capacity, per_owner=each)
    if kind == "dynamics":
        return exports.to_dynamics(shown, len(queue))
    writers: dict[str, Callable[[pd.DataFrame], bytes]] = {
        "csv": lambda frame: exports.to_csv(frame[shown_columns(frame, part)]),
        "excel": lambda frame: exports.to_excel(frame[shown_columns(frame, part)]),
        "salesforce": exports.to_salesforce,
        "hubspot": exports.to_hubspot,
    }
    return writers[kind](shown)


def _fault(kind: str, rows: pd.DataFrame, found: int, lacking: int) -> str:
    """Why these leads cannot be had as this kind of file, "" where nothing stands against it so far: of the lead ids
    those on the screen are judged here, the others once the file is made. `lacking`: leads without a chance."""
    if found > exports.LIMITS[kind]:
        return f"Takes at most {exports.LIMITS[kind]:,} leads: filter first, or take only today's calls."
    if kind in ("csv", "excel"):
        return ""
    if lacking:
        return "Needs a calibrated chance for each lead, which this model does not give."
    if kind == "dynamics" and not rows["lead_id"].astype(str).str.fullmatch(exports.GUID).all():
        return "Needs lead ids from Dynamics (GUIDs); those of this file are none."
    if kind != "dynamics" and len(exports.like_formulas(rows["lead_id"])):
        return "Needs lead ids that do not begin with =, +, - or @: with them no record would be found."
    return ""
