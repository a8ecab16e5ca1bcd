"""How far customer segments can be believed: hidden labels found again, chances that come true, order by effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.charts import style
from core.decisions.segments.telling import METHOD_WORDS, MODEL_WORDS, TWO_STAGE, UPLIFT

LINE = {"color": style.GREY, "width": 1.5, "dash": "dot"}


def recovery_chart(rows: pd.DataFrame, figure_of: str, method: str) -> go.Figure:
    """How well each method finds hidden customers, over the share that is hidden, with 95% ranges. Data: `rows`, as
    `recovery.summary` gives them.

    `figure_of`: `recall` or `precision`; `method`: the one in use, drawn thick.
    """
    titles = {"recall": "found, of 100 hidden", "precision": "hidden ones, of 100 filled in"}
    own = rows[(rows["method"] == method) & rows[figure_of].notna()].sort_values("hidden")
    words = f"The method in use: {titles[figure_of]}, not known"
    if len(own):
        ends = sorted({f"{100 * value:.0f}" for value in (own[figure_of].min(), own[figure_of].max())}, key=int)
        words = f"The method in use: {' to '.join(ends)} {titles[figure_of]}"
    axis = {"recall": "Found, of those hidden (%)", "precision": "Hidden ones, of those filled in (%)"}[figure_of]
    figure = style.chart(words, x="Known labels hidden (%)", y=axis)
    for place, (name, label) in enumerate(METHOD_WORDS.items()):
        line = rows[(rows["method"] == name) & rows[figure_of].notna()].sort_values("hidden")
        if line.empty:
            continue
        used = name == method
        figure.add_scatter(
            x=line["hidden"] + 0.004 * (place - 2.5),  # side by side, so that ranges do not cover each other
            y=line[figure_of],
            name=f"{label} (in use)" if used else label,
            mode="lines+markers",
            line={"color": style.colour(place), "dash": style.dash(place), "width": 4 if used else 1.5},
            marker={"symbol": style.marker(place), "size": 11 if used else 7},
            error_y=ranges(line, figure_of),
            hovertext=[_recovered(one, label, figure_of) for one in line.to_dict("records")],
            hoverinfo="text",
        )
    figure.update_xaxes(tickformat=",.0%", tickvals=sorted(rows["hidden"].unique()))
    figure.update_yaxes(tickformat=",.0%", range=[0, 1.05])
    return figure


def qini_chart(arms: Mapping[str, Any]) -> go.Figure:
    """Customers gained by reaching the best so many, by each ranking, against both arms. Data: `qini_frame(arms)`."""
    rows = {row["name"]: row for row in arms["rows"]}
    own, other = rows[TWO_STAGE]["qini"][0], rows[UPLIFT]["qini"][0]
    words = f"Gained over a random order: these segments {own:.1f}, the uplift model {other:.1f} per 1,000"
    figure = style.chart(
        words, x="Customers reached, best first (%)", y="More who came, per 1,000 of the campaign", height=460
    )
    last = arms["curves"][TWO_STAGE]["gained"][-1]
    figure.add_scatter(x=[0, 1], y=[0, last], name="Random order", mode="lines", line=LINE, hoverinfo="skip")
    for place, (name, curve) in enumerate(arms["curves"].items()):
        figure.add_scatter(
            x=[0, *curve["share"]],
            y=[0, *curve["gained"]],
            name=MODEL_WORDS[name],
            mode="lines",
            line={"color": style.colour(place), "dash": style.dash(place), "width": 3.5 if name == TWO_STAGE else 2},
            hovertext=["none", *(_gained(name, *pair) for pair in zip(curve["share"], curve["gained"], strict=True))],
            hoverinfo="text",
        )
    style.percent(figure, x=True)
    return figure


def qini_frame(arms: Mapping[str, Any]) -> pd.DataFrame:
    """The curves as a table: model, share, gained."""
    return pd.concat([pd.DataFrame({"model": name, **curve}) for name, curve in arms["curves"].items()])


def came_true_chart(engaged: Mapping[str, Any]) -> go.Figure:
    """Share of later leads who came over the chance that stage 1 gave them, a point a tenth of them. Data:
    `pd.DataFrame(engaged["groups"])`, as `engaged_calibration` gives them."""
    groups = pd.DataFrame(engaged["groups"])
    words = f"Chances to come are off by {100 * engaged['error']:.1f} of 100 on average"
    figure = style.chart(words, x="Chance to come, mean (%)", y="Leads who came (%)")
    top = 1.08 * float(groups[["promised", "high"]].max().max())
    figure.add_scatter(x=[0, top], y=[0, top], name="Chances that come true", mode="lines", line=LINE, hoverinfo="skip")
    figure.add_scatter(
        x=groups["promised"],
        y=groups["came"],
        error_y=ranges(groups.rename(columns={"low": "came_low", "high": "came_high"}), "came"),
        name="What came, with its 95% range",
        mode="markers",
        marker={"color": style.BLUE, "size": 10},
        hovertext=[
            f"{style.counted(int(one['leads']), 'lead')} with a chance of {style.share(one['promised'])}:<br>"
            f"{style.share(one['came'])} came<br>{style.between(one['low'], one['high'])}"
            for one in groups.to_dict("records")
        ],
        hoverinfo="text",
    )
    style.percent(figure, x=True, y=True)
    figure.update_xaxes(range=[0, top])
    figure.update_yaxes(range=[0, top])
    return figure


def ranges(rows: pd.DataFrame, figure_of: str) -> dict[str, Any]:
    """Error bars of the column `figure_of` from its `_low` and `_high`."""
    value = rows[figure_of].astype(float)
    return {
        "type": "data",
        "symmetric": False,
        "array": rows[f"{figure_of}_high"].astype(float) - value,
        "arrayminus": value - rows[f"{figure_of}_low"].astype(float),
        "thickness": 1,
        "width": 3,
    }


def _recovered(one: dict, label: str, figure_of: str) -> str:
    known = pd.notna(one[f"{figure_of}_low"])
    likely = f"<br>{style.between(one[f'{figure_of}_low'], one[f'{figure_of}_high'])}" if known else ""
    return f"{label}, {style.share(one['hidden'])} hidden<br>{style.share(one[figure_of])}{likely}"


def _gained(name: str, share: float, gained: float) -> str:
    return f"{MODEL_WORDS[name]}<br>best {style.share(share)} reached: {gained:.1f} more came per 1,000"
