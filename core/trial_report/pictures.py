"""The report's pictures: drawn by matplotlib on white, since a file that is mailed and printed has no browser's help.

What they show is what the Plotly charts of core.charts show; no text in them comes from a person.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from core.charts import style
from core.charts.trial_words import ALIKE, NEW, OLD, measure_words, method_words, uplift
from core.report.drawing import empty, named_rows


def daily_picture(by_day: pd.DataFrame) -> Figure:
    """Orders per 1,000 leads so far, of either arm. `by_day`: columns day, treatment, control."""
    figure, axes = empty(2.8)
    for arm, name, colour, dash in (("treatment", NEW, style.BLUE, "-"), ("control", OLD, style.VERMILLION, "--")):
        axes.plot(by_day["day"], by_day[arm], color=colour, linestyle=dash, linewidth=2, label=name)
    axes.set(xlabel="Day of the trial", ylabel="Orders per 1,000 leads so far")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, loc="lower right")
    return figure


def methods_picture(methods: pd.DataFrame, headline: str) -> Figure:
    """The uplift by method with its range, first on top. `methods`: columns method, uplift, low, high."""
    figure, axes = empty(1.2 + 0.4 * len(methods))
    for row, (method, value, low, high) in enumerate(
        methods[["method", "uplift", "low", "high"]].itertuples(index=False)
    ):
        if pd.isna(value):
            continue
        planned = method == headline
        axes.errorbar(
            value,
            row,
            xerr=[[value - low], [high - value]],
            marker="D" if planned else "o",
            color=style.BLUE if planned else style.GREY,
            markersize=8 if planned else 6,
            capsize=3,
        )
    names = [
        method_words(method) + ("\n(named in the plan)" if method == headline else "") for method in methods["method"]
    ]
    named_rows(axes, names)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: uplift(value)))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel("Uplift in orders")
    return figure


def balance_picture(balance: pd.DataFrame) -> Figure:
    """Standardised differences, a dot a measure. `balance`: columns column, standardised."""
    figure, axes = empty(1.0 + 0.3 * len(balance))
    axes.axvspan(-ALIKE, ALIKE, color=style.GREY, alpha=0.2, linewidth=0)
    axes.plot(balance["standardised"], range(len(balance)), "o", color=style.BLUE, markersize=7)
    widest = 1.15 * max(2 * ALIKE, float(balance["standardised"].abs().max()))
    axes.set_xlim(-widest, widest)
    named_rows(axes, [measure_words(column) for column in balance["column"]])
    axes.set_xlabel("New less old ranking (standard deviations)\nWithin the grey band: alike")
    return figure
