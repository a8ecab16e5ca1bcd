"""How deep to call: profit over the length of the list, the next person's worth, and what the order earns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.value import order_chart, profit_chart
from core.decisions.economics.depth import Curve, against, cost_of_wrong_order, one_more_person, profit_curve
from core.decisions.economics.money import Terms
from core.evaluation import Missing
from core.ranking import Figure
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared
from pages._money import amount_box
from pages._value_data import chance_range, held_out, scored_leads
from pages._value_figures import WIDTH, call_box, margin_box, money


def depth_section(dataset: Dataset, scoring: Scoring, terms: Terms) -> None:
    """Inputs, figures, the curve, and the list against a random and the perfect one."""
    chance = scored_leads(scoring)["probability"].to_numpy(dtype=np.float64)
    n = len(chance)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        margin, cost = margin_box(terms), call_box(terms)
        fixed = amount_box("Fixed cost", 0.0, "value_fixed", terms, "Paid however many leads are called.")
        calls = int(
            st.number_input("Leads you call now", 0, n, min(n, max(1, n // 10)), key=f"value_calls_{n}", width=170)
        )
        each = int(
            st.number_input(
                f"Leads of one person a {terms.period}", 1, 1_000_000, 200, key="value_each", width=200,
                persist_state="session",
            )
        )  # fmt: skip
    more = min(calls + each, n)
    ends = chance_range(scoring, chance)
    low, high = ends or (None, None)
    curve = profit_curve(chance, margin, cost, fixed, order=np.arange(n), low=low, high=high, at=sorted({calls, more}))
    _figures(curve, calls, each, terms)
    figure = profit_chart(curve, terms, calls)
    shared.chart(figure, curve.to_frame(), "profit", style.spoken(figure))
    st.caption(
        f"Profit = sum over the leads called of (chance of an order × margin − cost of working it) − fixed cost. "
        f"The band joins the luck of single orders with {_ranges(ends is not None)}. Within the green range, no depth "
        f"can be told from the best one."
    )
    _orders(scoring, (margin, cost, fixed), calls, chance, terms)


def _ranges(known: bool) -> str:
    if known:
        return "how far the chances were off on leads of known outcome"
    return "nothing else: how far the chances may be off is not known here"


def _figures(curve: Curve, calls: int, each: int, terms: Terms) -> None:
    row = st.container(horizontal=True)
    row.metric(
        "Best depth",
        style.counted(curve.best_depth, "lead"),
        f"{curve.best_from:,} to {curve.best_to:,} do as well" if curve.best_depth else "none is worth its cost",
        delta_color="off",
        delta_arrow="off",
        help="Call on as long as the next lead's chance of an order × margin is more than working it costs.",
        border=True,
        width=WIDTH,
    )
    money(row, "Profit there", curve.best_profit, terms, "Expected orders × margin − leads × cost − fixed cost.")
    money(row, "Profit at your calls", curve.at(calls), terms, f"The same for the best {calls:,} leads.")
    extra = min(each, curve.leads - calls)
    hint = f"What the next {style.counted(extra, 'lead')} of the list would bring, before the person's pay."
    money(row, "One more person", one_more_person(curve, calls, each), terms, hint, per_period=True)


def _orders(
    scoring: Scoring, amounts: tuple[float, float, float], depth: int, chance: np.ndarray, terms: Terms
) -> None:
    """What the order earns: on leads of known outcome where there are some, else by the chances alone."""
    st.subheader("What the order of the list is worth", anchor=False)
    found = held_out(scoring)
    if isinstance(found, Missing):
        lines = against(chance, *amounts, order=np.arange(len(chance)), at=(depth,))
        st.caption(shared.literal(f"By the chances alone, since no outcomes are known here: {found.reason}"))
    else:
        n = len(found)
        depth = round(depth / len(chance) * n)
        truth, order = found.sample.outcome, np.argsort(-found.score(), kind="stable")
        lines = against(found.probability(), *amounts, outcome=truth, order=order, at=(depth,))
        st.caption(f"On {n:,} leads whose outcome is known, calling the same part of them: the best {depth:,}.")
    _gaps(cost_of_wrong_order(lines, depth).set_index("order"), terms)
    figure = order_chart(lines, depth, terms, known="perfect" in set(lines["order"]))
    shared.chart(figure, lines, "orders", style.spoken(figure))


def _gaps(at: pd.DataFrame, terms: Terms) -> None:
    row = st.container(horizontal=True)
    here = {str(name): Figure(one["gap"], one["low"], one["high"]) for name, one in at.iterrows()}
    hint = "Profit by this list − mean profit over all random orders, with as many calls."
    money(row, "More than at random", here["random"], terms, hint)
    if "perfect" in here:
        less = here["perfect"]
        hint = "Profit by the perfect order, which nobody can know beforehand − profit by this list."
        money(row, "Short of perfect", Figure(-less.value, -less.high, -less.low), terms, hint)
