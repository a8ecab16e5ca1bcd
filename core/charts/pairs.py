"""The pairs that a model learns from: by tier, the share in order and the share far enough apart."""

from __future__ import annotations

import plotly.graph_objects as go

from core.charts import style
from core.pair_review import TierView


def tiers_chart(tiers: list[TierView]) -> go.Figure:
    """Two bars a tier, each with its 95% interval. Data: `PairView.to_frame()`."""
    told = [tier for tier in tiers if tier.satisfied is not None and tier.in_order is not None]
    words = "No tier has a pair here"
    if told:
        least = min(told, key=lambda tier: tier.satisfied.value if tier.satisfied else 1.0)
        assert least.satisfied is not None
        words = f"{style.share(least.satisfied.value)} of pairs are far enough apart where it is hardest: {least.words}"
    labels = [tier.words[:1].upper() + tier.words[1:] for tier in told]
    figure = style.row_chart(words, labels, x="Share of the pairs (%)", each=56)
    kinds = (
        ("In the right order", "in_order", style.SKY, -0.19, "/"),
        ("Far enough apart", "satisfied", style.BLUE, 0.19, ""),
    )
    for name, field, colour, shift, pattern in kinds:
        figures = [getattr(tier, field) for tier in told]
        figure.add_bar(
            x=[one.value for one in figures],
            y=[row + shift for row in range(len(told))],
            width=0.34,
            orientation="h",
            name=name,
            marker={"color": colour, "pattern": {"shape": pattern}},
            error_x={**style.interval(figures), "color": style.GREY},
            hovertext=[
                f"{style.text(label)}: {style.share(one.value)}, {name.lower()}<br>{style.between(one.low, one.high)}"
                for label, one in zip(labels, figures, strict=True)
            ],
            hoverinfo="text",
        )
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(tickformat=",.0%", range=[0, 1.03])
    return figure
