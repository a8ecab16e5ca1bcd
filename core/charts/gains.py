"""Orders and stages reached by how deep the list is called, and how often better than at random that is."""

from __future__ import annotations

import plotly.graph_objects as go

from core.charts import style
from core.lift.gains import GainLines, Line


def gains_chart(lines: GainLines, called: float = 0.1) -> go.Figure:
    """Share of orders, and of leads of each stage, reached by calling the best part of the list.

    `called`: the share that the title speaks of and that is marked, such as the team's capacity. Data:
    `lines.to_frame()`.
    """
    reached = lines.orders.at(called)
    words = f"Calling the best {style.share(called)} reaches {style.share(reached)} of the orders"
    figure = style.chart(words, x="Leads called, best first (% of all)", y="Reached (% of all such leads)", height=440)
    for place, line in enumerate(lines.lines):
        hover = [
            f"Calling the best {style.share(depth)} ({depth * lines.leads:,.0f} leads)<br>"
            f"reaches {style.share(got)} of: {style.text(line.name)}"
            for depth, got in zip(line.depth, line.captured, strict=True)
        ]
        figure.add_scatter(x=line.depth, y=line.captured, hovertext=hover, **_look(line, place))
    _mark(figure, called, reached, f"the best {style.share(called)}: {style.share(reached)} of the orders")
    style.percent(figure, x=True, y=True)
    figure.update_xaxes(range=[0, 1])
    figure.update_yaxes(range=[0, 1.03])
    return figure


def lift_chart(lines: GainLines, called: float = 0.1) -> go.Figure:
    """How many times as often as the average lead the best part of the list orders. Data: `lines.to_frame()`."""
    called = max(called, lines.first_depth)
    lift = lines.orders.at(called) / called
    words = f"The best {style.share(called)} order {lift:.1f} times as often as the average lead"
    figure = style.chart(words, x="Leads called, best first (% of all)", y="Times the average lead", height=440)
    for place, line in enumerate(lines.lines):
        if line.kind == "ideal":
            continue  # up to 1 / base rate: it would flatten all others
        depth = lines.orders.depth[lines.orders.depth >= lines.first_depth]
        times = [line.at(one) / one for one in depth]
        hover = [
            f"The best {style.share(one)} ({one * lines.leads:,.0f} leads):<br>{much:.1f} times the average, by: "
            f"{style.text(line.name)}"
            for one, much in zip(depth, times, strict=True)
        ]
        figure.add_scatter(x=depth, y=times, hovertext=hover, **_look(line, place))
    _mark(figure, called, lift, f"the best {style.share(called)}: {lift:.1f} times the average")
    style.percent(figure, x=True)
    figure.update_xaxes(range=[0, 1])
    figure.update_yaxes(rangemode="tozero", tickformat=".1~f")
    return figure


def _look(line: Line, place: int) -> dict:
    """Orders stand out, stages by dash, chance and the best possible grey."""
    looks = {
        "orders": {"color": style.BLUE, "width": 3.5, "dash": "solid"},
        "random": {"color": style.GREY, "width": 1.5, "dash": "2px,7px"},
        "ideal": {"color": style.GREY, "width": 1.5, "dash": "longdashdot"},
    }
    usual = {"color": style.colour(place), "width": 2, "dash": style.dash(place)}
    return {
        "mode": "lines",
        "name": style.text(line.name, 30),
        "line": looks.get(line.kind, usual),
        "hoverinfo": "text",
    }


def _mark(figure: go.Figure, x: float, y: float, words: str) -> None:
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        marker={"size": 12, "symbol": "circle", "color": style.BLUE},
        hovertext=[style.text(words)],
        hoverinfo="text",
        showlegend=False,
    )
