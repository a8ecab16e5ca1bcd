"""The next campaign: whom to send it to for a budget, and what a larger or smaller one would bring."""

from __future__ import annotations

import streamlit as st

from core.charts import style
from core.charts.customers import budget_chart
from core.data.prompts import shown_name
from core.data.splitting import open_rows
from core.decisions.economics.money import Terms, told
from core.decisions.segments.budget import Campaign, Plan
from core.decisions.segments.telling import arms_sentence, plan_by
from core.exports import safe_csv
from core.workspace.segmentations import Segmentation
from core.workspace.tables import Dataset
from pages import _shared as shared
from pages._money import amount_box, terms_boxes
from pages._segment_data import assigned_of, leads_for, plan_of

BUDGET, COST, MARGIN = 1_000.0, 2.0, 100.0
"""What the boxes start from, in the currency; to be overwritten by one's own."""
WAY_WORDS = {"segments": "These segments", "uplift": "The uplift model"}
HEADS = {"lead_id": "Lead", "rank": "Place", "chance": "Chance that it makes them come", "value": "Expected value"}


def plan_section(dataset: Dataset, found: Segmentation) -> None:
    """Budget, cost and margin in; figures, the what-if curve and the list out."""
    folder = str(shared.workspace().folder)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        terms = terms_boxes(period=False)
        budget = amount_box("Budget", BUDGET, "segment_budget", terms)
        cost = amount_box("A contact costs", COST, "segment_cost", terms)
        margin = amount_box("A customer leaves", MARGIN, "segment_margin", terms, "What is left of what they buy.")
    by = _way(found)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        anyway = _anyway()
        contacts, column = _cap(dataset, folder)
        few = len(open_rows(leads_for(folder, dataset.id)))
        only_open = bool(few) and st.toggle(
            "Only leads still open", key="segment_open", help=f"{few:,} of them: the outcome is not final yet."
        )
    campaign = Campaign(budget, cost, margin, anyway, contacts)
    made = plan_of(found.id, folder, dataset.id, campaign, by, column, only_open, found)
    _figures(made, terms)
    figure = budget_chart(made, campaign, terms)
    shared.chart(figure, made.curve, "segment_whatif", style.spoken(figure))
    left_out = ", ".join(f"{why} {count:,}" for why, count in made.left_out.items() if count)
    st.caption(
        f"Left out: {left_out or 'nobody'}. Value of a contact = chance that it makes the customer come x "
        f"{told(margin, terms)} - {told(cost, terms)}. "
        + (
            ""
            if by == "uplift"
            else "The chance is read off those who answered earlier campaigns, not proved by trial."
        )
    )
    if made.chosen.empty:
        st.info("Nobody is worth a contact under these figures: lower the cost, or raise the margin or the budget.")
        return
    shown = made.chosen.rename(columns=HEADS)
    number = st.column_config.NumberColumn
    columns = {HEADS["chance"]: number(format="percent"), HEADS["value"]: number(format="%.2f")}
    st.dataframe(shown.head(20), hide_index=True, column_config=columns, alt="The first twenty of the list")
    shared.download(
        f"Download the list of {len(shown):,}",
        lambda: safe_csv(shown, "utf-8-sig"),
        "campaign_list.csv",
        "text/csv",
        f"campaign list of {dataset.id}, {style.counted(len(shown), 'lead')}",
        "manager",
        key="segments_list",
        type="primary",
    )


def _way(found: Segmentation) -> str:
    """What the chances come from; the uplift model at first where the segments fall short of it."""
    if not {"uplift", "anyway"} <= set(assigned_of(found.id, found)):
        return "segments"
    way = st.segmented_control(
        "Plan by",
        list(WAY_WORDS),
        default=plan_by(found.card),
        format_func=WAY_WORDS.__getitem__,
        required=True,
        key=f"segment_by_{found.id}",
        persist_state="session",
    )
    if found.card["arms"]:
        st.caption(shared.literal(arms_sentence(found.card)))
    return str(way)


def _anyway() -> float:
    there = st.toggle("Leave out those who would come anyway", True, key="segment_anyway", persist_state="session")
    if not there:
        return 1.0
    hint = "Customers whose chance to come anyway is above it are left out."
    share = st.slider(
        "Chance to come anyway above (%)", 10, 95, 50, 5, key="segment_anyway_share", help=hint, width=260
    )
    return share / 100


def _cap(dataset: Dataset, folder: str) -> tuple[int | None, str | None]:
    """Most earlier contacts, and the column that counts them."""
    numeric = leads_for(folder, dataset.id).schema.features.numeric
    if not numeric or not st.toggle("Cap contacts", key="segment_capped", persist_state="session"):
        return None, None
    column = st.selectbox(
        "Column that counts contacts", numeric, format_func=shown_name, key=f"segment_cap_{dataset.id}", width=240
    )
    most = st.number_input("Leave out from so many on", 1, 1000, 4, key="segment_cap_most", width=190)
    return int(most), column


def _figures(made: Plan, terms: Terms) -> None:
    with st.container(horizontal=True):
        for label, value, below in (
            ("Customers to reach", f"{len(made.chosen):,}", f"{told(made.spent, terms)} spent"),
            ("More customers expected", f"{made.expected:,.1f}", "because of the campaign"),
            ("Added beyond the cost", told(made.added, terms), "expected"),
        ):
            st.metric(label, value, below, delta_color="off", delta_arrow="off", border=True, width=250)
