"""What pictures of reports have in common: drawn by matplotlib, on white for mail and print.

Names may come from a person: matplotlib reads no formulas in them here.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from core.charts import style

WIDTH = 5.2
"""Inches at which letters of 10 points can be read on a phone as on paper."""


def empty(height: float) -> tuple[Figure, Axes]:
    """A figure so many inches high, with a light grid."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def named_rows(axes: Axes, names: list[str]) -> None:
    """A named row each, the first on top, and a line at no difference."""
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.axvline(0, color=style.GREY, linewidth=1, linestyle=":")
