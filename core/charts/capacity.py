"""What so many calls bring: precision and recall over the number of calls, with the team's capacity marked."""

from __future__ import annotations

import plotly.graph_objects as go

from core.charts import style
from core.lift.capacity import Capacity
from core.ranking import Figure

SERIES = (
    ("precision", "Of those called, how many order", style.BLUE),
    ("recall", "Of all orders, how many are found", style.VERMILLION),
)


def capacity_chart(found: Capacity) -> go.Figure:
    """Precision and recall by number of calls, each with its 95% band, beside calling at random. Data: `to_frame()`."""
    figure = style.chart(_title(found), x="Leads called", y="Share (%)")
    for place, (name, words, colour) in enumerate(SERIES):
        points = [(at.calls, one) for at in found.curve if isinstance(one := getattr(at, name), Figure)]
        calls = [at for at, _ in points]
        figure.add_scatter(
            x=[*calls, *reversed(calls)],
            y=[*(one.low for _, one in points), *(one.high for _, one in reversed(points))],
            fill="toself",
            fillcolor=style.faint(colour),
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            showlegend=False,
        )
        hover = [
            f"{style.counted(at, 'call')}<br>{words}: {style.share(one.value)}<br>{style.between(one.low, one.high)}"
            for at, one in points
        ]
        figure.add_scatter(
            x=calls,
            y=[one.value for _, one in points],
            name=words,
            mode="lines+markers",
            line={"color": colour, "width": 2.5, "dash": style.dash(place)},
            marker={"symbol": style.marker(place), "size": 7, "color": colour},
            hovertext=hover,
            hoverinfo="text",
        )
        # Precision of calling at random is the base rate at any depth, recall the share that is called.
        chance = [found.base_rate, found.base_rate] if name == "precision" else [1 / found.leads, 1.0]
        figure.add_scatter(
            x=[1, found.leads],
            y=chance,
            name="The same, calling at random",
            legendgroup="chance",
            showlegend=place == 0,
            mode="lines",
            line={"color": style.GREY, "width": 1.5, "dash": "dot"},
            hoverinfo="skip",
        )
    figure.add_vline(x=found.here.calls, line={"color": style.GREY, "width": 1.5})
    figure.add_annotation(
        x=found.here.calls, y=1.03, yref="y", text="your capacity", showarrow=False, xanchor="left", xshift=4
    )
    style.percent(figure, y=True)
    figure.update_xaxes(range=[0, found.leads], tickformat=",d")
    figure.update_yaxes(range=[0, 1.08])
    return figure


def _title(found: Capacity) -> str:
    calls = style.counted(found.here.calls, "lead")
    if found.found is None or not isinstance(found.here.recall, Figure):
        return f"What calling {calls} brings cannot be told"
    orders = f"{found.found:,.0f} of {style.counted(found.converted, 'order')}"
    return f"Calling {calls} finds {orders}; at random {found.found_at_random:,.0f}"
