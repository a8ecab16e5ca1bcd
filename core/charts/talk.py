"""What moves scores over many leads: fields, kinds of talk, groups, won and lost, month by month."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.charts import style
from core.data.prompts import shown_name
from core.ranking import LEVEL, Figure
from core.talk.fields import BENDS, BY_VALUE, FALLS, RISES
from core.talk.findings import Findings, rows_of
from core.talk.sentences import BY, WAYS, points

MOST = 12
"""Rows of a chart, the strongest."""
SIDES = {"customer": "customer", "specialist": "specialist", "somebody": "either side"}
LOOKS = {
    RISES: (style.BLUE, ""),
    FALLS: (style.VERMILLION, "/"),
    BENDS: (style.GREEN, "x"),
    BY_VALUE: (style.PURPLE, "."),
    "": (style.GREY, ""),
}
"""By direction of a field: colour and pattern of its bar."""
CERTAIN = (
    ("Lifts the score", style.BLUE, "circle"),
    ("Lowers the score", style.VERMILLION, "diamond"),
    ("May be chance", style.GREY, "circle-open"),
)


def fields_chart(found: Findings, most: int = MOST) -> go.Figure:
    """How much each field moves scores, with its range and the way in which it does. Data: `found.fields`."""
    rows = found.fields.head(most)
    first = rows.iloc[0]
    words = f"“{shown_name(first['name'])}” moves scores most of all fields: {first['importance']:.2f} points a lead"
    figure = style.row_chart(words, [shown_name(name) for name in rows["name"]], x="Points, whichever way, on average")
    for way, (colour, pattern) in LOOKS.items():
        own = rows[rows["direction"] == way]
        if own.empty:
            continue
        told = [Figure(one["importance"], one["low"], one["high"]) for one in rows_of(own)]
        figure.add_bar(
            y=own.index,
            x=own["importance"],
            orientation="h",
            width=0.6,
            name=WAYS[way].capitalize(),
            marker={"color": colour, "pattern": {"shape": pattern}, "line": {"width": 0}},
            error_x={**style.interval(told), "color": style.GREY},
            hovertext=[
                f"{style.text(shown_name(one['name']))}: {one['importance']:.2f} points a lead<br>likely "
                f"{one['low']:.2f} to {one['high']:.2f}<br>{WAYS[way]}<br>a main reason of "
                f"{style.share(one['main'])} of leads"
                for one in rows_of(own)
            ],
            hoverinfo="text",
        )
    figure.update_xaxes(rangemode="tozero")
    return figure


def curve_chart(found: Findings, name: str) -> go.Figure:
    """What each value of a field does to the score. Data: the rows of `found.curves` of this name."""
    rows = found.curves[found.curves["name"] == name].reset_index(drop=True)
    told = rows[rows["mean"].notna()]
    words = f"{shown_name(name)}: too few leads of each value to tell"
    if len(told):
        best = told.iloc[int(told["mean"].argmax())]
        words = f"{shown_name(name)}: best at {best['value']}"
    figure = style.row_chart(words, rows["value"].tolist(), x="Points added to the score", legend=False)
    _effects(figure, rows, rows["value"].tolist())
    return figure


def kinds_chart(found: Findings, most: int = MOST) -> go.Figure:
    """What each kind of talk does to the score of a lead that said it, the strongest first. Data: `found.kinds`."""
    rows = found.kinds[found.kinds["value"].notna()].head(most).reset_index(drop=True)
    sure = rows["p_holm"] < 1 - LEVEL
    words = "No kind of talk moves scores beyond chance"
    if sure.any():
        first = rows_of(rows)[0]
        words = f"“{first['talk']}” {points(first['value'], first['low'], first['high'])}"
    elif rows.empty:
        words = "Too few of the leads looked at said alike to tell what talk does to scores"
    figure = style.row_chart(words, [kind_label(one) for one in rows_of(rows)], x="Points added to the score")
    for (name, colour, symbol), own in zip(
        CERTAIN, (rows[sure & (rows["value"] > 0)], rows[sure & (rows["value"] < 0)], rows[~sure]), strict=True
    ):
        if len(own):
            _effects(figure, own.rename(columns={"value": "mean"}), own["talk"].tolist(), name, colour, symbol)
    return figure


def kind_label(kind: dict) -> str:
    """What a kind of talk is called: its phrases and who says them."""
    return f"“{kind['talk']}” ({SIDES[kind['side']]})"


def groups_chart(found: Findings, kind: int, column: str) -> go.Figure:
    """What one kind of talk does to the score in each group of leads. Data: the rows of `found.groups` of both."""
    rows = found.groups[(found.groups["kind"] == kind) & (found.groups["column"] == column)].reset_index(drop=True)
    told = rows[rows["mean"].notna()]
    words = f"By {shown_name(column)}: every group has too few leads to tell"
    if len(told) == 1:
        words = f"By {shown_name(column)}: only {told['value'].iat[0]} has enough leads to tell"
    elif len(told):
        words = f"By {shown_name(column)}: {told['mean'].min():+.2f} to {told['mean'].max():+.2f} points"
        words = words.replace("-", "−")
    labels = [
        f"{one['value']}: said in {style.share(one['share'])}" if pd.notna(one["share"]) else str(one["value"])
        for one in rows_of(rows)
    ]
    figure = style.row_chart(words, labels, x="Points added to the score", legend=False)
    _effects(figure, rows, rows["value"].tolist())
    return figure


def outcomes_chart(found: Findings, most: int = MOST) -> go.Figure:
    """How often kinds of talk were said in won leads beside lost ones, the surest first. Data: `found.outcomes`."""
    rows = found.outcomes[found.outcomes["ratio_high"].notna()].merge(found.kinds[["kind", "talk", "side"]], on="kind")
    rows = rows.sort_values("p_holm", kind="stable").head(most).reset_index(drop=True)
    sure = rows["p_holm"] < 1 - LEVEL
    words = "No kind of talk is said more often in won than in lost leads, beyond chance"
    if sure.any():
        first = rows.iloc[0]
        words = f"“{first['talk']}”: {first['ratio']:.1f} times as often in won leads as in lost ones"
    figure = style.row_chart(
        words, [kind_label(one) for one in rows_of(rows)], x="Times as often in won as in lost leads"
    )
    parts = (("Beyond chance", style.BLUE, "circle", sure), ("May be chance", style.GREY, "circle-open", ~sure))
    for name, colour, symbol, own in parts:
        if not own.any():
            continue
        hints = [
            f"{style.text(one['talk'])} {BY[one['side']]}<br>in {style.share(one['said_won'])} of won and "
            f"{style.share(one['said_lost'])} of lost leads<br>{one['ratio']:.2f} times as often, likely "
            f"{one['ratio_low']:.2f} to {one['ratio_high']:.2f}"
            for one in rows_of(rows[own])
        ]
        _dots(figure, rows[own], ("ratio", "ratio_low", "ratio_high"), hints, name, colour, symbol)
    figure.add_vline(x=1, line={"color": style.GREY, "width": 1.5, "dash": "dot"})
    figure.update_xaxes(
        type="log", tickvals=[0.1, 0.25, 0.5, 1, 2, 4, 10], ticktext=["0.1", "¼", "½", "1", "2", "4", "10"]
    )
    return figure


def months_chart(found: Findings, kinds: list[int]) -> go.Figure:
    """The share of conversations in which each of `kinds` was said, month by month. Data: their rows of
    `found.months`."""
    by_kind = {row["kind"]: row for row in rows_of(found.kinds)}
    drifts = set(found.trends.loc[found.trends["drifts"], "kind"]) & set(kinds)
    words = "None of these changed beyond chance"
    if drifts:
        words = f"{len(drifts)} of these {'has' if len(drifts) == 1 else 'have'} changed beyond chance"
    figure = style.chart(words, x="Month", y="Said in (% of conversations)")
    for place, kind in enumerate(kinds):
        rows = found.months[found.months["kind"] == kind]
        name = kind_label(by_kind[kind])
        figure.add_scatter(
            x=rows["month"],
            y=rows["share"],
            name=style.text(name, 60) + (" ▲" if kind in drifts else ""),
            mode="lines+markers",
            line={"color": style.colour(place), "dash": style.dash(place), "width": 2.5},
            marker={"symbol": style.marker(place), "size": 8},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": rows["high"] - rows["share"],
                "arrayminus": rows["share"] - rows["low"],
                "thickness": 1,
                "width": 3,
            },
            hovertext=[
                f"{style.text(name)}<br>{one['month']:%B %Y}: {style.share(one['share'])} of "
                f"{one['conversations']:,} conversations<br>{style.between(one['low'], one['high'])}"
                for one in rows_of(rows)
            ],
            hoverinfo="text",
        )
    style.percent(figure, y=True)
    figure.update_xaxes(tickformat="%b %Y")
    return figure


def _effects(
    figure: go.Figure,
    rows: pd.DataFrame,
    names: list[str],
    label: str = "",
    colour: str = style.BLUE,
    symbol: str = "circle",
) -> None:
    """Points that each row adds to the score, with a line at none; rows without a mean say why."""
    told = rows[rows["mean"].notna()]
    named = dict(zip(rows.index, names, strict=True))
    hints = [
        f"{style.text(named[place])}: {one['mean']:+.2f} points<br>likely {one['low']:+.2f} to {one['high']:+.2f}<br>"
        f"{style.counted(int(one['leads']), 'lead')} looked at"
        for place, one in zip(told.index, rows_of(told), strict=True)
    ]
    _dots(figure, told, ("mean", "low", "high"), hints, label, colour, symbol)
    figure.add_vline(x=0, line={"color": style.GREY, "width": 1.5, "dash": "dot"})
    for place, one in zip(rows.index, rows_of(rows), strict=True):
        if not np.isfinite(one["mean"]):
            figure.add_annotation(
                x=0,
                xref="paper",
                y=place,
                text=f"too few leads ({one['leads']:,.0f})",
                showarrow=False,
                xanchor="left",
                bgcolor="rgba(128,128,128,0.15)",
            )


def _dots(
    figure: go.Figure,
    rows: pd.DataFrame,
    columns: tuple[str, str, str],
    hints: list[str],
    label: str,
    colour: str,
    symbol: str,
) -> None:
    """A dot with its range in each row of the figure (the frame's index). `columns`: of value, low and high end."""
    figure.add_scatter(
        x=rows[columns[0]],
        y=rows.index,
        error_x=style.interval([Figure(*values) for values in rows[list(columns)].itertuples(index=False)]),
        mode="markers",
        name=label,
        marker={"symbol": symbol, "size": 11, "color": colour},
        hovertext=hints,
        hoverinfo="text",
    )
