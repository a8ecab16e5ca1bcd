"""Value: how soon a lead orders and how much work it takes, learned from the dataset's own leads."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.data.schema import schema_from_dict
from core.decisions.economics.profile import Question
from core.decisions.economics.qualify import TALK, qualify
from core.errors import NotComputable
from core.evaluation import Missing
from core.workspace import datasets
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared

DAYS = "days"
NAMES = {TALK: "minutes of talk until the outcome", DAYS: "days until the order"}
"""Learned answers in words; less is better in each."""


def learned_box(dataset: Dataset) -> tuple[list[Question], str | None]:
    """Questions whose answers are learned, as somebody picked them; and the column with the day of the order."""
    offered = [TALK] if schema_from_dict(dataset.schema).roles.call_seconds else []
    offered += [DAYS] if dataset.shown else []
    if not offered:
        return [], None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.multiselect(
            "Learned from your own leads",
            offered,
            format_func=NAMES.__getitem__,
            placeholder="How much work, how soon …",
            help="A model of each, fitted to leads whose outcome is final; every answer has a range that holds 80% of "
            "such leads.",
            key=f"priority_learned_{dataset.id}",
            persist_state="session",
        )
        column = None
        if DAYS in picked:
            column = st.selectbox("Day of the order", dataset.shown, key=f"priority_ordered_on_{dataset.id}")
    return [Question(name, name, more_is_better=False) for name in picked], column


def with_learned(leads: pd.DataFrame, dataset: Dataset, scoring: Scoring, column: str | None) -> pd.DataFrame:
    """The leads with their learned answers; without them, and the reason on the page, where nothing can be learned."""
    answers = _answers(
        str(shared.workspace().folder), dataset.id, scoring.id, column, leads[["lead_id", "probability"]]
    )
    if isinstance(answers, Missing):
        st.caption(shared.literal(f"Nothing can be learned here: {answers.reason}."))
        return leads
    return leads.merge(answers.drop(columns="probability"), on="lead_id", how="left")


@st.cache_data(max_entries=8, show_spinner="Learning from leads whose outcome is final …")
def _answers(
    folder: str, dataset_id: str, scoring_id: str, column: str | None, _chances: pd.DataFrame
) -> pd.DataFrame | Missing:
    ws = shared.workspace()
    leads = datasets.leads_of(ws, dataset_id)
    ordered_on = None
    if column is not None:
        ordered_on = datasets.shown_of(ws, dataset_id).set_index("lead_id")[column].reindex(leads.lead_id)
    try:
        return qualify(leads, _chances, ordered_on=ordered_on).frame
    except NotComputable as error:
        return Missing(str(error))
