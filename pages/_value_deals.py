"""Compare deals: which is better at which share of good leads, and how likely that is."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.deals import deals_chart
from core.data.reading import read_table
from core.decisions.economics import deals
from core.decisions.economics.money import Terms
from core.decisions.economics.risk import CORRELATION
from core.errors import NotComputable
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared
from pages._value_data import open_key, scored_leads
from pages._value_figures import MARGIN, PRICE, WORK
from pages._value_keep import keep_part

MOST_DEALS = 12
"""Lines that a chart can hold."""


def deals_section(dataset: Dataset, scoring: Scoring, terms: Terms) -> None:
    """The deals, the chart, the break-evens; then each lead against a sale price."""
    leads = scored_leads(scoring)
    chance = leads["probability"].to_numpy(dtype=np.float64)
    offered = deals.read_deals(_table(scoring, len(chance), terms))
    correlation = st.slider(
        "How much leads are good or bad together",
        0.0,
        0.5,
        CORRELATION,
        0.01,
        key="value_correlation",
        width=320,
        persist_state="session",
        help="0: each lead by itself. The market, the season or a model that is wrong for all of them raise it; the "
        "share of good leads is then less certain (experts call it correlation).",
    )
    shares = _shares(open_key(leads, scoring), correlation, chance)
    _compare(offered, shares, terms)
    keep_part(leads, dataset, scoring, terms)


@st.cache_data(max_entries=20, show_spinner="Drawing shares of good leads")
def _shares(key: str, correlation: float, _chance: np.ndarray) -> np.ndarray:
    return deals.good_shares(_chance, correlation=correlation)


def _table(scoring: Scoring, n: int, terms: Terms) -> pd.DataFrame:
    """Deals as typed, or as read from a file and then changed."""
    st.caption(
        f"A deal is told by what it brings for all {n:,} open leads together: if none of them is good, and if all are. "
        "A good lead is one that orders. Two deals to begin with are an example: write your own, add rows."
    )
    with st.expander("Take deals from a file", icon=":material/upload_file:"):
        file = st.file_uploader(
            "CSV, Excel or Parquet with the columns name, profit_at_0 and profit_at_1", key="value_deals_file"
        )
    key = f"value_deals_{file.file_id if file else scoring.id}"
    starts = st.session_state.setdefault("value_deal_starts", {})
    if key not in starts:
        starts[key] = _read(file.getvalue()) if file else _example(n)
    amount = partial(st.column_config.NumberColumn, format="%.2f", required=True)
    edited = st.data_editor(
        starts[key],
        key=key,
        num_rows="dynamic",
        hide_index=True,
        alt="Deals with what they bring",
        column_config={
            "name": st.column_config.TextColumn("Deal", required=True),
            "profit_at_0": amount(f"If no lead is good ({terms.currency})"),
            "profit_at_1": amount(f"If all are good ({terms.currency})"),
        },
    )
    return edited.dropna(how="all")


def _read(file: bytes) -> pd.DataFrame:
    found = deals.read_deals(read_table(file))
    if len(found) > MOST_DEALS:
        raise NotComputable(f"a chart holds {MOST_DEALS} deals, however: the file has {len(found):,}; leave some out")
    return found


def _example(n: int) -> pd.DataFrame:
    rows = [("Work them", -n * WORK, n * (MARGIN - WORK)), ("Sell them", n * PRICE, n * PRICE)]
    return pd.DataFrame(rows, columns=list(deals.COLUMNS))


def _compare(offered: pd.DataFrame, shares: np.ndarray, terms: Terms) -> None:
    pairs, found = deals.break_evens(offered), deals.better(offered, shares)
    lines = deals.lines(offered, 201)
    figure = deals_chart(lines, pairs, shares, found, terms)
    shared.chart(figure, lines, "deals", style.spoken(figure))
    st.dataframe(
        found.assign(chance_best=100 * found["chance_best"]),
        hide_index=True,
        alt="What each deal brings and how likely it is the best",
        column_config={
            "name": "Deal",
            "expected_profit": st.column_config.NumberColumn(f"Expected profit ({terms.currency})", format="%.0f"),
            "low": st.column_config.NumberColumn("Likely from", format="%.0f"),
            "high": st.column_config.NumberColumn("Likely to", format="%.0f"),
            "chance_best": st.column_config.NumberColumn("Chance of being the best (%)", format="%.1f"),
        },
    )
    for row in pairs.to_dict("records"):
        st.caption(shared.literal(_told(row)))
    low, high = np.quantile(shares, [0.025, 0.975])
    st.caption(
        "Break-even share = (a₀ − b₀) / ((a₀ − b₀) − (a₁ − b₁)), with a and b the deals' profits at no and at all "
        f"good leads. By the chances of these leads, {style.share(float(shares.mean()))} of them will be good "
        f"({style.between(float(low), float(high))}, the shaded part of the chart)."
    )


def _told(row: dict) -> str:
    if not row["inside"]:
        return f"“{row['deal_a']}” and “{row['deal_b']}”: {row['reason']}."
    return (
        f"“{row['deal_a']}” and “{row['deal_b']}” bring the same at {style.share(row['break_even'])} good leads: "
        f"below, “{row['better_below']}” is better, above, “{row['better_above']}”."
    )
