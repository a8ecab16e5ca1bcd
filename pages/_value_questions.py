"""Value: the boxes in which a manager says what makes a lead worth calling first, and how much each of it counts."""

from __future__ import annotations

import streamlit as st

from core.data.prompts import shown_name
from core.decisions.economics.profile import Question
from core.workspace.tables import Scoring
from pages import _shared as shared
from pages._value_data import FIELD, field_names

CHANCE = "probability"
QUESTIONS = 5
"""Columns beside the chance of an order; more cannot be told apart in a chart."""
WEIGHT, FIRST = 1, 5
"""First weights of a column and of the chance."""


def questions_box(scoring: Scoring) -> tuple[tuple[Question, ...], dict[str, str]]:
    """The chance of an order, and columns that somebody picked; question in words by its name."""
    numbers = field_names(scoring, numeric=True)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        columns = st.multiselect(
            "Other questions, answered by these columns",
            numbers,
            format_func=shown_name,
            max_selections=QUESTIONS,
            placeholder="How fresh, how much effort, how well it fits …",
            help="Beside the chance of an order: whatever else makes a lead worth calling first.",
            key=f"priority_columns_{scoring.dataset_id}",
            persist_state="session",
        )
        fewer = st.multiselect(
            "Of these, less is better in",
            columns,
            format_func=shown_name,
            key=f"priority_fewer_{scoring.dataset_id}",
            persist_state="session",
        )
    names = {CHANCE: "chance of an order"} | {FIELD + column: shown_name(column) for column in columns}
    more = [Question(FIELD + column, FIELD + column, more_is_better=column not in fewer) for column in columns]
    return (Question(CHANCE, CHANCE), *more), shared.told_apart(names)


def weights_box(names: dict[str, str]) -> dict[str, int]:
    """The weight of each question by its name."""
    with st.container(horizontal=True):
        return {
            name: st.slider(
                shared.literal(words[:1].upper() + words[1:]),
                0,
                10,
                FIRST if name == CHANCE else WEIGHT,
                key=f"priority_weight_{name}",
                width=200,
                persist_state="session",
                help="How much this counts beside the others; 0: not at all.",
            )
            for name, words in names.items()
        }
