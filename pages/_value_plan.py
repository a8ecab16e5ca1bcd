"""Value: who calls whom. The dispatch of the most worth beside two simple ones, and what to do next with each lead."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.plans import KINDS, by_person, people_chart
from core.decisions.economics.dispatch import Dispatch, dispatch, greedy, round_robin
from core.decisions.economics.money import Terms, told
from core.decisions.economics.risk import risk
from core.ranking import Figure
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared
from pages._value_calls import calls_list
from pages._value_data import FIELD, open_key, scored_leads
from pages._value_figures import WIDTH, call_box, margin_box, money
from pages._value_people import field_box, people_table

MOST = 100_000
"""Leads that are planned, those of the greatest value."""


def dispatch_section(dataset: Dataset, scoring: Scoring, terms: Terms) -> None:
    """People with their calls, then the plan, its worth beside simpler ways, and the list of calls."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        margin, cost = margin_box(terms), call_box(terms)
        region = field_box("Region", scoring, "plan_region", "Who may call where, by this column.")
        skill = field_box("Skill", scoring, "plan_skill", "Who knows what, by this column.")
    names = tuple(dict.fromkeys(name for name in (region, skill) if name))
    leads = scored_leads(scoring, names)
    leads = leads.assign(value=leads["probability"] * margin - cost)
    for role, name in (("region", region), ("skill", skill)):
        if name:
            leads[role] = leads[FIELD + name]
    people = people_table(scoring, leads, bool(region), bool(skill))
    floor = st.slider(
        "Fairness: a call of each person is worth at least (% of the team's average)",
        0,
        100,
        0,
        5,
        key="plan_floor",
        persist_state="session",
        help="0: no such rule, and the plan is worth the most. 100: everybody's calls are worth the same on average.",
    )
    if not len(people):
        st.info(
            "Write a name and a number of calls into the table; the plan then appears here.", icon=":material/edit:"
        )
        return
    if len(leads) > MOST:
        st.caption(f"Planned with the {MOST:,} leads of the greatest value.")
        leads = leads.nlargest(MOST, "value").reset_index(drop=True)
    planned = leads[["lead_id", *(name for name in ("region", "skill") if name in leads)]]
    planned = planned.assign(value=leads["probability"] * margin, cost=cost)
    fairness = 1 - floor / 100 if floor else None
    asked = (open_key(leads, scoring), margin, cost, region, skill, people.to_json())
    found = _dealt(asked, fairness, planned, people)
    _worth(found, leads, margin, cost, terms)
    drawn = people_chart(found, terms)
    shared.chart(drawn, by_person(found), "plan_people", style.spoken(drawn))
    st.caption("  \n".join(f"{KINDS[one.kind]}: {one.how}" for one in found))
    if not names and fairness is None:
        st.caption(
            "Without regions and skills a lead is worth the same with everybody, so that each way is worth the same."
        )
    calls_list(dataset, scoring, found[0], leads, region, terms, (*asked, fairness))


@st.cache_data(max_entries=8, show_spinner="Dealing out the calls …")
def _dealt(asked: tuple, fairness: float | None, _leads: pd.DataFrame, _people: pd.DataFrame) -> tuple[Dispatch, ...]:
    return dispatch(_leads, _people, fairness), greedy(_leads, _people), round_robin(_leads, _people)


def _worth(found: tuple[Dispatch, ...], leads: pd.DataFrame, margin: float, cost: float, terms: Terms) -> None:
    """Figures of the plan, with the range that chance leaves."""
    plan, first, turn = found
    row = st.container(horizontal=True)
    called = leads.loc[leads["lead_id"].isin(plan.frame["lead_id"]), "probability"]
    worth: Figure | float = plan.total
    if len(called):
        orders = risk(called)
        skill = (plan.total + len(called) * cost) / (orders.expected * margin)
        low, high = (plan.total + skill * margin * (ends - orders.expected) for ends in (orders.low, orders.high))
        worth = Figure(plan.total, low, high)
    hint = "The sum over all calls of chance x what an order leaves x the person's skill - cost of the call. "
    most = f"No plan within these rules is worth more than {told(plan.bound or 0.0, terms)}."
    money(row, "Worth of the plan", worth, terms, hint + most)
    for label, other in (("More than best lead first", first), ("More than in turn", turn)):
        hint = f"The other way: {other.how} Below 0 where fairness costs more than planning brings."
        money(row, label, plan.total - other.total, terms, hint)
    plain: dict[str, Any] = {"border": True, "width": WIDTH}
    if len(called):
        hint = f"{orders.expected:.1f} on average, and in 19 of 20 cases within this range. {orders.how}"
        row.metric("Orders to expect", f"{orders.low:,.0f} to {orders.high:,.0f}", help=hint, **plain)
    hint = "Not worth a call, or beyond what the people can call."
    row.metric("Leads nobody calls", f"{plan.unassigned:,} of {len(leads):,}", help=hint, **plain)
    hint = "What a call is worth of the person with the least, over the team's average. 100% is quite even."
    even = "not known" if math.isnan(plan.evenness) else style.share(plan.evenness)
    row.metric("Evenness", even, help=hint, **plain)
