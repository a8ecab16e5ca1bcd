"""Hits and misses: each lead as a mark by what calling it would get right, and the figures over every chance."""

from __future__ import annotations

import math

import pandas as pd
import plotly.graph_objects as go

from core.charts import style
from core.decisions.economics.hits import Hits

KINDS = {
    "hit": ("Called, ordered: a hit", style.GREEN, "star"),
    "false alarm": ("Called, no order: a false alarm", style.VERMILLION, "x"),
    "miss": ("Not called, ordered: a miss", style.ORANGE, "diamond"),
    "right no": ("Not called, no order: right", style.GREY, "circle-open"),
}
"""Kind of `hits.picture` -> its name, colour and mark."""
FIGURES = {
    "accuracy": "Of all, right",
    "precision": "Of those called, ordered",
    "recall": "Of all orders, called",
}
"""Figure of `hits.thresholds` -> its name."""


def picture_chart(frame: pd.DataFrame, hits: Hits) -> go.Figure:
    """Leads as marks in rows, best first: who is called, and whether it was right. Data: `frame`.

    Args:
        frame: Columns place, probability, kind, of `hits.picture`; all leads or the first of them.
        hits: The counts over all leads, for the title.
    """
    orders = style.counted(hits.tp + hits.fn, "order")
    words = f"Calling {style.counted(hits.called, 'lead')} finds {hits.tp:,} of {orders}"
    across = max(5, math.ceil(math.sqrt(len(frame))))
    down = math.ceil(len(frame) / across)
    figure = style.chart(words, x="", y="", height=190 + max(36 * min(down, 12), 60))
    column, row = (frame["place"] - 1) % across, (frame["place"] - 1) // across
    for kind, (name, colour, symbol) in KINDS.items():
        here = frame["kind"] == kind
        figure.add_scatter(
            x=column[here],
            y=row[here],
            mode="markers",
            name=name,
            marker={"symbol": symbol, "color": colour, "size": 16 if across <= 12 else 9, "line": {"width": 1.5}},
            hovertext=[
                f"Place {place:,}, chance {style.share(chance)}<br>{name}"
                for place, chance in zip(frame["place"][here], frame["probability"][here], strict=True)
            ],
            hoverinfo="text",
        )
    figure.update_xaxes(visible=False, range=[-0.6, across - 0.4])
    figure.update_yaxes(visible=False, range=[down - 0.4, -0.6])
    return figure


def thresholds_chart(frame: pd.DataFrame, hits: Hits) -> go.Figure:
    """Accuracy, precision and recall over the chance from which on leads are called, each with its band. Data: `frame`.

    Args:
        frame: Of `hits.thresholds`.
        hits: The counts at the chance that is marked.
    """
    words = f"Calling from a chance of {style.share(hits.threshold)} on: what is right, and what is found"
    figure = style.chart(words, x="Called from this chance on (%)", y="Share (%)")
    for place, (name, said) in enumerate(FIGURES.items()):
        told = frame.dropna(subset=[name])
        at, value, low, high = (told[column] for column in ("threshold", name, f"{name}_low", f"{name}_high"))
        figure.add_scatter(
            x=[*at, *reversed(at.tolist())],
            y=[*low, *reversed(high.tolist())],
            fill="toself",
            fillcolor=style.faint(style.colour(place), 0.12),
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            showlegend=False,
        )
        figure.add_scatter(
            x=at,
            y=value,
            mode="lines",
            name=said,
            line={"color": style.colour(place), "width": 2.5, "dash": style.dash(place)},
            hovertext=[
                f"From {style.share(x)} on:<br>{said}: {style.share(y)}<br>{style.between(a, b)}"
                for x, y, a, b in zip(at, value, low, high, strict=True)
            ],
            hoverinfo="text",
        )
    figure.add_vline(x=hits.threshold, line={"color": style.GREY, "width": 1.5})
    style.percent(figure, x=True, y=True)
    figure.update_yaxes(range=[0, 1.03])
    return figure
