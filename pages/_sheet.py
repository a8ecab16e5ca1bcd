"""A sheet for the person concerned: what is known of them, how they were ranked and why, to be printed or sent."""

from __future__ import annotations

import math
import os
import re
from functools import partial
from typing import Any

import streamlit as st

from core.disclosure.collecting import kept_sheet
from core.disclosure.files import html_sheet, pdf_sheet
from core.disclosure.sheet import Sheet, Standing
from core.disclosure.uses import download_words
from core.disclosure.wording import likely_words
from core.lift.likely import Likely, TooLittle
from core.queue.store import Queue
from core.workspace.store import Workspace
from core.workspace.tables import Scoring
from pages import _shared as shared
from pages._reasons import place_after

CONTACT = "LEADRANK_CONTACT"
"""Names the environment's setting of whom the person concerned can turn to."""


def sheet_button(scoring: Scoring, queue: Queue, row: dict[str, Any], likely: Likely | TooLittle | None) -> None:
    """A button for managers with the sheet as PDF and as HTML. `row`: the lead in the queue; `likely`: what came of
    earlier leads with about its chance."""
    if not shared.may("manager"):
        return
    with st.popover("Sheet for the person concerned", icon=":material/contact_page:"):
        st.caption(
            "In plain words: which data were used, how the ranking works, where this lead stands and why, and who "
            "looked at it. Names and numbers are hidden in it, the person's own too. Look it through before you send "
            "it. That you took it is recorded."
        )
        contact = st.text_input(
            "Whom they can turn to",
            os.environ.get(CONTACT, ""),
            max_chars=300,
            placeholder="Name, address, e-mail, telephone",
            help=f"Printed on the sheet; left empty, there is a line to fill in by hand. {CONTACT} sets it for all.",
            key="sheet_contact",
            persist_state="session",
        )
        lead_id = str(row["lead_id"])
        chance = row["probability"]
        known = chance is not None and math.isfinite(chance)
        standing = Standing(
            float(chance) if known else None, int(row["rank"]), len(queue), scoring.made, likely_words(likely)
        )
        make = partial(_sheet, shared.workspace(), scoring, lead_id, standing, queue, row, contact)
        for kind, mime, write in (
            ("PDF", "application/pdf", lambda: pdf_sheet(make())),
            ("HTML", "text/html", lambda: html_sheet(make()).encode()),
        ):
            shared.download(
                kind,
                write,
                f"sheet_{re.sub(r'[^A-Za-z0-9]+', '_', lead_id)[:40]}.{kind.lower()}",
                mime,
                download_words(lead_id, scoring.dataset_id, kind),
                role="manager",
                key=f"sheet_{kind}",
                width="stretch",
            )


def _sheet(
    ws: Workspace,
    scoring: Scoring,
    lead_id: str,
    standing: Standing,
    queue: Queue,
    row: dict[str, Any],
    contact: str,
) -> Sheet:
    """Runs when the button is pressed, outside the page."""
    return kept_sheet(ws, scoring, lead_id, standing, place_of=partial(place_after, queue, row), contact=contact)
