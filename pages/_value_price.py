"""What a lead is worth: its expected profit, the prices that follow from it, and what moves it most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.value import tornado_chart
from core.decisions.economics.money import Terms
from core.decisions.economics.pricing import (
    Levers,
    expected_profit,
    lead_prices,
    price_ceiling,
    price_floor,
    tornado,
)
from core.exports import to_csv
from core.ranking import Figure
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared
from pages._money import amount_box
from pages._value_data import chance_range, scored_leads
from pages._value_figures import MARGIN, at_ends, money

FIRST = 20
"""Leads of the table; the file has all."""
BOXES = (
    ("revenue_high", "A good lead brings", MARGIN, "Revenue of a lead that orders."),
    ("cost_high", "Serving it costs", 400.0, "Cost of a lead that orders."),
    ("revenue_low", "Any other brings", 0.0, "Revenue of a lead without an order."),
    ("cost_low", "Working it costs", 20.0, "Cost of a lead without an order."),
)
"""Lever of `Levers`, label, what the box starts from, hint."""


def price_section(dataset: Dataset, scoring: Scoring, terms: Terms) -> None:
    """Levers, the average lead's worth and prices, the tornado, a price for each lead."""
    leads = scored_leads(scoring)
    chance = leads["probability"].to_numpy(dtype=np.float64)
    ends = chance_range(scoring, chance)
    mean = at_ends(chance, ends)
    levers = _levers(mean.value, terms)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wished = amount_box("Profit you wish for", 0.0, "value_wished", terms, "Of each lead, after its price.")
        paid = amount_box("The lead cost you", 0.0, "value_lead_cost", terms, "What it cost to win it, for a seller.")
    _average(levers, mean, wished, paid, terms)
    _sensitivity(levers, terms)
    low, high = ends or (None, None)
    prices = lead_prices(chance, levers, wished, low=low, high=high)
    _each(leads[["rank", "lead_id", "probability"]].join(prices), dataset, scoring, terms)


def _levers(chance: float, terms: Terms) -> Levers:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        amounts = [amount_box(label, value, f"value_{name}", terms, hint) for name, label, value, hint in BOXES]
    return Levers(chance, *amounts)


def _average(levers: Levers, mean: Figure, wished: float, paid: float, terms: Terms) -> None:
    row = st.container(horizontal=True)

    def ranged(of: Callable[[Levers], float]) -> Figure:
        at = [of(replace(levers, p=p)) for p in (mean.value, mean.low, mean.high)]
        return Figure(at[0], min(at), max(at))

    how = "chance × (revenue − cost of a good lead) + (1 − chance) × (revenue − cost of any other)"
    money(row, "Worth of a lead", ranged(expected_profit), terms, f"{how}, at the leads' mean chance {mean.value:.2%}.")
    hint = "Worth of a lead − profit you wish for."
    money(row, "Pay at most", ranged(lambda at: price_ceiling(at, wished)), terms, hint)
    hint = "The larger of: what the lead cost you + the profit you wish for; what you would earn by working it."
    money(row, "Sell from", ranged(lambda at: price_floor(at, wished, paid)), terms, hint)


def _sensitivity(levers: Levers, terms: Terms) -> None:
    swing = st.slider(
        "Each lever up and down by (%)", 5, 50, 20, 5, key="value_swing", width=320, persist_state="session"
    )
    table = tornado(levers, swing / 100)
    figure = tornado_chart(table, expected_profit(levers), terms)
    shared.chart(figure, table, "levers", style.spoken(figure))
    st.caption("One lever moves at a time, the others stay. The longest bar is the lever worth your work first.")


def _each(prices: pd.DataFrame, dataset: Dataset, scoring: Scoring, terms: Terms) -> None:
    st.subheader("The most to pay for each lead", anchor=False)
    amount = partial(st.column_config.NumberColumn, format="%.2f")
    wide = prices[["low", "high"]].notna().all(axis=None)
    first = prices.head(FIRST).assign(probability=100 * prices["probability"])
    st.dataframe(
        first if wide else first.drop(columns=["low", "high"]),
        hide_index=True,
        alt="The first leads with their prices",
        column_config={
            "rank": "Place",
            "lead_id": "Lead",
            "probability": st.column_config.NumberColumn("Chance (%)", format="%.2f"),
            "expected_profit": amount(f"Worth ({terms.currency})"),
            "price": amount(f"Pay at most ({terms.currency})"),
            "low": amount("Likely from", help="At the lower end of the chance's range."),
            "high": amount("Likely to", help="At the upper end of the chance's range."),
        },
    )
    st.caption(
        f"The first {len(first)} of {style.counted(len(prices), 'lead')}. Worth, from each lead's own chance, less the "
        "profit you wish for. "
        + (
            "The range: how often tested leads of about this chance ordered."
            if wide
            else "No range: too few leads of known outcome are here to tell how far the chances may be off."
        )
    )
    shared.download(
        "Prices of all leads (CSV)",
        partial(to_csv, prices.assign(currency=terms.currency)),
        "lead_prices.csv",
        "text/csv",
        f"prices of {len(prices)} leads of dataset {dataset.id}, ranking {scoring.id}",
        role="manager",
        key="value_prices",
    )
