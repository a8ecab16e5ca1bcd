"""Keep, sell or drop: each lead's own worth against what it sells for."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.deals import keep_chart
from core.decisions.economics import deals
from core.decisions.economics.depth import profit_curve
from core.decisions.economics.money import Terms, told
from core.exports import to_csv
from core.ranking import Figure
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared
from pages._money import amount_box
from pages._value_data import chance_range
from pages._value_figures import PRICE, call_box, margin_box, money


def worth_of_all(
    chance: np.ndarray,
    margin: float,
    cost: float,
    found: pd.DataFrame,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
) -> Figure:
    """What the decisions bring together, with the range of the leads that are kept: a sale price is certain."""
    worth, kept = float(found["value"].sum()), (found["decision"] == "keep").to_numpy()
    if not kept.any():
        return Figure(worth, worth, worth)
    ends = (None if end is None else end[kept] for end in (low, high))
    one = profit_curve(chance[kept], margin, cost, low=next(ends), high=next(ends)).at(int(kept.sum()))
    return Figure(worth, worth + one.low - one.value, worth + one.high - one.value)


def keep_part(leads: pd.DataFrame, dataset: Dataset, scoring: Scoring, terms: Terms) -> None:
    """A sale price, how many leads to keep, sell or drop at it, and the list."""
    st.subheader("Keep, sell or drop each lead", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        margin, cost = margin_box(terms), call_box(terms)
        price = amount_box("A lead sells for", PRICE, "value_price", terms, "0 where nobody buys single leads.")
    chance = leads["probability"].to_numpy(dtype=np.float64)
    low, high = chance_range(scoring, chance) or (None, None)
    found = deals.keep_or_sell(chance, margin, cost, price, low=low, high=high)
    counts = found["decision"].value_counts()
    figure = keep_chart({str(kind): int(count) for kind, count in counts.items()}, terms, price)
    left, right = st.columns([3, 2])
    with left:
        shared.chart(figure, counts.reset_index(), "keep", style.spoken(figure))
    with right:
        hint = "Sum of each lead's best choice. The range joins the luck of single orders of leads that are kept"
        hint += " and how far chances were off on leads of known outcome." if low is not None else "."
        money(right, "Worth of all, so decided", worth_of_all(chance, margin, cost, found, low, high), terms, hint)
        holds = found["holds"]
        sure = "" if holds.isna().all() else f" For {int(holds.sum()):,} leads it stays so over their chance's range."
        st.caption(
            f"Keep where chance × margin − cost of working it is above 0 and at least {told(price, terms)}; else sell, "
            f"if that brings anything; else drop.{sure}"
        )
        made = leads[["rank", "lead_id", "probability"]].join(found)
        shared.download(
            "All leads with the decision (CSV)",
            partial(to_csv, made),
            "keep_sell_drop.csv",
            "text/csv",
            f"keep, sell or drop of {len(made)} leads of dataset {dataset.id}, ranking {scoring.id}",
            role="manager",
            key="value_keep",
        )
