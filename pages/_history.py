"""How one lead came here: its scores so far, and what people did with it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.lead import history_chart
from core.workspace import actions, scorings
from core.workspace.tables import Dataset
from pages import _shared as shared
from pages._words import STATUS

DID = {"reopened": "Put back on the list", "note": "Note"} | {k: v for k, v in STATUS.items() if k != "open"}


def history(dataset: Dataset, lead_id: str) -> None:
    """Its score in each scoring, and each action of a person, newest first."""
    ws = shared.workspace()
    scores = scorings.score_history(ws, dataset.id, lead_id)
    if scores["probability"].notna().sum() > 1:
        figure = history_chart(scores)
        shared.chart(figure, scores, "score_history", style.spoken(figure))
    elif len(scores) > 1:
        st.caption("Fewer than two of its scorings gave a chance, so there is nothing to draw over time.")
    else:
        st.caption("Scored once so far: after the next scoring its chance is drawn here over time.")
    st.subheader("What people did", anchor=False)
    done = actions.actions_of(ws, dataset.id, lead_id)
    if not done:
        st.caption("Nothing was recorded for this lead yet.")
        return
    table = pd.DataFrame(
        {
            "When (UTC)": [action.at for action in done],
            "What": [f"Assigned to {a.assigned_to or 'nobody'}" if a.kind == "assigned" else DID[a.kind] for a in done],
            "Note": [action.note for action in done],
            "Who": [action.by for action in done],
        }
    )
    when = st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm")
    st.dataframe(table, hide_index=True, column_config={"When (UTC)": when}, alt="Actions on this lead, newest first")
