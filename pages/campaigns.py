"""Campaigns: what each brought for its cost, where the money should go, and what learning that is worth."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.data.prompts import shown_name
from core.decisions.economics.campaigns import NAMES
from core.workspace import scorings
from core.workspace.costs import KeptCosts, costs_of
from pages import _campaign_budget as budgets
from pages import _campaign_costs as costs
from pages import _campaign_data as data
from pages import _campaign_learning as learning
from pages import _shared as shared
from pages._campaign_feedback import feedback_section
from pages._campaign_leads import leads_section
from pages._money import terms_boxes
from pages._value_figures import margin_box

FEEDBACK, LEADS, BUDGET, DRAW, LEARN = (
    "What to reinforce or cut",
    "Which leads pay",
    "Where the money should go",
    "The next split",
    "What learning is worth",
)


def who_is_who(kept: KeptCosts, values: dict[str, list[str]]) -> tuple[str, str]:
    """What the costs are looked at by, and the column of the leads that names it."""
    told = [name for name in NAMES if (kept.frame[name] != "").any()]
    by = st.segmented_control(
        "By", told, format_func=costs.WORDS.__getitem__, default=told[0], required=True, key="campaign_by"
    )
    paid = set(kept.frame[by])
    likeliest = max(values, key=lambda name: (len(paid & set(values[name])), name == by))
    column = st.selectbox(
        f"Column of the leads that names the {by}",
        list(values),
        list(values).index(likeliest),
        format_func=shown_name,
        key=f"campaign_column_{by}_{kept.sha256[:16]}",
        width=300,
    )
    return by, column


shared.need("manager")
st.title("Campaigns", anchor=False)
st.text("What each campaign brought for its cost, and where the next money should go.")

with shared.guard():
    with st.container(horizontal=True, vertical_alignment="bottom"):
        dataset = shared.pick_dataset("campaign_dataset")
        terms = terms_boxes(period=False)
    if dataset is None:
        shared.empty(
            "No leads yet",
            "Campaigns are judged by the leads that they brought and what became of them.",
            "leads",
            "Bring in leads",
        )
        st.stop()
    ws = shared.workspace()
    scoring = scorings.scoring_in_use(ws, dataset.id)
    home = (str(ws.folder), dataset.id, scoring.id if scoring else None)
    values = data.names_in(*home)
    if not values:
        st.info("These leads have no column with fixed values, so none that could name a campaign or channel.")
        st.stop()
    kept = costs_of(ws, dataset.id)
    if kept is None:
        with st.container(border=True):
            st.subheader("What did the campaigns cost?", anchor=False)
            st.write("Give the cost of each channel or campaign, best by week or month. It stays with these leads.")
            costs.bring_in(dataset, values)
        st.stop()
    costs.show_costs(dataset, kept, terms)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by, column = who_is_who(kept, values)
        margin = margin_box(terms)
    section = st.segmented_control(
        "What to look at",
        [FEEDBACK, LEADS, BUDGET, DRAW, LEARN],
        default=FEEDBACK,
        required=True,
        key="campaign_section",
        persist_state="session",
    )
    asked = data.Asked(*home, kept.sha256, by, column)
    if section == FEEDBACK:
        unmatched = sorted(set(kept.frame[by]) - set(values[column]) - {""})
        feedback_section(data.judged(asked, margin, terms, kept.frame), unmatched)
    elif section == LEADS and scoring is None:
        shared.empty(
            "No chances yet", "The return of a lead follows its chance of an order.", "queue", "Score the leads"
        )
    elif section == LEADS and scoring is not None:
        leads_section(scoring, by, column, margin, terms)
    else:
        found, untold = data.fitted(asked, kept.frame)
        terms = replace(terms, period=data.period_of(kept.frame))
        if untold:
            st.caption(shared.literal(f"Left out, as they had too few periods or no change: {', '.join(untold)}."))
        if section == BUDGET:
            budgets.budget_section(found, margin, terms)
        elif section == DRAW:
            budgets.draw_section(found, margin, terms)
        else:
            learning.learn_section(asked, found, kept.frame, margin, terms)
