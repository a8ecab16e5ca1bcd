"""What each open lead returns on the cost of converting it, and which of them a team works for its objective."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.charts import style
from core.decisions.economics.money import Terms, told
from core.decisions.economics.returns import lead_roi
from core.exports import to_csv
from core.workspace.tables import Scoring
from pages import _shared as shared
from pages._money import amount_box
from pages._value_data import FIELD, chance_range, scored_leads

OBJECTIVES = {
    "profit": "Profit: each lead returns at least",
    "growth": "Growth: all worked leads together return at least",
    "share": "Share: work the best so many of 100 leads",
}
HINT = (
    "With 0%, profit works each lead that pays for itself; growth works as many leads as the good ones can carry "
    "without a loss in all."
)
COST = 50.0
"""Money that working a lead costs, until somebody types their own. Source: ours."""


def leads_section(scoring: Scoring, by: str, column: str, margin: float, terms: Terms) -> None:
    """Objective and cost, the leads worth working, by campaign, and each of them to download."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        hint = "Time of calls, test drives and offers, whether the lead orders or not."
        cost = amount_box("Cost to convert a lead", COST, "campaign_convert", terms, hint)
        objective = st.selectbox(
            "Objective", list(OBJECTIVES), format_func=OBJECTIVES.__getitem__, key="campaign_objective", help=HINT
        )
        share = objective == "share"
        target = st.number_input(
            "Of 100 leads" if share else "Return (%)",
            1 if share else -100,
            100 if share else 10_000,
            20 if share else 0,
            5,
            key=f"campaign_target_{share}",
            width=140,
        )
    rows = scored_leads(scoring, (column,))
    chance = rows["probability"].to_numpy(dtype=float)
    low, high = chance_range(scoring, chance) or (None, None)
    found = lead_roi(chance, margin, cost, low=low, high=high, objective=objective, target=target / 100)
    _figures(found, cost, terms)
    table = pd.concat([rows[["lead_id", "rank", "probability"]], rows[FIELD + column].rename(by), found], axis=1)
    st.dataframe(_by_name(table, by), hide_index=True, column_config=_columns(by), alt="Leads worth working by name")
    st.caption(
        f"Return of a lead = chance of an order x {told(margin, terms)} / {told(cost, terms)} - 1. The range is that "
        "of its chance, as leads of known outcome with such a chance turned out."
        + (" Here too few of them are known for a range." if low is None else "")
    )
    shared.download(
        "Download each lead's return",
        partial(to_csv, table),
        "lead_returns.csv",
        "text/csv",
        f"returns of scoring {scoring.id}, {style.counted(len(table), 'lead')}",
        "manager",
        key="campaign_returns",
    )


def _figures(found: pd.DataFrame, cost: float, terms: Terms) -> None:
    worth = found[found["worth"]]
    sums = {name: float(worth[name].sum(min_count=1) * cost) for name in ("roi", "low", "high")}
    profit = told(sums["roi"] if len(worth) else 0.0, terms)
    likely = f"likely {told(sums['low'], terms)} to {told(sums['high'], terms)}"
    with st.container(horizontal=True):
        for label, value, below, hint in (
            (
                "Worth working",
                f"{len(worth):,}",
                f"of {len(found):,} open leads",
                "Their return reaches the next figure.",
            ),
            ("Return to reach", f"{found['threshold'].iloc[0]:.0%}", "of each lead", "Set by your objective."),
            (
                "Profit of working them",
                profit,
                likely if pd.notna(sums["low"]) else "range not known",
                "Chance x margin less the cost to convert, summed; the range if all chances stand at an end of theirs.",
            ),
        ):
            st.metric(label, value, below, delta_color="off", delta_arrow="off", help=hint, border=True, width=260)


def _by_name(table: pd.DataFrame, by: str) -> pd.DataFrame:
    groups = table.groupby(by)
    made = pd.DataFrame({"leads": groups.size(), "worth": groups["worth"].sum(), "roi": 100 * groups["roi"].mean()})
    made["share"] = 100 * made["worth"] / made["leads"]
    return made.sort_values("roi", ascending=False).reset_index()


def _columns(by: str) -> dict:
    number = st.column_config.NumberColumn
    return {
        by: st.column_config.TextColumn(by.capitalize(), pinned=True),
        "leads": number("Open leads", format="localized"),
        "worth": number("Worth working", format="localized"),
        "roi": number("Mean return", format="%.0f%%"),
        "share": number("Worth working, of all", format="%.0f%%"),
    }
