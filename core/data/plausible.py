"""Which values of a field are plausible: those that leads of the same data have, neither rare nor beyond what was seen.

Each field is looked at by itself. Whether two values ever occur together is not checked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.prompts import shown_value

SHARES = (0.95, 0.05, 0.5, 0.75, 0.25)
"""Quantiles of a number that are worth a try, the farthest first. Source: ours."""
LEAST_SHARE = 0.01
"""A category is plausible where this share of the leads has it. Source: ours."""


@dataclass(frozen=True)
class Values:
    """What a field may be."""

    worth_a_try: tuple[float | str, ...]
    """Numbers that some lead has, the farthest first; categories, the most frequent first."""
    lowest: float = math.nan
    """The smallest number of all leads; NaN for categories, and where no number is known."""
    highest: float = math.nan

    def beyond(self, value: object) -> str:
        """How a number lies beyond what was seen, in words; "" where it does not, or is none.

        Example:
            >>> Values((), 0, 12).beyond(40.0), Values((), 0, 12).beyond(12.0)
            ('40 is beyond the leads of these data, which have 0 to 12', '')
        """
        if not isinstance(value, int | float) or not math.isfinite(self.lowest) or not math.isfinite(value):
            return ""
        if self.lowest <= value <= self.highest:
            return ""
        range_told = f"{shown_value(self.lowest)} to {shown_value(self.highest)}"
        return f"{shown_value(value)} is beyond the leads of these data, which have {range_told}"


Plausible = Mapping[str, Values]
"""By column. Text fields have none: there is no range of what may be written."""


def plausible_numbers(values: np.ndarray) -> Values:
    """Of a numeric field of shape (n,), NaN where unknown; each value worth a try is one that some lead has.

    Example:
        >>> plausible_numbers(np.array([0.0, 0, 1, 2, 9, np.nan]))
        Values(worth_a_try=(9.0, 0.0, 1.0, 2.0), lowest=0.0, highest=9.0)
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return Values(())
    # No value between two of the data: a whole number stays whole.
    found = np.quantile(known, SHARES, method="inverted_cdf").tolist()
    return Values(tuple(dict.fromkeys(found)), float(known.min()), float(known.max()))


def plausible_categories(values: pd.Series) -> Values:
    """Of a categorical field of shape (n,), "" where unknown.

    Example:
        >>> plausible_categories(pd.Series(["a", "b", "b", ""]))
        Values(worth_a_try=('b', 'a'), lowest=nan, highest=nan)
    """
    shares = values.value_counts(normalize=True).drop("", errors="ignore")
    return Values(tuple(str(value) for value in shares.index[shares >= LEAST_SHARE]))


def plausible_values(values: pd.Series) -> Values:
    """Of a field of shape (n,) as `Leads.features` holds it: a number or a category by its type."""
    if pd.api.types.is_numeric_dtype(values):
        return plausible_numbers(values.to_numpy(dtype=np.float64))
    return plausible_categories(values)
