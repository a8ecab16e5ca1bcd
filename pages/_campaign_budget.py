"""A budget over channels: the best split under the fitted curves, and one drawn for the next period."""

from __future__ import annotations

import datetime

import numpy as np
import streamlit as st

from core.charts import style
from core.charts.campaigns import allocation_chart, response_chart, thompson_chart
from core.decisions.economics.allocation import Allocation, allocate, thompson_split
from core.decisions.economics.money import Terms, told
from core.decisions.economics.response import Responses
from pages import _shared as shared
from pages._money import amount_box
from pages._value_figures import WIDTH, money

CURVES = (
    "Orders follow the spend as ceiling x (1 - exp(-spend / scale)): each further sum brings less. A channel without "
    "spend counts as bringing nothing, and what is spent acts in its own period."
)


def budget_section(found: Responses, margin: float, terms: Terms) -> None:
    """The best split of a budget, with what it gains."""
    budget, lows, highs = _asked(found, terms)
    split = allocate(found, budget, margin, lows=lows, highs=highs, terms=terms)
    _figures(split)
    if split.frame["beyond"].any():
        far = ", ".join(split.frame.loc[split.frame["beyond"], "channel"])
        st.warning(
            shared.literal(f"More than was ever tried: {far}. What it brings there is a guess: go there in steps."),
            icon=":material/warning:",
        )
    left, right = st.columns(2, gap="large")
    with left:
        figure = allocation_chart(split)
        shared.chart(figure, split.frame, "budget", style.spoken(figure))
    with right:
        spend = split.frame["spend"].to_numpy()
        moved = int(np.abs(spend - found.spend_now).argmax())
        place = st.selectbox(
            "Channel", range(len(spend)), moved, format_func=found.channels.__getitem__, key="campaign_curve"
        )
        figure = response_chart(found, found.channels[place], float(spend[place]), terms)
        shared.chart(figure, found.curve(found.channels[place]), "response", style.spoken(figure))
    st.caption(shared.literal(split.how))
    st.dataframe(
        split.frame.round({"spend_now": 0, "spend": 0, "orders": 1, "low": 1, "high": 1}),
        hide_index=True,
        column_config=_columns(terms),
        alt="The split by channel",
    )
    st.caption(f"{CURVES} Likely: 95 of 100 such ranges hold the true figure.")


def draw_section(found: Responses, margin: float, terms: Terms) -> None:
    """The split for the next period, drawn by chance."""
    budget, lows, highs = _asked(found, terms)
    today = datetime.date.today()
    number = st.number_input(
        f"Number of the {terms.period}",
        0,
        10**6,
        int(today.strftime("%G%V")) if terms.period == "week" else int(today.strftime("%Y%m")),
        key=f"campaign_draw_{terms.period}",
        help="The same number draws the same split again; take another one each time.",
        width=230,
    )
    split = thompson_split(found, budget, margin, seed=int(number), lows=lows, highs=highs)
    figure = thompson_chart(split, terms)
    shared.chart(figure, split, "draw", style.spoken(figure))
    st.dataframe(split.round(0), hide_index=True, column_config=_columns(terms), alt="The drawn split by channel")
    st.caption(
        "The best split for one curve of each channel, drawn from all that agree with the past: a channel that is not "
        "known well gets now more, now less, and is soon known better (experts call it Thompson sampling). The range "
        "holds 95 of 100 such draws. Bring in the new costs and leads, and draw again each time."
    )


def _asked(found: Responses, terms: Terms) -> tuple[float, list[float], list[float]]:
    """The budget, and least and most money of each channel."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        budget = budget_box(found, terms)
        change = st.number_input(
            "Change a channel by at most (%)",
            0,
            1000,
            100,
            10,
            key="campaign_change",
            width=230,
            help="Of its spend now: the mean of its last four periods. 100% is between nothing and twice as much.",
            persist_state="session",
        )
    lows = [max(now * (1 - change / 100), 0.0) for now in found.spend_now]
    return budget, lows, [now * (1 + change / 100) for now in found.spend_now]


def budget_box(found: Responses, terms: Terms) -> float:
    """Money a period, from the sum of now on."""
    now = round(float(found.spend_now.sum()), 2)
    # The sum of now is part of the key: other costs start from their own.
    return amount_box(f"Budget a {terms.period}", now, f"campaign_budget_{now}", terms)


def _figures(split: Allocation) -> None:
    terms, row = split.terms, st.container(horizontal=True)
    money(
        row,
        f"More profit a {terms.period}",
        split.gain,
        terms,
        "Margin x orders - spend of the new split, less the same at the spend of now, which leaves "
        f"{told(split.profit_now.value, terms)}.",
    )
    money(row, f"Profit a {terms.period}", split.profit, terms, "Margin x orders - spend of the new split.")
    row.metric(
        "Chance that it is better",
        f"{split.chance_better:.0%}",
        "than the spend of now",
        delta_color="off",
        delta_arrow="off",
        help="Share of the curves that agree with the past under which the new split earns more.",
        border=True,
        width=WIDTH,
    )
    money(row, "Kept", split.kept, terms, "Not spent: what would bring less than itself, or passes the limits.")


def _columns(terms: Terms) -> dict:
    number, money = st.column_config.NumberColumn, terms.currency
    return {
        "channel": st.column_config.TextColumn("Channel", pinned=True),
        "spend_now": number(f"Now ({money})", format="localized"),
        "spend": number(f"Then ({money})", format="localized"),
        "orders": number("Orders then", format="%.1f"),
        "low": number("at least", format="localized"),
        "high": number("at most", format="localized"),
        "marginal_return": number(
            f"Next {money} brings", format="%.2f", help="Money that the next unit of money brings: 1 pays for itself."
        ),
        "beyond": st.column_config.CheckboxColumn("Never tried", help="More than was ever spent there: a guess."),
    }
