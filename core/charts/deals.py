"""Deals over leads whose quality is not known yet, and what to do with each lead: keep, sell or drop."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from core.charts import style
from core.decisions.economics.money import Terms, told
from core.ranking import TAIL

BINS = 50
"""Bars of the shares, about."""
NAME = 24
"""Characters of a deal's name in a title or legend."""
KINDS = {"keep": ("Keep and work", style.BLUE), "sell": ("Sell", style.ORANGE), "drop": ("Drop", style.GREY)}
"""Decision of `deals.keep_or_sell` -> its name and colour."""


def deals_chart(
    lines: pd.DataFrame, pairs: pd.DataFrame, shares: ArrayLike, found: pd.DataFrame, terms: Terms
) -> go.Figure:
    """Profit of each deal over the share of good leads, break-evens marked, above how likely each share is.

    The axis ends a little beyond all that may come and every break-even.

    Args:
        lines: Columns name, share, profit, of `deals.lines`.
        pairs: Of `deals.break_evens`.
        shares: Shares of good leads that may come, 0..1, shape (draws,), of `deals.good_shares`.
        found: Of `deals.better`; the title speaks of its likeliest best.
        terms: The currency.
    """
    best = found.iloc[int(found["chance_best"].to_numpy().argmax())]
    words = f"“{style.cut(best['name'], NAME)}” is the best deal with a chance of {_sure(best['chance_best'])}"
    figure = style.chart(words, x="Share of good leads (%)", y=f"Profit ({terms.currency})", height=480)
    drawn = np.asarray(shares, dtype=np.float64)
    _likely_shares(figure, drawn)
    for place, (name, rows) in enumerate(lines.groupby("name", sort=False)):
        figure.add_scatter(
            x=rows["share"],
            y=rows["profit"],
            mode="lines",
            name=style.text(name, NAME),
            line={"color": style.colour(place), "width": 2.5, "dash": style.dash(place)},
            hovertext=[
                f"{style.text(name, 60)}<br>{style.share(share)} good leads: {told(profit, terms)}"
                for share, profit in zip(rows["share"], rows["profit"], strict=True)
            ],
            hoverinfo="text",
        )
    _crossings(figure, lines, pairs[pairs["inside"]])
    style.percent(figure, x=True)
    crossed = pairs["break_even"][pairs["inside"]].max() if pairs["inside"].any() else 0.0
    end = min(1.0, 1.4 * max(float(drawn.max()), float(crossed)))
    seen = lines["profit"][lines["share"] <= end]
    room = 0.08 * max(float(np.ptp(seen)), 1.0)
    figure.update_xaxes(range=[0, end])
    figure.update_layout(yaxis={"tickformat": "~s", "range": [seen.min() - room, seen.max() + room]})
    return figure


def keep_chart(counts: Mapping[str, int], terms: Terms, price: float) -> go.Figure:
    """How many leads to keep, sell or drop at a sale price. `counts`: leads by decision; those left out are 0."""
    every = sum(counts.values())
    kept = counts.get("keep", 0)
    words = f"At {told(price, terms)} a lead, {style.counted(kept, 'lead')} of {every:,} are worth keeping"
    figure = style.row_chart(words, [name for name, _ in KINDS.values()], x="Leads", legend=False)
    numbers = [counts.get(kind, 0) for kind in KINDS]
    figure.add_bar(
        x=numbers,
        y=list(range(len(KINDS))),
        orientation="h",
        width=0.6,
        marker={"color": [colour for _, colour in KINDS.values()]},
        text=[f"{number:,}" for number in numbers],
        textposition="outside",
        cliponaxis=False,
        hovertext=[
            f"{name}: {style.counted(number, 'lead')}, {style.share(number / every)}"
            for (name, _), number in zip(KINDS.values(), numbers, strict=True)
        ],
        hoverinfo="text",
    )
    figure.update_xaxes(rangemode="tozero", tickformat=",d", range=[0, 1.15 * max(*numbers, 1)])
    return figure


def _sure(chance: float) -> str:
    """Drawn chances never make a thing certain."""
    return style.share(chance) if chance <= 0.995 else "over 99%"


def _likely_shares(figure: go.Figure, drawn: np.ndarray) -> None:
    """How often each share comes, on an axis of its own in the lowest part of the chart."""
    low, high = np.quantile(drawn, [TAIL, 1 - TAIL])
    counts, edges = np.histogram(drawn, _edges(drawn))
    figure.add_bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=counts / len(drawn),
        width=np.diff(edges),
        yaxis="y2",
        name="How likely each share is",
        marker={"color": style.faint(style.GREY, 0.55), "line": {"width": 0}},
        hovertext=[
            f"{style.share(start)} to {style.share(end)} good leads:<br>chance {style.share(count / len(drawn))}"
            for start, end, count in zip(np.clip(edges[:-1], 0, 1), np.clip(edges[1:], 0, 1), counts, strict=True)
        ],
        hoverinfo="text",
    )
    figure.add_vrect(x0=low, x1=high, fillcolor=style.faint(style.GREY, 0.15), line_width=0, layer="below")
    tallest = max(float(counts.max()) / len(drawn), 1e-9)
    figure.update_layout(yaxis2={"overlaying": "y", "visible": False, "range": [0, 4 * tallest], "fixedrange": True})


def _edges(drawn: np.ndarray) -> np.ndarray:
    """Edges between the shares that can come, as many of these in each bin: else some bars would hold one more."""
    values = np.unique(drawn)
    step = float(np.diff(values).min()) if len(values) > 1 else 0.01
    width = step * max(1, round((values[-1] - values[0]) / step / BINS))
    return np.arange(values[0] - step / 2, values[-1] + width, width)


def _crossings(figure: go.Figure, lines: pd.DataFrame, inside: pd.DataFrame) -> None:
    if inside.empty:
        return
    rows = inside.to_dict("records")
    first = {row["deal_a"]: lines[lines["name"] == row["deal_a"]] for row in rows}
    heights = [
        float(np.interp(row["break_even"], first[row["deal_a"]]["share"], first[row["deal_a"]]["profit"]))
        for row in rows
    ]
    figure.add_scatter(
        x=inside["break_even"],
        y=heights,
        mode="markers",
        name="Break-even",
        marker={"size": 11, "symbol": "circle-open", "color": style.GREY, "line": {"width": 2.5}},
        hovertext=[
            f"Break-even at {style.share(row['break_even'])} good leads:<br>"
            f"below, {style.text(row['better_below'], 60)} is better,<br>above, {style.text(row['better_above'], 60)}"
            for row in rows
        ],
        hoverinfo="text",
    )
