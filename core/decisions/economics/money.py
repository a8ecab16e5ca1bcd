"""Money and chances, as every room of lead economics reads, checks and tells them.

Amounts are plain floats in the currency of `Terms`; chances and shares lie in 0..1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from core.data.problems import Findings
from core.data.values import to_numbers
from core.errors import ConfigError, NotComputable

PERIODS = ("day", "week", "month", "quarter", "year")
MOST = 1e15
"""Amounts beyond this size are typing errors: from here on sums lose their cents. Source: ours."""
TOO_MUCH = "1,000,000,000,000,000"
WHOLE_FROM = 100.0
"""Amounts of this size on are told without cents."""


@dataclass(frozen=True)
class Terms:
    """In which money, and over which time, amounts are told."""

    currency: str = "EUR"
    """Three capital letters. Source: ISO 4217."""
    period: str = "month"
    """One of `PERIODS`: the time over which costs and profits were counted."""

    def __post_init__(self) -> None:
        if not re.fullmatch("[A-Z]{3}", str(self.currency)):
            raise ConfigError(
                f"currency must be three capital letters, such as EUR or USD, however: got={self.currency!r}"
            )
        if self.period not in PERIODS:
            raise ConfigError(f"period must be one of {', '.join(PERIODS)}, however: got={self.period!r}")

    def to_dict(self) -> dict[str, str]:
        """For JSON."""
        return {"currency": self.currency, "period": self.period}


def told(value: float, terms: Terms, per_period: bool = False) -> str:
    """An amount as a person reads it: cents only where they matter, `not known` for NaN.

    Example:
        >>> told(12_300.4, Terms()), told(-450, Terms("USD", "week"), per_period=True), told(7.5, Terms())
        ('12,300 EUR', '-450 USD a week', '7.50 EUR')
    """
    if not math.isfinite(value):
        return "not known"
    amount = round(float(value), 0 if abs(value) >= WHOLE_FROM else 2) + 0.0  # the addend makes 0.0 of -0.0
    cents = 0 if amount.is_integer() else 2
    return f"{amount:,.{cents}f} {terms.currency}{f' a {terms.period}' if per_period else ''}"


def read_money(
    frame: pd.DataFrame, columns: Sequence[str], found: Findings, *, negative: bool = True
) -> dict[str, pd.Series]:
    """Float columns by name, such as 1200.5 from "1.200,50 €"; what is wrong goes to `found`, as errors with rows.

    A column that the table lacks is noted and left out. `negative`: whether amounts below 0 are allowed.
    """
    read = {}
    for name in columns:
        if name not in frame.columns:
            has = ", ".join(map(str, frame.columns))
            found.note("error", name, f"there is no such column; the table has {has}", "name the column of amounts so")
            continue
        values, bad = to_numbers(frame[name])
        found.rows("error", name, bad, "not an amount of money", "write a plain number", cells=frame[name])
        found.rows("error", name, values.isna() & ~bad, "the amount is missing", "write it, 0 where there was none")
        found.rows("error", name, values.abs() > MOST, f"an amount beyond {TOO_MUCH}", "correct it", cells=frame[name])
        if not negative:
            found.rows("error", name, values < 0, "a negative amount", "write 0 or more", cells=frame[name])
        read[name] = values
    return read


def checked_chances(chance: ArrayLike, name: str = "probability") -> np.ndarray:
    """Chances (n,) as float64. Rows in messages are those of a table whose header is row 1.

    Raises:
        NotComputable: there are no leads, or the chances are no list.
        ValidationError: a chance is missing or lies outside 0..1.
    """
    values = np.asarray(chance, dtype=np.float64)
    if values.ndim != 1 or not len(values):
        raise NotComputable(
            f"{name} must be a list of one chance a lead, however: got shape {values.shape}; score leads"
        )
    found = Findings()
    missing, cells = np.isnan(values), pd.Series(values)
    found.rows("error", name, missing, "the chance is missing", "score these leads with a calibrated model")
    outside = ~missing & ~((values >= 0) & (values <= 1))
    found.rows("error", name, outside, "a chance outside 0..1", "give calibrated chances from 0 to 1", cells=cells)
    found.refuse()
    return values


def checked_range(
    chance: ArrayLike, low: ArrayLike | None, high: ArrayLike | None
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray] | None]:
    """Chances (n,) and the ends of their ranges, (n,) each; None where no range is given.

    Raises:
        ConfigError: one end without the other, or of another length.
        NotComputable, ValidationError: as `checked_chances`, of each; or a range that does not hold its chance.
    """
    values = checked_chances(chance)
    if low is None and high is None:
        return values, None
    if low is None or high is None:
        raise ConfigError("a range of chances has two ends, however: got one of low and high; give both or none")
    ends = checked_chances(low, "low"), checked_chances(high, "high")
    if any(len(end) != len(values) for end in ends):
        lengths = " and ".join(f"{len(end):,}" for end in ends)
        raise ConfigError(f"low and high must hold one value for each of {len(values):,} leads, however: got={lengths}")
    found = Findings()
    outside = (values < ends[0]) | (values > ends[1])
    found.rows("error", "probability", outside, "the chance lies outside its range", "give low <= probability <= high")
    found.refuse()
    return values, ends


def checked_amounts(
    amount: ArrayLike, name: str, leads: int | None = None, *, lowest: float | None = None
) -> np.ndarray:
    """One amount for all leads () or one for each (leads,), as float64; `lowest`: the least that is allowed.

    Raises:
        ConfigError: a shape that does not fit, an amount that is not finite, below `lowest`, or beyond `MOST` in size.
    """
    values = np.asarray(amount, dtype=np.float64)
    if values.shape not in ((), (leads,)):
        fits = "one number" if leads is None else f"one number, or one for each of the {leads:,} leads"
        raise ConfigError(f"{name} must be {fits}, however: got shape {values.shape}")
    wrong = ~np.isfinite(values) if lowest is None else ~(np.isfinite(values) & (values >= lowest))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        row = f" in row {first + 2} ({int(wrong.sum()):,} in all)" if values.ndim else ""
        least = "a number" if lowest is None else f"a number of at least {lowest:g}"
        raise ConfigError(f"{name} must be {least}, however: got={values.flat[first]:g}{row}")
    if (np.abs(values) > MOST).any():
        raise ConfigError(
            f"{name} must be no larger than {TOO_MUCH}, however: got={np.abs(values).max():g}; correct it"
        )
    return values
