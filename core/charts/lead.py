"""One lead: what speaks for and against it, and how its chance went from scoring to scoring."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from core.attribution import strongest
from core.charts import style
from core.data.prompts import shown_name
from core.scores import Contribution

FOR, AGAINST = "speaks for", "speaks against"


def contributions_chart(contributions: Sequence[Contribution], top: int = 10) -> go.Figure:
    """The strongest fields and turns as bars: to the right what speaks for the lead, to the left what speaks against.

    Data: `contributions_frame(contributions)`, which holds them all.
    """
    shown = strongest(contributions, top)
    words = "Nothing moves the score of this lead"
    if shown:
        side = "for" if shown[0].value > 0 else "against"
        words = f"What speaks most {side} it: {style.cut(_label(shown[0]), 60)}"
    figure = style.row_chart(words, [_label(one) for one in shown], x="Moves the score by (points)")
    for sign, name, colour, pattern in (
        (1, "Speaks for", style.BLUE, ""),
        (-1, "Speaks against", style.VERMILLION, "/"),
    ):
        rows = [row for row, one in enumerate(shown) if one.value * sign > 0]
        if not rows:
            continue
        figure.add_bar(
            x=[shown[row].value for row in rows],
            y=rows,
            name=name,
            orientation="h",
            width=0.7,
            marker={"color": colour, "pattern": {"shape": pattern}},
            text=[f"{shown[row].value:+.2f}" for row in rows],
            textposition="outside",
            cliponaxis=False,
            hovertext=[_hover(shown[row]) for row in rows],
            hoverinfo="text",
        )
    if shown:
        # Room for the figures at the ends of the bars.
        low, high = min(0.0, *(one.value for one in shown)), max(0.0, *(one.value for one in shown))
        room = 0.22 * (high - low)
        figure.update_xaxes(range=[low - room * (low < 0), high + room * (high > 0)])
    figure.add_vline(x=0, line={"color": style.GREY, "width": 1.5})
    figure.update_layout(barmode="overlay")
    return figure


def contributions_frame(contributions: Sequence[Contribution]) -> pd.DataFrame:
    """Every contribution, strongest first."""
    rows = [
        {"kind": one.kind, "name": one.name, "text": one.text, "speaker": one.speaker, "contribution": one.value}
        for one in sorted(contributions, key=lambda one: -abs(one.value))
    ]
    return pd.DataFrame(rows, columns=["kind", "name", "text", "speaker", "contribution"])


def history_chart(history: pd.DataFrame) -> go.Figure:
    """The lead's chance at each scoring; models differ by marker. `history`: made, run, score, probability, rank, of.

    Data: `history` itself.
    """
    told = history.sort_values("made", kind="stable")
    words = "This lead has not been scored yet"
    if len(told):
        first, last = told.iloc[0], told.iloc[-1]
        place = f"now place {int(last['rank']):,} of {int(last['of']):,}"
        words = f"A chance of {style.share(last['probability'])}, {place}"
        if len(told) > 1:
            before, now = style.share(first["probability"]), style.share(last["probability"])
            change = "rose" if last["probability"] > first["probability"] else "fell"
            words = (
                f"The chance stayed at {now}, {place}"
                if before == now
                else f"The chance {change} from {before} to {now}, {place}"
            )
    figure = style.chart(words, x="Scored on", y="Chance of an order (%)", height=320)
    figure.add_scatter(
        x=told["made"],
        y=told["probability"],
        mode="lines",
        line={"color": style.GREY, "width": 1.5},
        hoverinfo="skip",
        showlegend=False,
    )
    for number, run in enumerate(told["run"].unique()):
        part = told[told["run"] == run]
        figure.add_scatter(
            x=part["made"],
            y=part["probability"],
            name=style.text(run, 30),
            mode="markers",
            marker={"symbol": style.marker(number), "size": 11, "color": style.colour(number)},
            hovertext=[
                f"{made:%d %b %Y, %H:%M}: chance {style.share(chance)}<br>"
                f"place {int(rank):,} of {int(of):,}<br>{style.text(run, 40)}"
                for made, chance, rank, of in part[["made", "probability", "rank", "of"]].itertuples(index=False)
            ],
            hoverinfo="text",
        )
    style.percent(figure, y=True)
    return figure


def _label(one: Contribution) -> str:
    if one.kind == "turn":
        return f"{one.speaker or 'Somebody'}: “{one.text}”"
    return shown_name(one.name) if one.kind == "field" else one.name


def _hover(one: Contribution) -> str:
    said = style.wrapped(one.text or "not known", 60, 6)
    name = style.text(one.speaker or "Somebody", 40) if one.kind == "turn" else style.text(_label(one), 60)
    return f"{name}:<br>{said}<br>{FOR if one.value > 0 else AGAINST} this lead ({one.value:+.2f})"
