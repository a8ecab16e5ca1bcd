"""Columns that are known only after the outcome: by their name, by being filled in, or by telling it too well."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from core.data.columns import Column
from core.data.leads import Leads
from core.data.names import LEAK_NAME, PAST_WORDS
from core.metrics import auc

LEAK_AUC = 0.95
"""A single column that separates outcomes this well is rarely known beforehand. Source: ours."""
LEAST_TO_JUDGE = 10
"""Converted and other leads below which no column is judged by its AUC. Source: ours."""
FEW_VALUES = 200
"""Most distinct values for which a column is judged by its values. Source: ours."""
LEAK_CORRELATION = 0.95
"""A column that follows the call's length this closely, by rank, is rarely known beforehand. Source: ours."""


def leak(column: Column, outcome: np.ndarray | None) -> str | None:
    """Why a column seems known only after the outcome, or None."""
    if (found := LEAK_NAME.search(column.plain)) and not column.words & PAST_WORDS:
        return f"'{found[0]}' in its name: known only after the outcome"
    if outcome is None or column.distinct == 0:
        return None
    known = np.isfinite(outcome)
    won, text = outcome[known] == 1, column.text[known].reset_index(drop=True)
    if min(won.sum(), (~won).sum()) < LEAST_TO_JUDGE:
        return None
    if (area := _either_way(won, (text != "").to_numpy())) > LEAK_AUC:
        return f"whether it is filled in tells the outcome: AUC {area:.3f}"
    if column.numeric:
        numbers = column.numbers[known].to_numpy()
        read = np.isfinite(numbers)
        if min(won[read].sum(), (~won[read]).sum()) >= LEAST_TO_JUDGE:
            area = _either_way(won[read], numbers[read])
            if area > LEAK_AUC:
                return f"it alone tells the outcome: AUC {area:.3f}"
    if column.distinct > FEW_VALUES or column.is_unique:
        return None
    return _leak_by_value(text, won)


def _leak_by_value(text: pd.Series, won: np.ndarray) -> str | None:
    """Why the values of a column of few values tell the outcome too well, or None."""
    area = _either_way(won, _told_by_others(text, won))
    if area > LEAK_AUC:
        return f"its values tell the outcome: AUC {area:.3f}"
    frame, base = pd.DataFrame({"value": text, "won": won}), won.mean()
    whole = frame.groupby("value")["won"].agg(["sum", "size"])
    never, sure = whole[whole["sum"] == 0], whole[whole["sum"] >= 0.99 * whole["size"]]
    if never["size"].sum() >= len(frame) / 2 and base * never["size"].sum() >= 30:
        return f"none of the {int(never['size'].sum()):,} leads with '{never['size'].idxmax()}' or the like converted"
    if sure["sum"].sum() >= max(LEAST_TO_JUDGE, won.sum() / 2) and base < 0.9:
        return f"all leads with '{sure['size'].idxmax()}' converted, and these are most conversions"
    return None


def future_columns(leads: Leads, rows: np.ndarray) -> dict[str, str]:
    """Features that tell too much of what came afterwards to have been known at scoring time, each with why: words
    that go on after a colon, without a full stop.

    Conversion, reaching any stage, and the length of calls are each held against every feature by itself: a number, its
    being filled in, and its values one by one. Nothing is judged by its name.

    Shape: rows (n,) positions of the training part; no other lead is looked at.
    """
    part = leads.take(rows)
    found = {}
    for name in leads.schema.features.columns():
        told = _too_well(part.features[name], part)
        if told is not None:
            found[name] = f"'{name}' by itself tells {told}"
    return found


def _too_well(cells: pd.Series, leads: Leads) -> str | None:
    """What the cells tell too well, or None."""
    for what, reached in _targets(leads):
        for won, values in _views(cells, reached):
            if min((won == 1).sum(), (won == 0).sum()) < LEAST_TO_JUDGE:
                continue
            if (area := _either_way(won, values)) > LEAK_AUC:
                return f"{what} almost for sure (AUC {area:.3f}, where 0.5 is chance and 1 is certainty)"
    for seconds, values in _views(cells, leads.call_seconds):
        if len(values) < 2 * LEAST_TO_JUDGE or np.ptp(values) == 0 or np.ptp(seconds) == 0:
            continue
        if (rank := abs(float(spearmanr(seconds, values).statistic))) > LEAK_CORRELATION:
            return f"how long the later calls were (rank correlation {rank:.3f}, where 1 is the same order)"
    return None


def _targets(leads: Leads) -> Iterator[tuple[str, np.ndarray]]:
    """What came afterwards, in words and as (n,) 1, 0 or NaN."""
    yield "whether a lead converted", leads.converted
    for position, stage in enumerate(leads.schema.funnel.stages[1:], start=1):
        reached = np.where(leads.stage >= 0, leads.stage >= position, np.nan)
        yield f"whether a lead came as far as '{stage}'", reached


def _views(cells: pd.Series, target: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The known targets, and what the cells say of each as numbers, (m,) float64 both; one pair for each way to see."""
    known = np.isfinite(target)
    target, cells = target[known], cells[known]
    if pd.api.types.is_numeric_dtype(cells):
        numbers = cells.to_numpy(dtype=np.float64)
        filled = np.isfinite(numbers)
        yield target[filled], numbers[filled]
        yield target, filled.astype(np.float64)
    if 0 < cells.nunique() <= FEW_VALUES:
        yield target, _told_by_others(cells.astype(str).fillna(""), target)


def _told_by_others(values: pd.Series, target: np.ndarray) -> np.ndarray:
    """Mean target of each lead's value, (n,), pulled towards the overall mean where the value is rare.

    Each half is told by the other half's means: a lead's own outcome may not speak for itself.
    """
    frame = pd.DataFrame({"value": values.to_numpy(), "target": target, "half": np.arange(len(values)) % 2})
    sums = frame.groupby(["value", "half"])["target"].agg(["sum", "size"]).unstack(fill_value=0)
    mean = (sums["sum"] + frame["target"].mean()).div(sums["size"] + 1)
    other = mean.stack().rename("mean").reset_index()
    other["half"] = 1 - other["half"]
    return frame.merge(other, on=["value", "half"], how="left")["mean"].to_numpy()


def _either_way(won: np.ndarray, values: np.ndarray) -> float:
    """Area under the curve in whichever direction, 0.5 to 1."""
    area = auc(won, values.astype(float))
    return max(area, 1 - area)
