"""A comparison's tables as the screen shows them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.benchmark.measuring import AUC
from core.benchmark.table import Table
from core.benchmark.wording import measure_words
from core.benchmark_report.tables import auc_table, cost_table, depth_table, difference_table
from core.evaluation import Measure
from core.ranking import Figure
from core.report import parts

TOP, ORDER, APART = "The top of the list", "Right order (AUC)", "Against the best usual method"
BEST = "best usual method"
WAY = st.column_config.TextColumn(width=220, pinned=True)


def so_far(table: Table) -> None:
    """A row for each way that has run: the measures that matter most."""
    at, rows = table.at_capacity, []
    for key, arm in table.arms.items():
        trials = table.results.of(key)
        rows.append(
            {
                "Way to rank": arm.title,
                "Trained": f"{len(trials)} of {len(table.results.shared['seeds_of'][key])}",
                measure_words(at): _value(table, key, at, 1000),
                "AUC": _value(table, key, AUC, 1),
                "Seconds to train": table.cost(key).train_seconds,
            }
        )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        alt="Ways to rank that have been tested so far",
        column_config={
            "Way to rank": WAY,
            measure_words(at): st.column_config.NumberColumn(format="%.1f"),
            "AUC": st.column_config.NumberColumn(format="%.3f"),
            "Seconds to train": st.column_config.NumberColumn(format="%.1f"),
        },
    )


def all_figures(table: Table, measure: Measure) -> None:
    """The paper's two tables, and the differences by one measure; with what each way costs."""
    which = st.segmented_control(
        "Table", [TOP, ORDER, APART], default=TOP, required=True, key="compare_table", label_visibility="collapsed"
    )
    if which == TOP:
        shown = _frame(depth_table(table)).join(_costs(table))
        hint = "In brackets: against the best usual method. Training and scoring include the language model's reading."
    elif which == ORDER:
        shown = _frame(auc_table(table))
        hint = "AUC: of two leads, one that ordered and one that did not, how often the first stands higher."
    else:
        shown = _frame(difference_table(table, measure))
        hint = f"{measure_words(measure)}. p: how often two equal ways would differ as much by luck, from 0 to 1."
    st.caption(hint)
    st.dataframe(shown, hide_index=True, alt=which, column_config={"Way to rank": WAY})


def plain_table(table: parts.Table, alt: str) -> None:
    """A table of a report."""
    st.dataframe(pd.DataFrame(table.rows, columns=list(table.columns)), hide_index=True, alt=alt)


def _value(table: Table, arm: str, measure: Measure, factor: float) -> float | None:
    figure = table.row(arm, measure).figure
    return factor * figure.value if isinstance(figure, Figure) else None


def _frame(told: parts.Table) -> pd.DataFrame:
    rows = [list(row) for row in told.rows]
    if told.marked is not None:
        rows[told.marked][0] += f" ({BEST})"
    return pd.DataFrame(rows, columns=list(told.columns))


def _costs(table: Table) -> pd.DataFrame:
    told = cost_table(table)
    return pd.DataFrame(told.rows, columns=list(told.columns))[["To train", "To score 1,000 leads"]]
