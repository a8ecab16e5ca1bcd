"""Columns that are known only after the outcome: by their name, by being filled in, or by telling it too well."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.data.columns import Column
from core.data.names import LEAK_NAME, PAST_WORDS
from core.metrics import auc

LEAK_AUC = 0.95
"""A single column that separates outcomes this well is rarely known beforehand. Source: ours."""
LEAST_TO_JUDGE = 10
"""Converted and other leads below which no column is judged by its AUC. Source: ours."""


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
    if column.distinct > 200 or column.is_unique:
        return None
    return _leak_by_value(text, won)


def _leak_by_value(text: pd.Series, won: np.ndarray) -> str | None:
    """Why the values of a column of few values tell the outcome too well, or None."""
    frame = pd.DataFrame({"value": text, "won": won, "half": np.arange(len(text)) % 2})
    base = won.mean()
    # Each half is judged by the other half's rates: a lead's own outcome may not speak for itself.
    sums = frame.groupby(["value", "half"])["won"].agg(["sum", "size"]).unstack(fill_value=0)
    rate = (sums["sum"] + base).div(sums["size"] + 1)
    other = rate.stack().rename("rate").reset_index()
    other["half"] = 1 - other["half"]
    scored = frame.merge(other, on=["value", "half"], how="left")
    area = _either_way(won, scored["rate"].to_numpy())
    if area > LEAK_AUC:
        return f"its values tell the outcome: AUC {area:.3f}"
    whole = frame.groupby("value")["won"].agg(["sum", "size"])
    never, sure = whole[whole["sum"] == 0], whole[whole["sum"] >= 0.99 * whole["size"]]
    if never["size"].sum() >= len(frame) / 2 and base * never["size"].sum() >= 30:
        return f"none of the {int(never['size'].sum()):,} leads with '{never['size'].idxmax()}' or the like converted"
    if sure["sum"].sum() >= max(LEAST_TO_JUDGE, won.sum() / 2) and base < 0.9:
        return f"all leads with '{sure['size'].idxmax()}' converted, and these are most conversions"
    return None


def _either_way(won: np.ndarray, values: np.ndarray) -> float:
    """Area under the curve in whichever direction, 0.5 to 1."""
    area = auc(won, values.astype(float))
    return max(area, 1 - area)
