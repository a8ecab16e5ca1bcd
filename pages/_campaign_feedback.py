"""What each campaign brought for its cost, and whether to reinforce, hold or cut it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.campaigns import ADVICE, feedback_chart
from core.decisions.economics.campaigns import Feedback
from pages import _shared as shared

MEANINGS = (
    "Reinforce: a profit is at least 90% sure. Cut: a loss is. Hold: neither. The advice is about the money spent so "
    "far; where the next sum should go is told by the budget."
)


def feedback_section(found: Feedback, unmatched: list[str]) -> None:
    """The answer in words, the chart, the table. `unmatched`: names of the costs that no lead has."""
    rows = found.frame
    advised = {advice: rows.loc[rows["advice"] == advice, found.by].tolist() for advice in ("reinforce", "cut")}
    said = [f"{advice.capitalize()} {', '.join(names)}." for advice, names in advised.items() if names]
    st.info(
        shared.literal(" ".join(said) or "No campaign is surely worth more money, or surely a loss: hold them."),
        icon=":material/flag:",
    )
    if unmatched:
        st.warning(
            shared.literal(
                f"No lead names {', '.join(unmatched[:5])}{' and others' if len(unmatched) > 5 else ''}. Choose "
                "another column of the leads above, or write the names in the costs as the leads have them."
            ),
            icon=":material/link_off:",
        )
    figure = feedback_chart(found)
    shared.chart(figure, rows, "campaigns", style.spoken(figure))
    st.caption(shared.literal(found.how))
    st.dataframe(_table(found), hide_index=True, column_config=_columns(found), alt="Campaigns with what they brought")
    st.caption(MEANINGS)


def _table(found: Feedback) -> pd.DataFrame:
    rows = found.frame
    table = rows[[found.by]].assign(advice=rows["advice"].map(lambda advice: ADVICE[advice][0]))
    table = table.join(rows[["leads", "known", "orders", "open_orders", "cost", "cost_per_lead", "cost_per_order"]])
    table = table.round({"cost": 0, "cost_per_order": 0})
    for name in ("roi", "roi_low", "roi_high", "chance_profitable"):
        table[name] = 100 * rows[name]
    return table


def _columns(found: Feedback) -> dict:
    money, number = found.terms.currency, st.column_config.NumberColumn
    chance = "Chance that its return is above 0, as far as its leads can tell."
    return {
        found.by: st.column_config.TextColumn(found.by.capitalize(), pinned=True),
        "advice": "Advice",
        "leads": number("Leads", format="localized"),
        "known": number("Outcome known", format="localized", help="Leads that ordered or surely will not."),
        "orders": number("Orders", format="localized", help="Of leads whose outcome is known."),
        "open_orders": number(
            "Still to come",
            format="%.1f",
            help="Orders expected of open leads by their chances; advice leaves them out.",
        ),
        "cost": number(f"Cost ({money})", format="localized"),
        "cost_per_lead": number(f"A lead ({money})", format="%.2f"),
        "cost_per_order": number(f"An order ({money})", format="localized"),
        "roi": number(
            "Return", format="%.0f%%", help="Margin of its orders over its cost, less 1: 0% pays for itself."
        ),
        "roi_low": number("at least", format="%.0f%%", help="Lower end of the likely range of the return."),
        "roi_high": number("at most", format="%.0f%%", help="Upper end of the likely range of the return."),
        "chance_profitable": number("Chance of a profit", format="%.0f%%", help=chance),
    }
