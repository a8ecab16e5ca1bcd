"""Text that a spreadsheet would take for a formula, made text again: a name such as `=HYPERLINK(...)` must not run.

A quote mark is put before any text that, after quote marks and spaces, begins like a formula; so the original is always
found again by taking one quote mark away. Source: OWASP, "CSV injection"; full-width signs count as well, some
spreadsheets read them as the narrow ones.
"""

from __future__ import annotations

import pandas as pd

_LIKE_ONE = r"(?='*\s*'*[=+\-@\t\r\n＝＋－＠])"
_FORMULA = "^" + _LIKE_ONE
_NEUTRAL = "^'" + _LIKE_ONE


def neutral(texts: pd.Series) -> pd.Series:
    """The texts, none of which begins a formula.

    Example:
        >>> neutral(pd.Series(["=1+1", "Ann", "'-7", " @x"])).tolist()
        ["'=1+1", 'Ann', "''-7", "' @x"]
    """
    return texts.astype(str).str.replace(_FORMULA, "'", regex=True)


def original(texts: pd.Series) -> pd.Series:
    """The texts that `neutral` was given.

    Example:
        >>> original(pd.Series(["'=1+1", "Ann", "''-7", "'Ann"])).tolist()
        ['=1+1', 'Ann', "'-7", "'Ann"]
    """
    return texts.str.replace(_NEUTRAL, "", regex=True)
