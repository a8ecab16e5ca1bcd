"""What a list of leads is worth: profit over its depth, what its order earns, and which lever moves a lead's worth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.charts import style
from core.decisions.economics.depth import Curve
from core.decisions.economics.money import Terms, told
from core.ranking import Figure

ORDERS = {
    "model": ("By this list", style.BLUE, "solid"),
    "random": ("Called at random", style.GREY, "dot"),
    "perfect": ("Perfect, known only afterwards", style.ORANGE, "dash"),
}
"""Order of `depth.against` -> its name, colour and dash."""
LEVERS = {
    "p": "Chance of a good lead",
    "revenue_high": "Revenue of a good lead",
    "cost_high": "Cost of a good lead",
    "revenue_low": "Revenue of any other lead",
    "cost_low": "Cost of any other lead",
}
"""Lever of `pricing.Levers` -> its name."""


def likely(one: Figure, terms: Terms) -> str:
    """A figure's range in words.

    Example:
        >>> likely(Figure(900, 450.4, 1200), Terms())
        'likely 450 to 1,200 EUR'
    """
    low = told(one.low, terms).removesuffix(f" {terms.currency}")
    return f"likely {low} to {told(one.high, terms)}"


def profit_chart(curve: Curve, terms: Terms, calls: int | None = None) -> go.Figure:
    """Expected profit by how many leads are called, with its 95% band, the best depth and the range beside it.

    `calls`: what the team calls now, marked where it is given. Data: `curve.to_frame()`.
    """
    best = curve.best_profit
    words = "No lead is worth its cost at this margin"
    if curve.best_depth:
        words = f"Calling the best {style.counted(curve.best_depth, 'lead')} brings most: {told(best.value, terms)}"
    figure = style.chart(words, x="Leads called, best first", y=f"Expected profit ({terms.currency})")
    depth = curve.depth
    figure.add_scatter(
        x=np.concatenate([depth, depth[::-1]]),
        y=np.concatenate([curve.low, curve.high[::-1]]),
        fill="toself",
        fillcolor=style.faint(style.BLUE),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        name="Likely range",
    )
    hover = [
        f"{style.counted(int(at), 'lead')} called:<br>{told(value, terms)}<br>{likely(Figure(value, low, high), terms)}"
        for at, value, low, high in zip(depth, curve.profit, curve.low, curve.high, strict=True)
    ]
    line = {"color": style.BLUE, "width": 2.5}
    figure.add_scatter(
        x=depth, y=curve.profit, mode="lines", line=line, name="Expected profit", hovertext=hover, hoverinfo="text"
    )
    if curve.best_depth:
        figure.add_vrect(
            x0=curve.best_from, x1=curve.best_to, fillcolor=style.faint(style.GREEN, 0.12), line_width=0, layer="below"
        )
        _mark(figure, curve.best_depth, best.value, "Best depth", style.GREEN, "diamond", terms)
    if calls is not None:
        _mark(figure, calls, curve.at(calls).value, "Your calls now", style.VERMILLION, "square", terms)
    figure.add_hline(y=0, line={"color": style.GREY, "width": 1, "dash": "dot"})
    figure.update_xaxes(range=[0, curve.leads], tickformat=",d")
    figure.update_yaxes(tickformat="~s")
    return figure


def order_chart(lines: pd.DataFrame, depth: int, terms: Terms, known: bool) -> go.Figure:
    """Profit over depth by this list's order, at random and, where outcomes are known, perfect. Data: `lines`.

    Args:
        lines: Columns order, depth, profit, gap, low, high, of `depth.against`, made at `depth`.
        depth: The number of calls that the title speaks of and that is marked.
        known: Whether the profits are what really came, or what the chances promise.
    """
    gap = lines.loc[(lines["order"] == "random") & (lines["depth"] == depth), "gap"].item()
    verb = "brought" if known else "should bring"
    more = f"{told(abs(gap), terms)} {'more' if gap >= 0 else 'less'}"
    words = f"With {style.counted(depth, 'call')} this list {verb} {more} than calling at random"
    figure = style.chart(words, x="Leads called, best first", y=f"Profit ({terms.currency})")
    for name, rows in lines.groupby("order", sort=False):
        said, colour, dash = ORDERS[str(name)]
        figure.add_scatter(
            x=rows["depth"],
            y=rows["profit"],
            mode="lines",
            name=said,
            line={"color": colour, "width": 2.5, "dash": dash},
            hovertext=[
                f"{said}:<br>{style.counted(int(at), 'call')} bring {told(value, terms)}"
                for at, value in zip(rows["depth"], rows["profit"], strict=True)
            ],
            hoverinfo="text",
        )
    figure.add_vline(x=depth, line={"color": style.GREY, "width": 1.5})
    figure.update_xaxes(range=[0, int(lines["depth"].max())], tickformat=",d")
    figure.update_yaxes(tickformat="~s")
    return figure


def tornado_chart(frame: pd.DataFrame, now: float, terms: Terms) -> go.Figure:
    """How far each lever alone moves a lead's expected profit, the widest on top. Data: `frame`.

    Args:
        frame: Columns lever, value, low_value, high_value, profit_low, profit_high, of `pricing.tornado`.
        now: The expected profit that all of them start from.
    """
    first = frame.iloc[0]
    span = sorted((first["profit_low"], first["profit_high"]))
    moves = f"{told(span[0], terms)} to {told(span[1], terms)}"
    words = f"“{LEVERS[first['lever']]}” moves a lead's worth most: {moves}"
    labels = [LEVERS[name] for name in frame["lever"]]
    figure = style.row_chart(words, labels, x=f"Expected profit of a lead ({terms.currency})")
    ends = (("low", "Lever lower", style.ORANGE, "/"), ("high", "Lever higher", style.BLUE, ""))
    for end, name, colour, pattern in ends:
        profit = frame[f"profit_{end}"]
        figure.add_bar(
            y=list(range(len(frame))),
            x=profit - now,
            base=now,
            orientation="h",
            name=name,
            width=0.6,
            marker={"color": colour, "pattern": {"shape": pattern}, "line": {"width": 0}},
            hovertext=[
                f"{LEVERS[lever]} at {_lever(lever, value, terms)}:<br>{told(worth, terms)} a lead"
                for lever, value, worth in zip(frame["lever"], frame[f"{end}_value"], profit, strict=True)
            ],
            hoverinfo="text",
        )
    figure.add_vline(x=now, line={"color": style.GREY, "width": 1.5})
    figure.update_layout(barmode="overlay")
    return figure


def _lever(name: str, value: float, terms: Terms) -> str:
    return style.share(value) if name == "p" else told(value, terms)


def _mark(figure: go.Figure, x: int, y: float, name: str, colour: str, symbol: str, terms: Terms) -> None:
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        name=name,
        marker={"size": 12, "symbol": symbol, "color": colour},
        hovertext=[f"{name}: {style.counted(x, 'lead')}, {told(y, terms)}"],
        hoverinfo="text",
    )
