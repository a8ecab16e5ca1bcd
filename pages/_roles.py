"""The table in which a person says what each column of a file is: guessed beforehand, with reasons and warnings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from core.data.drafting import KINDS, PARTS, Draft, draft_of, with_found_stages
from core.data.sketches import Sketch, column_reasons, examples, remarks
from pages import _draft as drafts
from pages import _shared as shared
from pages._report import in_words

MOST_ROWS = 25
"""Columns of the file that are seen without scrolling within the table."""


def edit_roles(upload_id: str, first: Sketch, draft: Draft) -> Draft:
    """Draw the table; returns the draft with what was changed in it."""
    leaks = drafts.leaks(upload_id, draft.column("converted"), draft.column("call_seconds"))
    # The table starts from the draft as it was first drawn: fed with its own result, it would drop every other edit.
    start: Draft = st.session_state.setdefault(f"roles_start_{upload_id}_{drafts.drawn(upload_id)}", draft)
    reasons = column_reasons(first.guess, first.names)
    table = pd.DataFrame(
        {
            "column": first.names,
            "part": [start.parts[name] for name in first.names],
            "warning": [f"Seems known only afterwards: {leaks[name]}" if name in leaks else "" for name in first.names],
            "known": [name in start.known_before for name in first.names],
            "examples": [examples(first.frame, name) for name in first.names],
            "why": [reasons.get(name, "") for name in first.names],
        }
    )
    edited = st.data_editor(
        table,
        key=f"roles_{upload_id}_{drafts.drawn(upload_id)}",
        hide_index=True,
        height=38 + 35 * min(len(table), MOST_ROWS),
        disabled=["column", "warning", "examples", "why"],
        alt="What each column of the file is",
        column_config=_columns(),
    )
    parts = dict(zip(first.names, edited["part"], strict=True))
    known = tuple(name for name, tick in zip(first.names, edited["known"], strict=True) if tick)
    changed = replace(draft, parts=parts, known_before=known)
    stage = changed.column("stage")
    if stage is not None and stage != draft.column("stage"):
        changed = with_found_stages(changed, first.frame)
    return changed


def _columns() -> dict[str, Any]:
    return {
        "column": st.column_config.TextColumn("Column", pinned=True, width=210),
        "part": st.column_config.SelectboxColumn(
            "Use it as", options=list(PARTS), format_func=lambda part: PARTS[str(part)], required=True, width=190
        ),
        "warning": st.column_config.TextColumn(
            "Warning",
            width=260,
            help="What is known only after the outcome makes a model look far too good.",
        ),
        "known": st.column_config.CheckboxColumn(
            "Was known when scored",
            width=170,
            help="Tick it to use a column with a warning as a field: you vouch that its value stood there before "
            "the outcome was known.",
        ),
        "examples": st.column_config.TextColumn(
            "Examples", width=260, help="Names and numbers of people are hidden here: [name], [phone]."
        ),
        "why": st.column_config.TextColumn("Why this was guessed", width=300),
    }


def explain_guess(upload_id: str, first: Sketch) -> None:
    """What was guessed of the file as a whole, what the choices mean, and a way back to the guess."""
    if first.guess.leaks:
        names = ", ".join(column for column, _ in first.guess.leaks)
        st.caption(shared.literal(f"Not looked at when a lead is scored, as it seems known only afterwards: {names}."))
    for line in remarks(first.guess):
        st.caption(shared.literal(in_words(line[:1].upper() + line[1:] + ".")))
    with st.expander("What the choices mean", icon=":material/help:"):
        st.markdown(MEANINGS)
    if current_differs(upload_id, first):
        st.button(
            "Start again from the guess",
            icon=":material/restart_alt:",
            type="tertiary",
            on_click=lambda: drafts.change(upload_id, draft_of(first.guess, first.names), redraw=True),
        )


def current_differs(upload_id: str, first: Sketch) -> bool:
    """Whether anything was changed by hand."""
    return drafts.current(upload_id) != draft_of(first.guess, first.names)


def used_fields(draft: Draft) -> int:
    """How many columns the model may look at besides the conversation."""
    return sum(part in KINDS for part in draft.parts.values())


MEANINGS = """
- **Outcome: ordered or not**: what the model learns to foresee: yes/no or 1/0; empty where it is not known yet.
- **Deepest stage reached** and **call length**: known only afterwards. They tell which of two leads went better, so
  they teach, and are never looked at when a lead is scored.
- **Date of the lead**: when it would have been scored. Training takes the older leads, testing the newer ones.
- **Lead number**: unique. Without one, the place in the file is the number.
- **Customer**: leads of one customer are kept on one side of the test.
- **Sales person**: for filters and assignment.
- **Conversation**: what was said, one turn a line; several columns are taken as oldest first.
- **Field**: a number, a category or words that were known when the lead was scored.
- **For people only**: names, phone numbers, companies: shown beside the lead, never given to a model.
- **Not used**: left out of the dataset.
"""
