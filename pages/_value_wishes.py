"""Value: the form in which a buyer's wishes for a package of leads are typed."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.decisions.economics.money import Terms
from core.decisions.economics.packages import Wishes

LEADS = 50
"""Leads of a package until somebody says otherwise. A first value of a box, not a result."""
GOALS = {"orders": "Most orders", "price": "Lowest price"}


def wishes_form(offered: pd.DataFrame, terms: Terms) -> Wishes | None:
    """The form; None while it names no size. An empty box is no such wish."""
    with st.form("pack_wishes"), st.container(horizontal=True, vertical_alignment="bottom"):
        goal = st.selectbox("Goal", list(GOALS), format_func=GOALS.__getitem__, key="pack_goal", width=150)
        leads = _box("Leads, exactly", "pack_leads", 1, value=float(min(LEADS, len(offered))))
        budget = _box(f"Price at most ({terms.currency})", "pack_budget", 100)
        orders = _box("Expected orders at least", "pack_orders", 1)
        dearest = _box(f"A lead at most ({terms.currency})", "pack_dearest", 10)
        surest = _box("Chance of a lead at least (%)", "pack_chance", 1, 100)
        regions: list[str] = []
        spread = None
        if "region" in offered:
            known = sorted(offered["region"].unique())
            regions = st.multiselect("Groups wanted", known, key="pack_groups", placeholder="All", width=300)
            spread = _box("From one group at most (%)", "pack_spread", 5, 100)
        st.form_submit_button("Find the best package", type="primary", icon=":material/inventory_2:")
    if leads is None and orders is None and (goal == "price" or budget is None):
        return None
    chance, part = (None if percent is None else percent / 100 for percent in (surest, spread))
    return Wishes(goal, None if leads is None else round(leads), budget, orders, dearest, chance, tuple(regions), part)


def _box(label: str, key: str, step: float, most: float = 1e12, value: float | None = None) -> float | None:
    return st.number_input(
        label,
        0.0,
        float(most),
        value,
        float(step),
        format="%g",
        key=key,
        placeholder="Any",
        width=190,
        persist_state="session",
    )
