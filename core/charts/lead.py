"""One lead: how its chance went from scoring to scoring. What speaks for and against it: `reasons`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.charts import style


def history_chart(history: pd.DataFrame) -> go.Figure:
    """The lead's chance at each scoring that gave one; models differ by marker. `history`: made, run, score,
    probability (NaN where the model gives none), rank, of.

    Data: `history` itself.
    """
    scored = history.sort_values("made", kind="stable")
    told = scored[np.isfinite(scored["probability"].to_numpy(dtype=float))]
    words = "This lead has not been scored yet"
    if len(scored):
        newest = scored.iloc[-1]
        place = f"now place {int(newest['rank']):,} of {int(newest['of']):,}"
        words = f"No chance is known for this lead, {place}"
    if len(told):
        first, last = told.iloc[0], told.iloc[-1]
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
