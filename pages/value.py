"""Value: what the ranked leads are worth in money, and what to do with them."""

from __future__ import annotations

import streamlit as st

from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared
from pages._money import terms_boxes
from pages._scored import ranked, scoring_notes
from pages._value_changes import changes_section
from pages._value_data import scored_leads
from pages._value_deals import deals_section
from pages._value_depth import depth_section
from pages._value_hits import hits_section
from pages._value_packages import packages_section
from pages._value_plan import dispatch_section
from pages._value_price import price_section
from pages._value_priority import priority_section

SECTIONS = {
    "How deep to call": depth_section,
    "What a lead is worth": price_section,
    "Compare deals": deals_section,
    "Hits and misses": hits_section,
    "Who calls whom": dispatch_section,
    "Packages to sell": packages_section,
    "Priority": priority_section,
    "What changed": changes_section,
}
"""Each takes the dataset, its scoring and the terms of money."""


def with_chances(dataset: Dataset, scoring: Scoring) -> None:
    """End the page, in words, where there is nothing to compute with."""
    leads = scored_leads(scoring)
    if leads.empty:
        shared.empty(
            "No lead is open",
            f"Every lead of {shared.literal(dataset.name)} was dealt with. Bring in newer ones to see their worth.",
            "leads",
            "Bring in leads",
        )
        st.stop()
    if leads["probability"].isna().any():
        shared.empty(
            "These leads have an order, but no chances",
            "Money needs the chance of an order of each lead, which this model does not give. Use a model that was "
            "calibrated on known outcomes, and score again.",
            "models",
            "Choose a model",
        )
        st.stop()


shared.need("manager")
st.title("Value", anchor=False)
st.text("What the leads are worth in money: how many to call, what to pay or ask for them, which deal to take.")

with shared.guard():
    head = st.container(horizontal=True, vertical_alignment="bottom")
    dataset, scoring = ranked(
        head,
        "value_dataset",
        "Bring in a file of leads, and this page tells what they are worth.",
        "Scoring gives each lead its chance of an order, from which its worth follows.",
    )
    with head:
        terms = terms_boxes()
    scoring_notes(scoring)
    with_chances(dataset, scoring)
    section = st.segmented_control(
        "What to look at",
        list(SECTIONS),
        default=next(iter(SECTIONS)),
        required=True,
        key="value_section",
        persist_state="session",
    )
    SECTIONS[section](dataset, scoring, terms)
