"""Several models on the same leads: a dot with its interval for each."""

from __future__ import annotations

import plotly.graph_objects as go

from core.charts import style
from core.comparison import Comparison
from core.ranking import Figure


def comparison_chart(found: Comparison, metric: str, axis: str) -> go.Figure:
    """One row a model, best first: the figure with its 95% interval; simple methods are grey squares.

    `metric`: a key of `found.figures`; `axis`: what it is, in words with its unit. Data: `found.to_frame()`.
    """
    figures = {name: row[metric] for name, row in found.figures.items()}
    told = {name: one for name, one in figures.items() if isinstance(one, Figure)}
    order = [*sorted(told, key=lambda name: -told[name].value), *(name for name in figures if name not in told)]
    figure = style.row_chart(_title(found, told, metric), order, x=axis, each=42)
    kinds = (("Models", False, style.BLUE, "circle"), ("Simple methods", True, style.GREY, "square"))
    for words, simple, colour, symbol in kinds:
        rows = [row for row, name in enumerate(order) if name in told and (name in found.baselines) == simple]
        if not rows:
            continue
        here = [told[order[row]] for row in rows]
        figure.add_scatter(
            x=[one.value for one in here],
            y=rows,
            error_x=style.interval(here),
            name=words,
            mode="markers",
            marker={"symbol": symbol, "size": 11, "color": colour},
            hovertext=[
                f"{style.text(order[row])}: {style.share(one.value)}<br>{style.between(one.low, one.high)}"
                for row, one in zip(rows, here, strict=True)
            ],
            hoverinfo="text",
        )
    for row, name in enumerate(order):
        if name not in told:
            figure.add_annotation(x=0, xref="paper", y=row, text="cannot be told", showarrow=False, xanchor="left")
    figure.update_xaxes(tickformat=",.0%")  # not from 0: the models lie close together
    return figure


def _title(found: Comparison, told: dict[str, Figure], metric: str) -> str:
    if len(told) < 2:
        return "The models cannot be compared by this figure"
    best = max(told, key=lambda name: (told[name].value, name == found.reference))
    rivals = [name for name in told if name != best]
    rival = found.reference if best != found.reference else max(rivals, key=lambda name: told[name].value)
    gap = found.differences[best if rival == found.reference else rival][metric]
    if getattr(gap, "shown", False):
        return f"{best} is ahead of {rival}, by more than chance"
    return (
        f"{best} is ahead, but {rival} may be as good"
        if told[best].value > told[rival].value
        else f"{best} and {rival} are level"
    )
