"""Figures and inputs that several sections of Value show alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.charts.value import likely
from core.decisions.economics.money import Terms, told
from core.ranking import Figure
from pages._money import amount_box

WIDTH = 225
MARGIN, WORK, PRICE = 1_500.0, 80.0, 60.0
"""What the boxes start from, in the currency: an order, a lead worked, a lead sold; to be overwritten by one's own."""
RANGE_HINT = "“Likely”: 95 of 100 such ranges hold the true figure."


def money(row: Any, label: str, one: Figure | float, terms: Terms, hint: str, *, per_period: bool = False) -> None:
    """An amount in a box of `row`, a container, with its range below where it has one. `hint`: how it is computed;
    `per_period`: the amount comes again in each period."""
    if not isinstance(one, Figure):
        row.metric(label, told(one, terms, per_period), help=hint, border=True, width=WIDTH)
        return
    hint = f"{hint} {RANGE_HINT}"
    below = likely(one, terms).removesuffix(f" {terms.currency}")  # the figure has it, and the box is narrow
    row.metric(
        label,
        told(one.value, terms, per_period),
        below,
        delta_color="off",
        delta_arrow="off",
        help=hint,
        border=True,
        width=WIDTH,
    )


def margin_box(terms: Terms) -> float:
    """What an order brings; one and the same in all sections."""
    hint = "What is left of an order after all that it costs to deliver, before the calls to it."
    return amount_box("An order leaves", MARGIN, "value_margin", terms, hint)


def call_box(terms: Terms) -> float:
    """What it costs to work a lead; one and the same in all sections."""
    hint = "Wages and telephone for one lead that is called, all calls to it together."
    return amount_box("Working a lead costs", WORK, "value_work", terms, hint)


def at_ends(value: np.ndarray, ends: tuple[np.ndarray, np.ndarray] | None) -> Figure:
    """The mean of the chances (n,), with that of their ends as its range; no width without them."""
    low, high = ends or (value, value)
    return Figure(float(value.mean()), float(low.mean()), float(high.mean()))
