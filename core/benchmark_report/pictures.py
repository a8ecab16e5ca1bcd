"""The report's pictures: what they show is what core.charts.benchmark shows."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from core.benchmark.table import Table
from core.benchmark.wording import measure_words
from core.charts import style
from core.comparison import Difference
from core.evaluation import Measure
from core.lift.gains import Line
from core.report.drawing import empty, named_rows

LINES = ("-", "--", ":", "-.")
NAME = 50
"""Letters of a name beside a row."""


def forest_picture(table: Table, measure: Measure) -> Figure:
    """Each arm's figure less the reference's, best first; usual methods are grey squares."""
    gaps = {arm: table.row(arm, measure).apart for arm in table.arms}
    known = [(arm, gap) for arm, gap in gaps.items() if isinstance(gap, Difference)]
    known.sort(key=lambda one: -one[1].value)
    factor = 1000 if measure.kind == "precision_at" else 1
    figure, axes = empty(1.2 + 0.26 * max(len(known), 2))
    for row, (arm, gap) in enumerate(known):
        simple = table.arms[arm].baseline
        axes.errorbar(
            factor * gap.value,
            row,
            xerr=[[factor * (gap.value - gap.low)], [factor * (gap.high - gap.value)]],
            marker="s" if simple else "o",
            color=style.GREY if simple else style.BLUE,
            markersize=5,
            capsize=2,
        )
    named_rows(axes, [style.cut(table.arms[arm].title, NAME) for arm, _ in known])
    axes.tick_params(axis="y", labelsize=7)
    base = "" if table.reference is None else style.cut(table.arms[table.reference].title, NAME)
    axes.set_xlabel(f"{measure_words(measure)}\ndifference from {base}", parse_math=False, fontsize=8)
    return figure


def gains_picture(lines: Mapping[str, Line], capacity: float) -> Figure:
    """Orders reached by depth of the list, a line for each arm, and the team's capacity."""
    figure, axes = empty(3.4)
    for place, line in enumerate(lines.values()):
        dash, colour = LINES[place % len(LINES)], style.colour(place)
        axes.plot(line.depth, line.captured, dash, color=colour, linewidth=2, label=style.cut(line.name, NAME))
    axes.plot([0, 1], [0, 1], color=style.GREY, linewidth=1, linestyle=":", label="At random")
    axes.axvline(capacity, color=style.GREY, linewidth=1)
    axes.set(xlabel="Leads called, best first (line: your capacity)", ylabel="Orders reached", xlim=(0, 1), ylim=(0, 1))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    legend = axes.legend(frameon=False, loc="lower right", fontsize=8)
    for label in legend.get_texts():
        label.set_parse_math(False)
    return figure
