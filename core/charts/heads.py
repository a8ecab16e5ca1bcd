"""The two heads of a model held against each other, and its chances against what came, month by month."""

from __future__ import annotations

import plotly.graph_objects as go

from core.charts import style
from core.lift.cohorts import Cohorts
from core.lift.orders import TwoOrders


def orders_chart(found: TwoOrders) -> go.Figure:
    """Place by chance over place by score, a dot a lead. Data: `drawn()`."""
    n, shown = len(found.places), found.drawn()
    sample = f", {len(shown):,} of them drawn at random" if len(shown) < n else ""
    words = f"Place by rank score and place by chance of {style.counted(n, 'lead')}{sample}"
    figure = style.chart(words, x="Place by rank score (1 is first)", y="Place by chance (1 is first)")
    figure.add_scatter(
        x=[1, n],
        y=[1, n],
        name="The same place",
        mode="lines",
        line={"color": style.GREY, "width": 1.5, "dash": "dot"},
        hoverinfo="skip",
    )
    hover = [
        f"{style.text(lead, 40)}<br>place {score:,.0f} by rank score<br>place {chance:,.0f} by chance"
        for lead, score, chance in zip(shown["lead_id"], shown["by_score"], shown["by_chance"], strict=True)
    ]
    figure.add_scatter(
        x=shown["by_score"],
        y=shown["by_chance"],
        name="A lead",
        mode="markers",
        marker={"color": style.BLUE, "size": 5, "opacity": 0.5},
        hovertext=hover,
        hoverinfo="text",
    )
    figure.update_xaxes(tickformat=",d")
    figure.update_yaxes(tickformat=",d")
    return figure


def cohorts_chart(found: Cohorts) -> go.Figure:
    """Promised and ordered share by month or quarter; one that is off is a square. Data: `to_frame()`."""
    off = sum(one.off for one in found.cohorts)
    title = f"{off} of {len(found.cohorts)} {found.by}s off by more than luck" if off else "No drift beyond luck"
    figure = style.chart(f"{title}: what the chances promised and what came", x="", y="Leads that order (%)")
    names = [one.name for one in found.cohorts]
    figure.add_scatter(
        x=names,
        y=[one.promised for one in found.cohorts],
        name="Promised, mean chance",
        mode="lines+markers",
        line={"color": style.GREY, "dash": "dot"},
        marker={"symbol": "line-ew-open", "size": 14, "color": style.GREY},
        hovertext=[f"{one.name}: promised {style.share(one.promised)}" for one in found.cohorts],
        hoverinfo="text",
    )
    for wrong, name, colour, symbol in (
        (False, "Ordered", style.BLUE, "circle"),
        (True, "Ordered, off by more than luck", style.VERMILLION, "square"),
    ):
        some = [one for one in found.cohorts if one.off is wrong]
        if not some:
            continue
        figure.add_scatter(
            x=[one.name for one in some],
            y=[one.came for one in some],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [one.high - one.came for one in some],
                "arrayminus": [one.came - one.low for one in some],
                "thickness": 1.5,
                "width": 5,
            },
            name=f"{name}, with its 95% interval",
            mode="markers",
            marker={"color": colour, "size": 10, "symbol": symbol},
            hovertext=[
                f"{one.name}: {style.counted(one.orders, 'order')} of {style.counted(one.leads, 'lead')}, "
                f"{style.share(one.came)}<br>{style.between(one.low, one.high)}"
                for one in some
            ],
            hoverinfo="text",
        )
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=names)
    style.percent(figure, y=True)
    return figure
