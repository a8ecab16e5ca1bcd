"""The draft of a dataset as the Leads page holds it: read once a session, kept in the workspace with each change."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from core import drafts
from core.data import drafting, sketches
from core.data.drafting import Draft
from core.data.schema import Schema, schema_from_dict, schema_to_dict
from core.data.sketches import Sketch
from core.drafts import Look
from core.workspace.tables import Upload
from core.workspace.uploads import upload_path, uploads
from pages import _shared as shared


def upload_of(upload_id: str) -> Upload:
    """The upload's row. Raises LeadRankError where there is none, or its file is gone."""
    upload_path(shared.workspace(), upload_id)
    return next(each for each in uploads(shared.workspace()) if each.id == upload_id)


# The file of an upload never changes, so its id stands for its content; nothing is keyed by a frame.
@st.cache_resource(max_entries=4, show_spinner="Reading the first rows")
def first_rows(upload_id: str) -> Sketch:
    """The first rows and what is guessed from them. Raises ReadError."""
    return sketches.sketch(upload_path(shared.workspace(), upload_id))


@st.cache_data(max_entries=64, show_spinner=False)
def leaks(upload_id: str, converted: str | None, call_seconds: str | None) -> dict[str, str]:
    """Columns that seem known only after the outcome, given which column the outcome is."""
    return sketches.leaks_of(first_rows(upload_id).frame, converted, call_seconds)


@st.cache_data(max_entries=64, show_spinner="Counting pairs of leads")
def _looked(upload_id: str, schema: str) -> Look:
    return drafts.look(first_rows(upload_id), schema_from_dict(json.loads(schema)))


def looked(upload_id: str, schema: Schema) -> Look:
    """What the schema makes of some of the first rows: pairs of each tier and errors."""
    return _looked(upload_id, json.dumps(schema_to_dict(schema), sort_keys=True))


@st.cache_data(max_entries=32, show_spinner="Looking up the rows")
def rows_at(upload_id: str, numbers: tuple[int, ...]) -> pd.DataFrame:
    """A few rows of the file, by the numbers that a spreadsheet shows."""
    return sketches.rows_at(upload_path(shared.workspace(), upload_id), numbers)


def current(upload_id: str) -> Draft:
    """What was decided so far: in this session, else in the workspace, else the guess."""
    key = f"draft_{upload_id}"
    if key not in st.session_state:
        first = first_rows(upload_id)
        kept = drafts.read_draft(shared.workspace(), upload_id, first.names)
        st.session_state[key] = kept or drafting.draft_of(first.guess, first.names)
    return st.session_state[key]


def change(upload_id: str, draft: Draft, *, redraw: bool = False) -> None:
    """Take a new draft and keep it. `redraw`: the widgets start anew from it, as after a preset."""
    if draft != current(upload_id):
        shared.need("analyst")
        drafts.keep_draft(shared.workspace(), upload_id, draft)
        st.session_state[f"draft_{upload_id}"] = draft
    if redraw:
        st.session_state[f"drawn_{upload_id}"] = drawn(upload_id) + 1


def drawn(upload_id: str) -> int:
    """Part of the keys of the draft's widgets; it grows where they have to start anew."""
    return st.session_state.get(f"drawn_{upload_id}", 0)


def forget(upload_id: str) -> None:
    """Delete the file and the draft, here and in the workspace."""
    drafts.drop_draft(shared.workspace(), upload_id, shared.need("analyst").email)
    for key in [key for key in st.session_state if isinstance(key, str) and upload_id in key]:
        del st.session_state[key]
