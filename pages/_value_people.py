"""Value: who can call, how much, where, and what they know; the columns of the leads that this hangs on."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.data.prompts import shown_name
from core.workspace.tables import Scoring
from pages._value_data import field_names

CALLS = 10
"""Calls of a person until somebody says otherwise, or fewer where that would be more than half of the leads. A first
value of a box, not a result."""
NO_RULE = "no column"


def field_box(label: str, scoring: Scoring, key: str, help: str, numeric: bool = False) -> str | None:
    """A column of the leads, or none."""
    options = [NO_RULE, *field_names(scoring, numeric)]
    chosen = st.selectbox(
        label,
        options,
        format_func=lambda name: "None" if name == NO_RULE else shown_name(name),
        key=f"{key}_{scoring.dataset_id}",
        help=help,
        width=190,
        persist_state="session",
    )
    return None if chosen == NO_RULE else chosen


def people_table(scoring: Scoring, leads: pd.DataFrame, regions: bool, skills: bool) -> pd.DataFrame:
    """The table of people, one row each; what was typed stays while the session lasts."""
    key = f"plan_people_{scoring.dataset_id}"
    if key not in st.session_state:  # not on the screen in the run before: what was typed then is where to start
        owners = pd.Series(sorted(name for name in leads["owner"].unique() if name), dtype=object)
        calls = min(CALLS, max(1, len(leads) // (2 * max(1, len(owners)))))
        usual = pd.DataFrame({"person": owners, "capacity": calls, "regions": "", "skills": ""})
        st.session_state[f"{key}_start"] = st.session_state.get(f"{key}_typed", usual)
    several = "Separate several by ; and leave it empty for all of them"
    with st.expander("The people and how many calls each can make", icon=":material/group:", expanded=True):
        edited = st.data_editor(
            st.session_state[f"{key}_start"],
            key=key,
            num_rows="dynamic",
            hide_index=True,
            height=250,
            alt="Sales people with their calls",
            column_order=["person", "capacity", *["regions"] * regions, *["skills"] * skills],
            column_config={
                "person": st.column_config.TextColumn("Person", required=True),
                "capacity": st.column_config.NumberColumn(
                    "Calls", min_value=0, max_value=10_000, step=1, required=True, default=CALLS, help="0: away."
                ),
                "regions": st.column_config.TextColumn("Regions", help=f"Where the person may call. {several}."),
                "skills": st.column_config.TextColumn(
                    "Skills", help=f"What the person knows. {several}; electric=1.2 is worth a fifth more."
                ),
            },
        )
    st.session_state[f"{key}_typed"] = edited
    return edited.dropna(subset=["person", "capacity"], how="all").drop(
        columns=[name for name, used in (("regions", regions), ("skills", skills)) if not used]
    )
