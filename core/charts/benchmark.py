"""A benchmark: every arm against the best baseline, orders by depth of the list, and what an arm costs."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from core.benchmark.arms import FAMILIES
from core.benchmark.table import Row, Table
from core.benchmark.wording import duration, luck, measure_words, told
from core.charts import style
from core.comparison import Difference
from core.evaluation import Measure, Missing
from core.lift.gains import Line
from core.ranking import Figure

LOOKS = {
    "rule": (style.GREY, "square"),
    "words": (style.SKY, "triangle-up"),
    "tree": (style.GREEN, "diamond"),
    "click": (style.ORANGE, "cross"),
    "funnel": (style.PURPLE, "x"),
    "asllr": (style.BLUE, "circle"),
    "ablation": (style.BLUE, "circle-open"),
    "lora": (style.VERMILLION, "star"),
}
"""Colour and marker of each family: no two share both."""
SOONEST = 0.001
"""Seconds; arms that take less stand here, since the axis is logarithmic."""


def forest_chart(table: Table, measure: Measure) -> go.Figure:
    """A row for each arm, best first: its figure less that of the best baseline, with the 95% interval.

    Data: `table.to_frame()`, columns `difference*`.
    """
    rows = [table.row(arm, measure) for arm in table.arms if arm != table.reference]
    known = sorted((row for row in rows if isinstance(row.apart, Difference)), key=lambda row: -_gap(row).value)
    order = [*known, *(row for row in rows if row not in known)]
    base = table.arms[table.reference].title if table.reference else "the best usual method"
    labels = [table.arms[row.arm].title for row in order]
    axis = f"{measure_words(measure)}: difference from {style.cut(base, 30)}"
    figure = style.row_chart(_forest_title(known, base, measure), labels, x=axis)
    figure.add_vline(x=0, line={"color": style.GREY, "width": 1.5, "dash": "dot"})
    factor = 1000 if measure.kind == "precision_at" else 1
    for family, (colour, symbol) in LOOKS.items():
        here = [(place, row) for place, row in enumerate(known) if table.arms[row.arm].family == family]
        if here:
            gaps = [_scaled(_gap(row), factor) for _, row in here]
            figure.add_scatter(
                x=[gap.value for gap in gaps],
                y=[place for place, _ in here],
                error_x=style.interval(gaps),
                name=FAMILIES[family],
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 10},
                hovertext=[_hover(table, row, measure) for _, row in here],
                hoverinfo="text",
            )
    for place in range(len(known), len(order)):
        figure.add_annotation(x=0, xref="paper", y=place, text="cannot be told", showarrow=False, xanchor="left")
    if measure.kind == "recall_at":
        figure.update_xaxes(tickformat=",.0%")
    return figure


def arm_gains_chart(lines: Mapping[str, Line], capacity: float) -> go.Figure:
    """Share of all orders reached by calling the best part of the list, a line for each arm; the capacity is marked.

    `lines`: of `benchmark.curves.arm_lines`, the one to speak of first. Data: `benchmark.curves.lines_frame`.
    """
    shown = list(lines.values())
    share = Measure("recall_at", capacity)
    reached = " and ".join(f"{told(share, line.at(capacity))} with {line.name}" for line in shown[:2])
    words = f"Of the orders, calling the best {style.share(capacity)} reaches {reached}"
    figure = style.chart(words, x="Leads called, best first (% of all)", y="Orders reached (% of all)", height=460)
    for place, line in enumerate(shown):
        hover = [
            f"{style.text(line.name)}:<br>the best {style.share(depth)} hold {style.share(got)} of the orders"
            for depth, got in zip(line.depth, line.captured, strict=True)
        ]
        look = {"color": style.colour(place), "dash": style.dash(place), "width": 2.5}
        name = style.text(line.name, 30)
        figure.add_scatter(
            x=line.depth, y=line.captured, mode="lines", name=name, line=look, hovertext=hover, hoverinfo="text"
        )
    chance = {"color": style.GREY, "width": 1.5, "dash": "2px,7px"}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name="At random", line=chance, hoverinfo="skip")
    figure.add_vline(x=capacity, line={"color": style.GREY, "width": 1.5, "dash": "dot"})
    figure.add_annotation(x=capacity, y=1.02, text="your capacity", showarrow=False, xanchor="left", xshift=4)
    style.percent(figure, x=True, y=True)
    figure.update_xaxes(range=[0, 1])
    figure.update_yaxes(range=[0, 1.05])
    return figure


def cost_chart(table: Table, measure: Measure) -> go.Figure:
    """A dot for each arm: seconds to score 1,000 leads, the language model's reading included, against the figure.

    Data: `table.to_frame()`, columns `score_seconds_per_1000` and `value`.
    """
    dots = [
        (row, row.figure.value)
        for arm in table.arms
        if not isinstance((row := table.row(arm, measure)).figure, Missing)
    ]
    factor = 1000 if measure.kind == "precision_at" else 1
    words = _cost_title(table, dots, measure)
    figure = style.chart(words, x="Seconds to score 1,000 leads", y=measure_words(measure), height=460)
    for family, (colour, symbol) in LOOKS.items():
        here = [(row, value) for row, value in dots if table.arms[row.arm].family == family]
        if here:
            figure.add_scatter(
                x=[max(table.cost(row.arm).score_seconds, SOONEST) for row, _ in here],
                y=[factor * value for _, value in here],
                name=FAMILIES[family],
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 11},
                hovertext=[_cost_hover(table, row, value, measure) for row, value in here],
                hoverinfo="text",
            )
    figure.update_xaxes(type="log", dtick=1)
    if measure.kind == "recall_at":
        figure.update_yaxes(tickformat=",.0%")
    return figure


def _gap(row: Row) -> Difference:
    assert isinstance(row.apart, Difference)
    return row.apart


def _scaled(gap: Difference, factor: float) -> Figure:
    return Figure(factor * gap.value, factor * gap.low, factor * gap.high)


def _forest_title(known: list[Row], base: str, measure: Measure) -> str:
    if not known:
        return f"Nothing can be held against {base} by this figure yet"
    better = sum(_gap(row).shown and _gap(row).value > 0 for row in known)
    worse = sum(_gap(row).shown and _gap(row).value < 0 for row in known)
    if not better and not worse:
        return f"{style.counted(len(known), 'way', 'ways')} to rank: none differs from {base} by more than chance"
    return (
        f"Of {style.counted(len(known), 'way', 'ways')} to rank, {better} beat {base} by more than chance, {worse} lose"
    )


def _hover(table: Table, row: Row, measure: Measure) -> str:
    gap = _gap(row)
    low, high = (told(measure, end, signed=True) for end in (gap.low, gap.high))
    return (
        f"{style.text(table.arms[row.arm].title)}: {told(measure, gap.value, signed=True)}<br>"
        f"likely between {low} and {high}<br>by luck (p, corrected): {style.text(luck(gap.p_holm))}"
    )


def _cost_title(table: Table, dots: list[tuple[Row, float]], measure: Measure) -> str:
    if not dots:
        return "What the arms reach cannot be told by this figure"
    best, value = max(dots, key=lambda one: one[1])
    seconds = duration(table.cost(best.arm).score_seconds)
    return f"The highest, {told(measure, value)} by {table.arms[best.arm].title}, takes {seconds} for 1,000 leads"


def _cost_hover(table: Table, row: Row, value: float, measure: Measure) -> str:
    cost = table.cost(row.arm)
    return (
        f"{style.text(table.arms[row.arm].title)}: {told(measure, value)}<br>"
        f"{duration(cost.score_seconds)} to score 1,000 leads, {duration(cost.train_seconds)} to train"
    )
