"""The report's tables. Every number in them is in `Table.to_frame()`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.benchmark.arms import TEXT
from core.benchmark.choosing import validation, validation_error
from core.benchmark.measuring import AUC
from core.benchmark.spread import Point
from core.benchmark.table import Table
from core.benchmark.wording import duration, luck, measure_words, told
from core.comparison import Difference
from core.evaluation import Measure, Missing
from core.ranking import Figure
from core.report import parts

AP = Measure("average_precision")
NONE = "–"
"""Stands where there is no figure; a sentence above the table says why."""


def auc_table(table: Table) -> parts.Table:
    """The paper's Table 1: AUC of each arm, and beside it with the language model's text embedding."""
    columns = ("Way to rank", "AUC", "Likely range", "SD over seeds", "Relative", "AUC with text", "Text adds (p)")
    rows = []
    alone = [arm for arm in best_first(table, AUC) if not (arm.endswith(TEXT) and arm.removesuffix(TEXT) in table.arms)]
    for arm in alone:
        row, text = table.row(arm, AUC), table.row(arm + TEXT, AUC) if arm + TEXT in table.arms else None
        rows.append(
            (
                table.arms[arm].title,
                *_figure(AUC, row.figure),
                NONE if np.isnan(row.between) else f"{row.between:.4f}",
                NONE if arm == table.reference else _relative(row.relative),
                NONE if text is None else _figure(AUC, text.figure)[0],
                NONE if text is None else _gap(AUC, text.from_own),
            )
        )
    return parts.Table(columns, tuple(rows), _marked(table, alone))


def depth_measures(table: Table) -> list[Measure]:
    """What the paper's Table 2 shows, and the team's capacity."""
    shown = [
        *(one for one in table.measures if one.kind == "precision_at" and one.share in (0.001, 0.01)),
        *(one for one in table.measures if one.kind == "recall_at" and one.share == 0.05),
        AP,
    ]
    return list(dict.fromkeys([*shown, table.at_capacity]))


def depth_table(table: Table) -> parts.Table:
    """The paper's Table 2: precision and recall at the top, average precision; in brackets against the reference."""
    shown, arms = depth_measures(table), best_first(table, table.at_capacity)
    rows = []
    for arm in arms:
        cells = []
        for measure in shown:
            row = table.row(arm, measure)
            value = _figure(measure, row.figure)[0]
            aside = "" if arm == table.reference or np.isnan(row.relative) else f" ({_relative(row.relative)})"
            cells.append(value + aside)
        rows.append((table.arms[arm].title, *cells))
    columns = ("Way to rank", *(measure_words(measure) for measure in shown))
    return parts.Table(columns, tuple(rows), _marked(table, arms))


def difference_table(table: Table, measure: Measure) -> parts.Table:
    """Each arm against the reference, and against the arm that it is a variant of."""
    columns = (
        "Way to rank",
        "Figure",
        "Likely range",
        "By validation",
        "Difference from the best usual method",
        "Difference from its reference",
        "Reference",
    )
    rows = []
    arms = best_first(table, measure)
    for arm in arms:
        row, other = table.row(arm, measure), table.arms[arm].reference
        own = table.arms[other].title if other in table.arms else NONE
        rows.append(
            (
                table.arms[arm].title,
                *_figure(measure, row.figure),
                _validated(table, arm),
                _gap(measure, row.apart),
                _gap(measure, row.from_own),
                own,
            )
        )
    return parts.Table(columns, tuple(rows), _marked(table, arms))


def cost_table(table: Table) -> parts.Table:
    """What each arm takes, the language model's reading included."""
    columns = ("Way to rank", "Seeds", "To train", "To score 1,000 leads", "Reads the talk")
    rows = []
    for arm, told_of in table.arms.items():
        cost, trials = table.cost(arm), table.results.of(arm)
        reads = "yes" if trials[0].reads else "no"
        rows.append(
            (told_of.title, str(len(trials)), duration(cost.train_seconds), duration(cost.score_seconds), reads)
        )
    return parts.Table(columns, tuple(rows))


def best_first(table: Table, measure: Measure) -> list[str]:
    """Arms by their figure, as in the pictures; those without one last, in the order of the tables."""

    def place(arm: str) -> float:
        figure = table.row(arm, measure).figure
        return np.inf if isinstance(figure, Missing) else -figure.value

    return sorted(table.arms, key=place)


def _validated(table: Table, arm: str) -> str:
    value, error = validation(table.results, arm), validation_error(table.results, arm)
    if np.isnan(value):
        return NONE
    return told(AP, value) + ("" if np.isnan(error) else f" ± {told(AP, error)}")


def _marked(table: Table, arms: Sequence[str]) -> int | None:
    """The reference stands out."""
    return arms.index(table.reference) if table.reference in arms else None


def _figure(measure: Measure, figure: Figure | Point | Missing) -> tuple[str, str]:
    if isinstance(figure, Missing):
        return NONE, NONE
    if isinstance(figure, Point):
        return told(measure, figure.value), NONE
    return told(measure, figure.value), f"{told(measure, figure.low)} to {told(measure, figure.high)}"


def _gap(measure: Measure, gap: Difference | Missing | None) -> str:
    if not isinstance(gap, Difference):
        return NONE
    low, high = (told(measure, end, signed=True) for end in (gap.low, gap.high))
    return f"{told(measure, gap.value, signed=True)} ({low} to {high}), p {luck(gap.p_holm)}"


def _relative(value: float) -> str:
    return NONE if np.isnan(value) else f"{100 * value:+.1f}%"
