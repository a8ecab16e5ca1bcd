"""In which money and over which time amounts are told, and the box for an amount; used by Value and Campaigns."""

from __future__ import annotations

import math

import streamlit as st

from core.decisions.economics.money import PERIODS, Terms

CURRENCIES = ("EUR", "USD", "GBP", "CHF", "CNY")
"""Offered at once; any other is typed. Source: ISO 4217."""
MOST = 1e12
"""The largest amount that a box takes; beyond it a slip of the finger is likelier."""


def terms_boxes(*, period: bool = True) -> Terms:
    """Two small boxes side by side; what is chosen stays while the session lasts, on each page that asks.

    `period`: without it the box for the period is left out, for pages whose data tell it.

    Raises:
        ConfigError: what was typed is no currency.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        currency = st.selectbox(
            "Currency",
            CURRENCIES,
            accept_new_options=True,
            key="money_currency",
            width=120,
            help="Three letters. For another than those of the list, type it.",
            persist_state="session",
        )
        if not period:
            return Terms(str(currency).strip().upper())
        chosen = st.selectbox(
            "Period",
            PERIODS,
            PERIODS.index("month"),
            key="money_period",
            width=130,
            help="The time over which your costs and orders are counted.",
            persist_state="session",
        )
    return Terms(str(currency).strip().upper(), chosen)


def amount_box(label: str, value: float, key: str, terms: Terms, help: str | None = None) -> float:
    """An amount of 0 or more in the currency; what was typed stays while the session lasts.

    Args:
        label: What it is; the currency is added.
        value: What the box starts from.
        key: Unique among all pages.
        terms: The currency.
        help: The hint (Markdown).
    """
    step = 10.0 ** max(math.floor(math.log10(value)) - 1, -2) if value > 0 else 1.0
    amount = st.number_input(
        f"{label} ({terms.currency})",
        0.0,
        MOST,
        float(value),
        step,
        format="%.2f",
        key=key,
        help=help,
        width=230,
        persist_state="session",
    )
    return float(amount)
