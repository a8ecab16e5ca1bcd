"""A comparison's tables as the screen shows them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.benchmark.arms import TEXT
from core.benchmark.measuring import AUC
from core.benchmark.table import Table
from core.benchmark.wording import measure_words
from core.benchmark_report.tables import depth_measures
from core.evaluation import Measure, Missing
from core.report import parts

TOP, ORDER, APART = "The top of the list", "Right order (AUC)", "Against the best usual method"
BEST = "best usual method"
WAY = st.column_config.TextColumn(width=220, pinned=True)
SCALE = {"precision_at": 1000, "recall_at": 100, "auc": 1, "average_precision": 1}
FORM = {"precision_at": "%.1f", "recall_at": "%.1f%%", "auc": "%.3f", "average_precision": "%.3f"}
Columns = dict[str, tuple[str, pd.Series]]
"""Figures by arm under a column's name, with the form that it shows them in: numbers, so that they sort as such."""


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
        columns = _top(table)
        hint = "To train and to score include the language model's reading."
    elif which == ORDER:
        columns = _order(table)
        hint = "AUC: of two leads, one that ordered and one that did not, how often the first stands higher."
    else:
        columns = _apart(table, measure)
        hint = f"{measure_words(measure)}. p: how often two equal ways would differ as much by luck, from 0 to 1."
    st.caption(hint)
    marks = {table.reference: f" ({BEST})"}
    titles = [arm.title + marks.get(key, "") for key, arm in table.arms.items()]
    forms = {name: st.column_config.NumberColumn(format=form) for name, (form, _) in columns.items()}
    st.dataframe(
        pd.DataFrame({"Way to rank": titles, **{name: list(values) for name, (_, values) in columns.items()}}),
        hide_index=True,
        alt=which,
        column_config={"Way to rank": WAY, **forms},
    )


def plain_table(table: parts.Table, alt: str) -> None:
    """A table of a report."""
    st.dataframe(pd.DataFrame(table.rows, columns=list(table.columns)), hide_index=True, alt=alt)


def _value(table: Table, arm: str, measure: Measure, factor: float) -> float | None:
    figure = table.row(arm, measure).figure
    return None if isinstance(figure, Missing) else factor * figure.value


def _top(table: Table) -> Columns:
    """The paper's Table 2, and what each way costs."""
    columns: Columns = {}
    for measure in depth_measures(table):
        columns[measure_words(measure)] = FORM[measure.kind], SCALE[measure.kind] * _of(table, measure)["value"]
    against = f"{measure_words(table.at_capacity)}: against the best usual method"
    at = _of(table, table.at_capacity)
    return {
        **columns,
        against: ("%+.1f%%", 100 * at["relative"]),
        "Seconds to train": ("%.1f", at["train_seconds"]),
        "Seconds to score 1,000 leads": ("%.1f", at["score_seconds_per_1000"]),
    }


def _order(table: Table) -> Columns:
    """The paper's Table 1."""
    own = _of(table, AUC)
    text = own.reindex(own.index + TEXT).set_axis(own.index)
    return {
        "AUC": ("%.3f", own["value"]),
        "From": ("%.3f", own["low"]),
        "To": ("%.3f", own["high"]),
        "SD over seeds": ("%.4f", own["seed_sd"]),
        "Against the best usual method": ("%+.1f%%", 100 * own["relative"]),
        "AUC with text": ("%.3f", text["value"]),
        "Text adds": ("%+.3f", text["own_difference"]),
        "p of that": ("%.3f", text["own_difference_p_holm"]),
    }


def _apart(table: Table, measure: Measure) -> Columns:
    """Each way less the best usual method, and less its reference, the way that it is a variant of."""
    own, scale, form = _of(table, measure), SCALE[measure.kind], FORM[measure.kind]
    signed = form.replace("%", "%+", 1)
    return {
        "Figure": (form, scale * own["value"]),
        "By validation": ("%.3f", own["validation"]),
        "Difference from the best usual method": (signed, scale * own["difference"]),
        "From": (signed, scale * own["difference_low"]),
        "To": (signed, scale * own["difference_high"]),
        "p": ("%.3f", own["difference_p_holm"]),
        "Difference from its reference": (signed, scale * own["own_difference"]),
        "p of that": ("%.3f", own["own_difference_p_holm"]),
    }


def _of(table: Table, measure: Measure) -> pd.DataFrame:
    """What `Table.to_frame` tells of one measure, by arm."""
    frame = table.to_frame().set_index("arm")
    return frame[frame["measure"] == measure.name]
