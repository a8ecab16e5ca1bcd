"""Value: what to do next with each lead, as a plan of calls says it."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import streamlit as st

from core.data.prompts import shown_name
from core.data.schema import schema_from_dict
from core.decisions.economics.dispatch import Dispatch
from core.decisions.economics.money import Terms
from core.exports import to_csv
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared
from pages._value_data import FIELD

SHOWN = 500
"""Rows on the screen; the file has all."""
WAITS = "Wait: nobody who may call it has a call left"
WORTHLESS = "Do not call: a call costs more than it is expected to bring"


def next_steps(plan: Dispatch, leads: pd.DataFrame, stages: tuple[str, ...]) -> pd.DataFrame:
    """Every lead with what to do next: those to call in order of person and call, then the others by value.

    Columns: person, slot, next, and those of `leads`. `stages`: in order, the first the worst, the last an order; a
    lead's next aim is the stage after its own. () where stages are not known yet.
    """
    after = dict(pairwise(stages[1:]))
    aim = leads["stage"].map(after).map(lambda stage: f", aim for {shown_name(stage)}", na_action="ignore").fillna("")
    calls = plan.frame.drop(columns="value").merge(leads.assign(aim=aim), on="lead_id", how="left")
    calls["next"] = "Call " + calls["slot"].astype(str) + " of " + calls["person"] + calls.pop("aim")
    rest = leads[~leads["lead_id"].isin(calls["lead_id"])].sort_values("value", ascending=False, kind="stable")
    rest = rest.assign(next=[WAITS if value > 0 else WORTHLESS for value in rest["value"]])
    return pd.concat([calls, rest], ignore_index=True)[["person", "slot", "next", *leads.columns]]


def calls_list(
    dataset: Dataset, scoring: Scoring, plan: Dispatch, leads: pd.DataFrame, region: str | None, terms: Terms
) -> None:
    """The list of calls and what to do with all other leads, on the screen and as a file."""
    # Of leads with a known outcome the stage is that outcome, which nobody knows beforehand.
    stages = schema_from_dict(dataset.schema).funnel.stages if scoring.part == "open" else ()
    steps = next_steps(plan, leads, stages)
    st.subheader("What to do next with each lead", anchor=False)
    names = [name for name, count in zip(plan.by_person["person"], plan.by_person["leads"], strict=True) if count]
    who = st.selectbox("Whose calls", names, index=None, placeholder="Everybody's", key="plan_who", width=300)
    rows = steps[steps["person"] == who] if who else steps
    wanted = ["next", "lead_id", "probability", "value", "owner", *([FIELD + region] if region else [])]
    st.dataframe(
        rows[wanted].head(SHOWN),
        hide_index=True,
        alt="Leads with what to do next",
        column_config={
            "next": "Next",
            "lead_id": "Lead",
            "probability": st.column_config.NumberColumn("Chance", format="percent"),
            "value": st.column_config.NumberColumn(f"Value ({terms.currency})", format="%.2f"),
            "owner": "Sales person now",
            FIELD + (region or ""): shown_name(region or ""),
        },
    )
    if len(rows) > SHOWN:
        st.caption(f"The first {SHOWN:,} of {len(rows):,} are shown; the file has all.")
    file = steps[["person", "slot", *wanted]]
    shared.download(
        "Plan as CSV",
        lambda: to_csv(file),
        "call_plan.csv",
        "text/csv",
        f"call plan of scoring {scoring.id} as CSV, {len(file)} leads",
        "manager",
        key="plan_csv",
    )
