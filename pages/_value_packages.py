"""Value: packages of leads for a buyer's wishes with their risk, and all leads cut into classes from AAA to B."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.plans import composition_chart, orders_chart, tranches_chart
from core.decisions.economics.money import Terms, told
from core.decisions.economics.packages import Package, Wishes, package
from core.decisions.economics.risk import CORRELATION, risk, tranches
from core.decisions.economics.wishes import nearest
from core.exports import to_csv
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared
from pages._money import amount_box
from pages._value_data import FIELD, open_key, scored_leads
from pages._value_figures import WIDTH, money
from pages._value_people import field_box
from pages._value_wishes import wishes_form

MOST = 2_000
"""Leads that a package is chosen from: the best set of many more takes minutes to prove."""
PRICE = 200.0
"""First value of a box, not a result."""
BY_CHANCE, ALIKE = "By its chance", "The same for all"


def packages_section(dataset: Dataset, scoring: Scoring, terms: Terms) -> None:
    """The buyer's wishes, the best package with its risk, and the classes of all leads."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = st.selectbox("Price of a lead", [BY_CHANCE, ALIKE], key="pack_way", width=190, persist_state="session")
        words = "Price of an expected order" if way == BY_CHANCE else "Price of a lead"
        hint = "A lead costs its chance times this." if way == BY_CHANCE else "Each lead costs this."
        price = amount_box(words, PRICE if way == ALIKE else 5 * PRICE, f"pack_price_{way == ALIKE}", terms, hint)
        region = field_box("Groups", scoring, "pack_region", "The column by which leads are spread, such as a region.")
        together = st.number_input(
            "How alike leads fare (%)",
            0.0,
            90.0,
            100 * CORRELATION,
            1.0,
            key="pack_together",
            width=190,
            persist_state="session",
            help="Good and bad times hit all leads together. 0: each on its own; experts call it correlation.",
        )
    leads = scored_leads(scoring, (region,) if region else ())
    chances = leads["probability"].to_numpy(dtype=float)
    offered = leads[["lead_id", "probability"]].assign(price=chances * price if way == BY_CHANCE else price)
    if region:
        offered["region"] = leads[FIELD + region]
    wishes = wishes_form(offered, terms)
    if wishes is None:
        st.info("Say how many leads, orders or how much money the package is for.", icon=":material/edit:")
    else:
        asked = (open_key(leads, scoring), way, price, region)
        found, among = _package(asked, wishes, together / 100, offered)
        if among == MOST < len(offered):
            spread = " of each group" if wishes.max_per_region is not None else ""
            st.caption(
                f"Chosen among {MOST:,} of the {len(offered):,} leads: the cheapest, the likeliest and those of the "
                f"lowest price for an order{spread}, as far as they fit the wishes."
            )
        _show(found, scoring, terms)
    st.subheader("All leads, cut into classes of equal size", anchor=False)
    cut = _tranches(open_key(leads, scoring), together / 100, leads)
    drawn = tranches_chart(cut)
    shared.chart(drawn, cut, "pack_tranches", style.spoken(drawn))
    st.caption(
        "By chance, best first; the lines hold 19 of 20 simulated cases. A class is surer than a single lead, since "
        "its leads make up for each other, unless bad times hit all of them."
    )


@st.cache_data(max_entries=20, show_spinner="Choosing the best package …")
def _package(asked: tuple, wishes: Wishes, correlation: float, _offered: pd.DataFrame) -> tuple[Package, int]:
    """The best package, and among how many leads it was looked for."""
    near = nearest(_offered, wishes, MOST)
    return package(near, wishes, correlation), len(near)


@st.cache_data(max_entries=8, show_spinner="Simulating the classes …")
def _tranches(key: str, correlation: float, _leads: pd.DataFrame) -> pd.DataFrame:
    return tranches(_leads["probability"], correlation=correlation)


def _show(found: Package, scoring: Scoring, terms: Terms) -> None:
    """The package in figures, two charts and a file."""
    orders, wanted = found.risk, found.wishes.min_expected_orders
    st.caption(shared.literal(found.how))
    row = st.container(horizontal=True)
    plain: dict[str, Any] = {"border": True, "width": WIDTH}
    row.metric("Leads", f"{len(found.frame):,}", help=f"Of {found.considered:,} that could be in it.", **plain)
    money(row, "Price", found.price, terms, "The prices of its leads, added up.")
    likely = f"In 19 of 20 cases {orders.low:,.0f} to {orders.high:,.0f}"
    hint = f"The sum of the leads' chances. {orders.how}"
    row.metric("Orders on average", f"{orders.expected:,.1f}", likely, "off", help=hint, delta_arrow="off", **plain)
    each = [found.price / ends if ends else math.inf for ends in (orders.expected, orders.high, orders.low)]
    worst = told(each[2], terms) if orders.low else "without any order"
    hint = f"Price over orders on average; in 19 of 20 cases from {told(each[1], terms)} to {worst}."
    money(row, "Price of an order", each[0], terms, hint)
    shared.download(
        "Package as CSV",
        lambda: to_csv(found.frame),
        "package.csv",
        "text/csv",
        f"package of scoring {scoring.id} as CSV, {len(found.frame)} leads",
        "manager",
        key="pack_csv",
    )
    left, right = st.columns(2, gap="large")
    with left:
        drawn = orders_chart(orders, terms.period, wanted)
        shared.chart(drawn, orders.to_frame(), "pack_orders", style.spoken(drawn))
        alone = risk(found.frame["probability"], 0.0).sd
        st.caption(f"Spread (standard deviation): {orders.sd:.1f} orders; {alone:.1f} if each lead fared on its own.")
    with right:
        if len(found.regions) < 2:
            st.caption("Choose groups above to see where the leads come from, and to spread them.")
            return
        drawn = composition_chart(found, terms)
        shared.chart(drawn, found.regions, "pack_regions", style.spoken(drawn))
