"""Before a field trial: what a team can see, how alike the arms are, and what rehearsed trials would have read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.charts import style
from core.charts.trial_words import ALIKE, NEW, OLD, measure_words, uplift

LINES = (("", "Orders of the trial alone"), ("_adjusted", "Past results counted too"))
"""End of the column's name, and the line's name."""
BINS = 30


def power_chart(frame: pd.DataFrame, asked: float, wanted: float = 0.8) -> go.Figure:
    """How often such a trial shows an effect, by the effect's size. Data: `frame`.

    Args:
        frame: Columns uplift, power, power_adjusted, of `outlook.power_curve`; shares.
        asked: The uplift that the title speaks of and that is marked.
        wanted: The share of trials that should show it, drawn as a line.
    """
    plain, adjusted = (_at(frame, "uplift", f"power{end}", asked) for end, _ in LINES)
    words = f"How often such a trial shows {uplift(asked)} cannot be told"
    if plain is not None:
        words = f"If {uplift(asked)} is true, {style.share(plain)} of such trials show it"
        words += _counted_too(plain, adjusted, style.share)
    figure = style.chart(words, x="True uplift in orders (%)", y="Trials that show it (%)")
    for place, (end, name) in enumerate(LINES):
        told = frame.dropna(subset=[f"power{end}"])
        hover = [
            f"{name}:<br>{uplift(size)} is shown by {style.share(power)} of such trials"
            for size, power in zip(told["uplift"], told[f"power{end}"], strict=True)
        ]
        _line(figure, told["uplift"], told[f"power{end}"], name, place, hover)
    _level(figure, wanted, f"wanted: {style.share(wanted)}")
    _upright(figure, asked, uplift(asked))
    style.percent(figure, x=True, y=True)
    figure.update_yaxes(range=[0, 1.08])
    return figure


def detectable_chart(frame: pd.DataFrame, days: int) -> go.Figure:
    """The smallest effect that a team can see, by days of the trial. Data: `frame`.

    Args:
        frame: Columns days, detectable, detectable_adjusted, of `outlook.detectable_by_days`; NaN where none is.
        days: The length that the title speaks of and that is marked.
    """
    plain, adjusted = (_at(frame, "days", f"detectable{end}", days) for end, _ in LINES)
    seen = plain if plain is not None else adjusted
    words = f"In {style.counted(days, 'day')} this team can see no effect, however large"
    if seen is not None:
        words = f"In {style.counted(days, 'day')} this team can see {uplift(seen)} or more"
        words += _counted_too(plain, adjusted, uplift) if plain is not None else ", with past results counted"
    figure = style.chart(words, x="Days of the trial", y="Smallest uplift it can see (%)")
    for place, (end, name) in enumerate(LINES):
        told = frame.dropna(subset=[f"detectable{end}"])
        hover = [
            f"{name}:<br>{style.counted(int(day), 'day')} show {uplift(size)} or more"
            for day, size in zip(told["days"], told[f"detectable{end}"], strict=True)
        ]
        _line(figure, told["days"], told[f"detectable{end}"], name, place, hover)
    _upright(figure, days, style.counted(days, "day"))
    style.percent(figure, y=True)
    figure.update_xaxes(rangemode="tozero", tickformat=",d")
    return figure


def love_plot(balance: pd.DataFrame) -> go.Figure:
    """How alike the arms are in what was known before the trial, a dot a measure. Data: `balance`.

    Args:
        balance: Columns column, treatment, control, standardised, of `assignment.balance`.
    """
    names = [measure_words(column) for column in balance["column"]]
    apart = balance["standardised"].to_numpy(dtype=float)
    unlike = [name for name, gap in zip(names, apart, strict=True) if abs(gap) > ALIKE]
    words = f"The arms are alike: no measure is more than {ALIKE} standard deviations apart"
    if unlike:
        differ = "differs" if len(unlike) == 1 else "differ"
        words = (
            f"{len(unlike)} of {style.counted(len(names), 'measure')} {differ} between the arms: {', '.join(unlike)}"
        )
    figure = style.row_chart(words, names, x="New less old ranking (standard deviations)", legend=False)
    figure.add_vrect(x0=-ALIKE, x1=ALIKE, fillcolor=style.faint(style.GREY), line_width=0, layer="below")
    figure.add_vline(x=0, line={"color": style.GREY, "width": 1.5, "dash": "dot"})
    means = zip(names, balance["treatment"], balance["control"], apart, strict=True)
    figure.add_scatter(
        x=apart,
        y=list(range(len(names))),
        mode="markers",
        marker={
            "size": 11,
            "color": [style.VERMILLION if abs(gap) > ALIKE else style.BLUE for gap in apart],
            "symbol": ["diamond" if abs(gap) > ALIKE else "circle" for gap in apart],
        },
        hovertext=[
            f"{style.text(name)}, a person on average:<br>{NEW}: {new:.3g}, {OLD.lower()}: {old:.3g}<br>"
            f"{abs(gap):.2f} standard deviations apart"
            for name, new, old, gap in means
        ],
        hoverinfo="text",
    )
    widest = 1.15 * max(2 * ALIKE, float(np.nan_to_num(np.abs(apart)).max(initial=0)))
    figure.update_xaxes(range=[-widest, widest])
    return figure


def rehearsal_chart(frame: pd.DataFrame, truth: float) -> go.Figure:
    """What each rehearsed trial would have read, apart by whether it would have called it a difference. Data: `frame`.

    Args:
        frame: One row a rehearsed trial: uplift, low, high of one method; NaN, which is not finding, where it could not
            tell.
        truth: The true uplift; 0 for a rehearsal of two equal rankings.
    """
    told = frame.dropna(subset=["uplift", "low", "high"])
    up, down = told["low"] > 0, told["high"] < 0
    called = (up | down).to_numpy(dtype=bool)
    right = called if truth == 0 else (up if truth > 0 else down).to_numpy(dtype=bool)
    trials = style.counted(len(frame), "rehearsed trial")
    words = "No rehearsed trial could be read"
    if len(told):
        words = f"A true {uplift(truth)} was found in {style.share(right.sum() / len(frame))} of {trials}"
        if truth == 0:
            words = f"With no true effect, {style.share(called.sum() / len(frame))} of {trials} cried wolf"
    figure = style.chart(words, x="Uplift that the trial read (%)", y="Rehearsed trials")
    values = told["uplift"].to_numpy(dtype=float)
    edges = np.histogram_bin_edges(values, bins=min(BINS, max(5, len(told) // 4))) if len(told) else np.array([0.0, 1])
    kinds = (("Called a difference", called, style.BLUE, ""), ("Could be chance", ~called, style.GREY, "/"))
    for name, which, colour, pattern in kinds:
        counts, _ = np.histogram(values[which], edges)
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            width=np.diff(edges),
            name=name,
            marker={"color": colour, "pattern": {"shape": pattern}, "line": {"width": 0}},
            hovertext=[
                f"{style.counted(int(count), 'trial')} read {uplift(low)} to {uplift(high)}:<br>{name.lower()}"
                for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True)
            ],
            hoverinfo="text",
        )
    figure.update_layout(barmode="stack")
    _upright(figure, truth, f"true: {uplift(truth)}")
    figure.update_xaxes(tickformat=",.0%")
    figure.update_yaxes(rangemode="tozero", tickformat=",d")
    return figure


def _at(frame: pd.DataFrame, over: str, name: str, place: float) -> float | None:
    """The line's height at `place`, between its points; None outside of them."""
    told = frame.dropna(subset=[name]).sort_values(over, kind="stable")
    if told.empty or not told[over].iloc[0] <= place <= told[over].iloc[-1]:
        return None
    return float(np.interp(place, told[over], told[name]))


def _counted_too(plain: float, adjusted: float | None, words: Callable[[float], str]) -> str:
    if adjusted is None or words(adjusted) == words(plain):
        return ""
    return f", {words(adjusted)} with past results counted"


def _line(figure: go.Figure, x: pd.Series, y: pd.Series, name: str, place: int, hover: list[str]) -> None:
    figure.add_scatter(
        x=x,
        y=y,
        name=name,
        mode="lines" if len(x) > 1 else "lines+markers",
        line={"color": style.colour(place), "width": 2.5, "dash": style.dash(place)},
        hovertext=hover,
        hoverinfo="text",
    )


def _level(figure: go.Figure, y: float, words: str) -> None:
    figure.add_hline(y=y, line={"color": style.GREY, "width": 1.5, "dash": "dot"})
    figure.add_annotation(x=0, xref="paper", y=y, text=words, showarrow=False, xanchor="left", yanchor="bottom")


def _upright(figure: go.Figure, x: float, words: str) -> None:
    figure.add_vline(x=x, line={"color": style.GREY, "width": 1.5})
    figure.add_annotation(x=x, y=1, yref="paper", text=words, showarrow=False, xanchor="left", xshift=4)
