"""A figure by group of leads, with its interval; groups that are too small say so."""

from __future__ import annotations

import plotly.graph_objects as go

from core.charts import style
from core.data.prompts import shown_name
from core.lift.segments import Segment, Segments
from core.ranking import Figure

MEASURES = {
    "precision": ("of the best {share} of each group order", "Of the best {share} called, order (%)"),
    "base_rate": ("of all leads of a group order", "Leads that ordered (%)"),
    "auc": ("of pairs are in the right order", "Pairs in the right order (%; 50% = chance)"),
}
"""By measure: end of the title, title of the axis."""


NOTE = {"showarrow": False, "xanchor": "left", "bgcolor": "rgba(128,128,128,0.15)"}
SMALL_SHOWN = 6
"""More groups without a figure than these are one row."""


def segments_chart(found: Segments, measure: str = "precision") -> go.Figure:
    """One row a group: the figure with its 95% interval, and for precision what calling at random brings there.

    `measure`: `precision`, `base_rate` or `auc`. Data: `found.to_frame()`.
    """
    pairs = [(group, getattr(group, measure)) for group in found.groups]
    told = [(group, one) for group, one in pairs if isinstance(one, Figure)]
    rest = [group for group, one in pairs if not isinstance(one, Figure)]
    labels = [group.name for group, _ in told]
    labels += [group.name for group in rest] if len(rest) <= SMALL_SHOWN else [f"{len(rest):,} other groups"]
    ends, axis = (words.format(share=style.share(found.share)) for words in MEASURES[measure])
    words = f"By {shown_name(found.column)}: every group has too few leads to tell"
    if told:
        least, most = (style.share(pick(one.value for _, one in told)) for pick in (min, max))
        words = f"By {shown_name(found.column)}: {least if least == most else f'{least} to {most}'} {ends}"
    base = [(row, rate) for row, (group, _) in enumerate(told) if isinstance(rate := group.base_rate, Figure)]
    figure = style.row_chart(words, labels, x=axis, legend=bool(told))
    if measure == "precision":
        figure.add_scatter(
            x=[rate.value for _, rate in base],
            y=[row for row, _ in base],
            name="Calling at random",
            mode="markers",
            marker={"symbol": "line-ns-open", "size": 14, "color": style.GREY, "line": {"width": 2.5}},
            hovertext=[f"{style.text(labels[row])}: at random {style.share(rate.value)}" for row, rate in base],
            hoverinfo="text",
        )
    figure.add_scatter(
        x=[one.value for _, one in told],
        y=list(range(len(told))),
        error_x=style.interval([one for _, one in told]),
        name="With its 95% interval",
        mode="markers",
        marker={"symbol": "circle", "size": 11, "color": style.BLUE},
        hovertext=[
            f"{style.text(group.name)}: {style.share(one.value)}<br>{style.between(one.low, one.high)}<br>"
            f"{style.counted(group.leads, 'lead')}, {style.counted(group.orders, 'order')}"
            for group, one in told
        ],
        hoverinfo="text",
    )
    for row, label in enumerate(labels[len(told) :], len(told)):
        few = "too few leads in each" if len(rest) > SMALL_SHOWN else _why(rest[row - len(told)])
        figure.add_annotation(x=0, xref="paper", y=row, text=few, hovertext=style.text(label), **NOTE)
    style.percent(figure, x=True)
    if measure == "auc" or not told:
        figure.update_xaxes(range=[0, 1.02])
    if measure == "auc":
        figure.add_vline(x=0.5, line={"color": style.GREY, "width": 1.5, "dash": "dot"})
    return figure


def _why(group: Segment) -> str:
    return "cannot be told" if group.told else f"too few leads ({group.leads:,})"
