"""A field trial as it ran: orders day by day, the effect by method, by group, and over the days it was looked at."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.charts import style
from core.charts.trial_words import NEW, OLD, between, method_words, uplift
from core.ranking import Figure

UPLIFT = "Uplift in orders (%)"
ARMS = (("treatment", NEW, style.BLUE), ("control", OLD, style.VERMILLION))
PLANNED = "Named in the plan"
"""The one method that counts."""


def daily_chart(by_day: pd.DataFrame) -> go.Figure:
    """Orders for each 1,000 leads so far, day by day, of either arm; the paper's Figure 2. Data: `by_day`.

    Args:
        by_day: Columns day, treatment, control, of `estimates.by_day`; NaN while an arm has no leads.
    """
    told = by_day.dropna(subset=["treatment", "control"])
    words = "No day has leads of both arms yet"
    if len(told):
        day, new, old = (told[name].iloc[-1] for name in ("day", "treatment", "control"))
        words = f"Orders per 1,000 leads by day {int(day):,}: {new:.1f} by the new ranking, {old:.1f} by the old"
    figure = style.chart(words, x="Day of the trial", y="Orders per 1,000 leads so far")
    for place, (arm, name, colour) in enumerate(ARMS):
        figure.add_scatter(
            x=told["day"],
            y=told[arm],
            name=name,
            mode="lines" if len(told) > 1 else "markers",
            line={"color": colour, "width": 2.5, "dash": style.dash(place)},
            marker={"symbol": style.marker(place), "size": 8, "color": colour},
            hovertext=[
                f"{name}, by day {int(day):,}:<br>{rate:.1f} orders per 1,000 leads"
                for day, rate in zip(told["day"], told[arm], strict=True)
            ],
            hoverinfo="text",
        )
    figure.update_xaxes(tickformat=",d")
    figure.update_yaxes(rangemode="tozero")
    return figure


def methods_chart(methods: pd.DataFrame, headline: str) -> go.Figure:
    """The effect by each method with its interval, the one named in the plan on top and marked. Data: `methods`.

    Args:
        methods: Columns method, uplift, low, high; NaN where a method could not tell.
        headline: The method that the plan named before the start.
    """
    first = methods["method"] == headline
    order = pd.concat([methods[first], methods[~first]], ignore_index=True)
    labels = [
        method_words(method) + (f" ({PLANNED.lower()})" if method == headline else "") for method in order["method"]
    ]
    words = f"{PLANNED}: the effect cannot be told"
    if first.any() and pd.notna(order["uplift"].iloc[0]):
        value, low, high = (float(order[name].iloc[0]) for name in ("uplift", "low", "high"))
        words = f"{PLANNED}: {uplift(value)} orders, {between(low, high)}"
    figure = style.row_chart(words, labels, x=UPLIFT, each=42)
    kinds = (
        (PLANNED, order["method"] == headline, style.BLUE, "diamond", 14),
        ("To compare with", order["method"] != headline, style.GREY, "circle", 10),
    )
    for name, which, colour, symbol, size in kinds:
        _dots(figure, order[which], labels, name, {"color": colour, "symbol": symbol, "size": size})
    _untold(figure, order)
    _zero(figure, x=True)
    return figure


def groups_chart(frame: pd.DataFrame, overall: float | None = None) -> go.Figure:
    """The effect by tier, a row each, or by week, along the weeks, with intervals. Data: `frame`.

    Args:
        frame: Columns tier or week, then leads, orders_treatment, orders_control, uplift, low, high; NaN where a group
            is too small.
        overall: The effect over all groups, drawn as a line.
    """
    by = "tier" if "tier" in frame else "week"
    told = frame.dropna(subset=["uplift", "low", "high"])
    words = f"By {by}: every group is too small to tell"
    if len(told):
        least, most = uplift(told["uplift"].min()), uplift(told["uplift"].max())
        words = f"By {by}: {least} orders" if least == most else f"By {by}: from {least} to {most} orders"
    labels = [f"{by.capitalize()} {name}" for name in frame[by]]
    if by == "tier":
        figure = style.row_chart(words, labels, x=UPLIFT)
        _dots(figure, frame.reset_index(drop=True), labels, "With its interval", {"color": style.BLUE, "size": 11})
        _untold(figure, frame.reset_index(drop=True))
        _zero(figure, x=True)
    else:
        figure = style.chart(words, x="Week of the trial", y=UPLIFT)
        placed = frame.reset_index(drop=True)
        _dots(figure, placed, labels, "With its interval", {"color": style.BLUE, "size": 9}, over="week")
        figure.update_xaxes(tickformat=",d")
        _zero(figure, x=False)
    if overall is not None:
        line = figure.add_vline if by == "tier" else figure.add_hline
        line(**{"x" if by == "tier" else "y": overall}, line={"color": style.BLUE, "width": 1.5, "dash": "dash"})
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="lines",
            name=f"Overall: {uplift(overall)}",
            line={"color": style.BLUE, "width": 1.5, "dash": "dash"},
        )
    return figure


def looks_chart(frame: pd.DataFrame) -> go.Figure:
    """The effect and its band on each day that it could be looked at. Data: `frame`.

    Args:
        frame: Columns day, uplift, low, high; NaN on days that cannot tell.
    """
    told = frame.dropna(subset=["uplift", "low", "high"])
    words = "No day can tell the effect yet"
    if len(told):
        day, value, low, high = told[["day", "uplift", "low", "high"]].iloc[-1]
        words = f"By day {int(day):,}: {uplift(value)} orders, {between(low, high)}"
    figure = style.chart(words, x="Day of the trial", y=UPLIFT)
    figure.add_scatter(
        x=[*told["day"], *told["day"][::-1]],
        y=[*told["low"], *told["high"][::-1]],
        fill="toself",
        fillcolor=style.faint(style.BLUE),
        line={"width": 0},
        mode="lines",
        name="Likely range, on whatever day one looks",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=told["day"],
        y=told["uplift"],
        name="Uplift so far",
        mode="lines+markers",
        line={"color": style.BLUE, "width": 2.5},
        marker={"symbol": "circle", "size": 6, "color": style.BLUE},
        hovertext=[
            f"By day {int(day):,}: {uplift(value)} orders<br>{between(low, high)}"
            for day, value, low, high in told[["day", "uplift", "low", "high"]].itertuples(index=False)
        ],
        hoverinfo="text",
    )
    figure.update_xaxes(tickformat=",d")
    _zero(figure, x=False)
    return figure


def _dots(
    figure: go.Figure,
    rows: pd.DataFrame,
    labels: list[str],
    name: str,
    marker: dict[str, Any],
    over: str | None = None,
) -> None:
    """A dot with its interval for each row that has an effect: at its row number, or `over` a column along x."""
    told = rows.dropna(subset=["uplift", "low", "high"])
    if told.empty:
        return
    here = [Figure(*row) for row in told[["uplift", "low", "high"]].astype(float).itertuples(index=False, name=None)]
    bars, values = style.interval(here), [one.value for one in here]
    placed = (
        {"x": told[over], "y": values, "error_y": bars} if over else {"x": values, "y": told.index, "error_x": bars}
    )
    hover = [
        f"{style.text(labels[row])}: {uplift(one.value)} orders<br>{between(one.low, one.high)}{_counts(told.loc[row])}"
        for row, one in zip(told.index, here, strict=True)
    ]
    figure.add_scatter(**placed, name=name, mode="markers", marker=marker, hovertext=hover, hoverinfo="text")


def _counts(row: pd.Series) -> str:
    """Leads and orders of a group; nothing for a method."""
    if "leads" not in row:
        return ""
    return (
        f"<br>{style.counted(int(row['leads']), 'lead')}; orders: {int(row['orders_treatment']):,} by the new ranking, "
        f"{int(row['orders_control']):,} by the old"
    )


def _untold(figure: go.Figure, rows: pd.DataFrame) -> None:
    for row in rows.index[rows["uplift"].isna()]:
        why = rows["reason"].loc[row] if "reason" in rows else "too few orders"
        note = {"text": "cannot be told", "hovertext": style.text(why, 200), "bgcolor": style.faint(style.GREY)}
        figure.add_annotation(x=0, xref="paper", y=row, showarrow=False, xanchor="left", **note)


def _zero(figure: go.Figure, *, x: bool) -> None:
    """The axis of the effect as percent, and a line at no effect."""
    line = figure.add_vline if x else figure.add_hline
    line(**{"x" if x else "y": 0}, line={"color": style.GREY, "width": 1.5, "dash": "dot"})
    (figure.update_xaxes if x else figure.update_yaxes)(tickformat=",.0%")
