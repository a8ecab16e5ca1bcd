"""Whether the chances come true, and the chances of leads that ordered beside those of the others."""

from __future__ import annotations

import plotly.graph_objects as go

from core.charts import style
from core.lift.chances import Calibration, Spread


def calibration_chart(found: Calibration) -> go.Figure:
    """Share that ordered over the chance that was promised; a point a group of leads. Data: `to_frame()`."""
    figure = style.chart(_verdict(found), x="Chance the model gave, mean (%)", y="Leads that ordered (%)")
    top = 1.08 * max(max(point.promised for point in found.points), max(point.high for point in found.points))
    figure.add_scatter(
        x=[0, top],
        y=[0, top],
        name="Chances that come true",
        mode="lines",
        line={"color": style.GREY, "width": 1.5, "dash": "dot"},
        hoverinfo="skip",
    )
    hover = [
        f"{style.counted(point.leads, 'lead')} with a chance of {style.share(point.promised)}:<br>"
        f"{style.counted(point.orders, 'order')}, {style.share(point.came)}<br>{style.between(point.low, point.high)}"
        for point in found.points
    ]
    figure.add_scatter(
        x=[point.promised for point in found.points],
        y=[point.came for point in found.points],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [point.high - point.came for point in found.points],
            "arrayminus": [point.came - point.low for point in found.points],
            "thickness": 1.5,
            "width": 5,
        },
        name="What came, with its 95% interval",
        mode="markers",
        marker={"color": style.BLUE, "size": 10, "symbol": "circle"},
        hovertext=hover,
        hoverinfo="text",
    )
    style.percent(figure, x=True, y=True)
    figure.update_xaxes(range=[0, top])
    figure.update_yaxes(range=[0, top])
    return figure


def spread_chart(found: Spread) -> go.Figure:
    """Shares of the leads that ordered, and of the others, by chance. Data: `to_frame()`."""
    words = (
        f"Half of the leads that ordered had a chance above {style.share(found.median_ordered)}, half of the others "
        f"below {style.share(found.median_others)}"
    )
    figure = style.chart(words, x="Chance the model gave (%)", y="Share of the leads of a kind (%)")
    kinds = (("Ordered", found.ordered, style.BLUE, "solid"), ("Did not order", found.others, style.VERMILLION, "dash"))
    for name, counts, colour, dash in kinds:
        shares = counts / counts.sum()
        hover = [
            f"{name}, chance {style.share(low)} to {style.share(high)}:<br>{style.counted(int(count), 'lead')}, "
            f"{style.share(part)} of these"
            for low, high, count, part in zip(found.edges[:-1], found.edges[1:], counts, shares, strict=True)
        ]
        figure.add_scatter(
            # The last step is drawn to its right edge.
            x=found.edges,
            y=[*shares, shares[-1]],
            name=f"{name} ({style.counted(int(counts.sum()), 'lead')})",
            mode="lines",
            line={"shape": "hv", "color": colour, "width": 2.5, "dash": dash},
            fill="tozeroy",
            fillcolor=style.faint(colour),
            hovertext=[*hover, hover[-1]],
            hoverinfo="text",
        )
    style.percent(figure, x=True, y=True)
    return figure


def _verdict(found: Calibration) -> str:
    came = f"{found.expected:,.0f} orders expected, {found.converted:,} came"
    return {
        "right": f"The chances come true: {came}",
        "not refuted": f"Nothing speaks against the chances, yet too few orders to be sure: {came}",
        "too high": f"The chances are too high: {came}",
        "too low": f"The chances are too low: {came}",
        "unknown": f"Whether the chances come true cannot be told: {came}",
    }[found.verdict]
