"""Value: what to do next with each lead, beside the calls that a plan gives it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.data.prompts import shown_name
from core.data.schema import schema_from_dict
from core.decisions.economics.dispatch import Dispatch
from core.decisions.economics.money import Terms
from core.decisions.economics.next_action import STEPS, Rules, next_best_action
from core.exports import to_csv
from core.funnel import PRESETS, Funnel
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared
from pages._value_data import FIELD, scored_leads
from pages._value_people import field_box

SHOWN = 500
"""Rows on the screen; the file has all."""
FREE = "no call left for it"
WORTHLESS = "costs more than it brings"


def next_steps(plan: Dispatch, leads: pd.DataFrame, funnel: Funnel) -> pd.DataFrame:
    """Every lead with its call in the plan and what to do next: those to call in order of person and call, then the
    others by value.

    Columns: person, slot, call ("3 of Ann", or why there is none), action and reason as `next_best_action` tells them,
    and those of `leads`, which have stage, probability, value and days_since_contact.
    """
    funnel = funnel if len(funnel.stages) > 1 else PRESETS["automotive"]
    rules = Rules(funnel, {stage: step for stage, step in STEPS.items() if stage in funnel.stages})
    made = next_best_action(leads, rules)
    # A lead without a day may well have been called by somebody who wrote it down elsewhere.
    reason = made["reason"].str.replace("never contacted", "no contact noted")
    calls = plan.frame[["lead_id", "person", "slot"]]
    steps = leads.assign(action=made["action"], reason=reason).merge(calls, on="lead_id", how="left")
    steps = steps.sort_values("value", ascending=False, kind="stable")
    place = {str(name): at for at, name in enumerate(plan.by_person["person"])}
    steps = steps.iloc[np.lexsort((steps["slot"].fillna(0), steps["person"].map(place)))]
    free = (steps["value"] > 0).map({True: FREE, False: WORTHLESS})
    said = steps["slot"].astype("Int64").astype("str") + " of " + steps["person"].astype("str")
    steps["call"] = said.where(steps["slot"].notna(), free)
    return steps[["person", "slot", "call", "action", "reason", *leads.columns]].reset_index(drop=True)


def calls_list(
    dataset: Dataset,
    scoring: Scoring,
    plan: Dispatch,
    leads: pd.DataFrame,
    region: str | None,
    terms: Terms,
    asked: tuple,
) -> None:
    """The list of calls and what to do with all other leads, on the screen and as a file. `asked`: of what the plan
    was made, for the cache."""
    st.subheader("What to do next with each lead", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = [name for name, count in zip(plan.by_person["person"], plan.by_person["leads"], strict=True) if count]
        who = st.selectbox("Whose calls", names, index=None, placeholder="Everybody's", key="plan_who", width=300)
        hint = "A column of days. Leads that were contacted lately rest, cold ones that wait for long are dropped."
        contact = field_box("Days since the last contact", scoring, "plan_contact", hint, numeric=True)
    told = _with_contact(leads.drop(columns="owner"), scoring, contact, schema_from_dict(dataset.schema).funnel)
    steps = _steps((*asked, contact), dataset.schema, plan, told)
    steps = steps.assign(owner=steps["lead_id"].map(leads.set_index("lead_id")["owner"]))  # who has it now
    rows = steps[steps["person"] == who] if who else steps
    wanted = [
        "call",
        "action",
        "lead_id",
        "reason",
        "probability",
        "value",
        "owner",
        *([FIELD + region] if region else []),
    ]
    st.dataframe(
        rows[wanted].head(SHOWN),
        hide_index=True,
        alt="Leads with what to do next",
        column_config={
            "call": "Call in the plan",
            "action": st.column_config.TextColumn("Next", help="By stage, chance and days since the last contact."),
            "lead_id": "Lead",
            "reason": st.column_config.TextColumn("Why", width="medium"),
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


@st.cache_data(max_entries=8, show_spinner="Saying what to do next …")
def _steps(asked: tuple, schema: dict, _plan: Dispatch, _leads: pd.DataFrame) -> pd.DataFrame:
    return next_steps(_plan, _leads, schema_from_dict(schema).funnel)


def _with_contact(leads: pd.DataFrame, scoring: Scoring, column: str | None, funnel: Funnel) -> pd.DataFrame:
    """The leads with days_since_contact, NaN where it is not known, and a stage that is known beforehand."""
    days: pd.Series | float = np.nan
    if column is not None:
        days = leads["lead_id"].map(scored_leads(scoring, (column,)).set_index("lead_id")[FIELD + column])
    # Of leads with a known outcome the stage is that outcome, which nobody knows beforehand; where every lead begins
    # says nothing of an open one.
    first = leads["stage"].isin(funnel.stages[:1])
    stage = leads["stage"].mask(first, "") if scoring.part == "open" else ""
    return leads.assign(days_since_contact=days, stage=stage)
