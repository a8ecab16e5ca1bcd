"""A column of a file of which nothing is known yet, with what can be said of it from its name and its cells."""

from __future__ import annotations

import re
from functools import cached_property

import pandas as pd

from core.data.dialogue import spoken_share
from core.data.names import CODE_WORDS, DATE_WORDS, ROLE_NAMES, plain_name
from core.data.values import to_numbers, to_outcomes, to_text, to_times

READABLE = 0.95
"""Share of filled cells that must read as numbers or dates. Source: ours."""


class Column:
    """A column with what several rules ask of it, each worked out once."""

    def __init__(self, name: str, cells: pd.Series) -> None:
        self.name = name
        self.plain = plain_name(name)
        self.cells = cells.reset_index(drop=True)
        self.text = to_text(self.cells)
        self.filled = int((self.text != "").sum())
        self.distinct = self.text[self.text != ""].nunique()
        self.numbers, bad = to_numbers(self.cells)
        # Nearly all filled cells read as numbers.
        self.numeric = bool(self.numbers.notna().any() and bad.sum() <= (1 - READABLE) * self.filled)

    @property
    def words(self) -> set[str]:
        return set(self.plain.split("_"))

    @property
    def is_label(self) -> bool:
        """By its name a code: its numbers count nothing."""
        words = self.plain.split("_")
        return words[-1] in CODE_WORDS or words[0] == "id"

    @cached_property
    def is_date(self) -> bool:
        """Reads as dates; plain numbers only where the name says so."""
        if not self.filled or (self.numeric and not self.words & DATE_WORDS):
            return False
        if self.text.str.contains(r"\d").sum() < READABLE * self.filled:  # cheap, and true of most columns
            return False
        times, bad = to_times(self.cells)
        return bool(times.notna().any() and bad.sum() <= (1 - READABLE) * self.filled)

    @cached_property
    def is_outcome(self) -> bool:
        outcomes, bad = to_outcomes(self.cells)
        return not bad.any() and outcomes.nunique() == 2

    @cached_property
    def nearly_outcome(self) -> bool:
        """An outcome but for a few cells, which validation then names."""
        outcomes, bad = to_outcomes(self.cells)
        return bool(bad.sum() <= (1 - READABLE) * self.filled and outcomes.nunique() == 2)

    @property
    def is_unique(self) -> bool:
        return self.distinct == len(self.text)

    @property
    def nearly_unique(self) -> bool:
        """Unique but for a few rows, which validation then names."""
        return self.distinct >= READABLE * len(self.text)

    @cached_property
    def is_prose(self) -> bool:
        """Cells of several words, most of them different."""
        filled = self.text[self.text != ""]
        if self.numeric or self.distinct < max(10, min(0.3 * self.filled, 100)):
            return False
        # Chinese and Japanese put no blanks between words: there a sign counts for half a word.
        signs = filled.str.count(r"[\u3040-\u30ff\u4e00-\u9fff]")
        return bool((filled.str.count(r"\s+") + 1 + signs / 2).mean() >= 3)

    @cached_property
    def is_dialogue(self) -> bool:
        """By its name and the length of its cells, or by lines that begin with a speaker."""
        if self.numeric or self.is_date or not self.filled:
            return False
        filled = self.text[self.text != ""]
        by_name = re.sub(r"_?\d+$", "", self.plain) in ROLE_NAMES["dialogue"]
        return (by_name and filled.str.len().mean() >= 20) or spoken_share(filled.head(200)) >= 0.5

    @cached_property
    def is_code(self) -> bool:
        """Cells without blanks that could be numbers of leads: by name, by counting up, or a digit in each."""
        if self.is_date or self.text.str.contains(r"\s").any():
            return False
        if self.numeric:
            steps = self.numbers.diff().iloc[1:]
            return bool(self.is_label or (len(steps) > 20 and (steps == 1).all()))
        return bool(self.is_label or self.text.str.contains(r"\d").all())

    @cached_property
    def values(self) -> list[str]:
        """Distinct values, commonest first, ties by name."""
        counts = self.text[self.text != ""].value_counts()
        return sorted(counts.index, key=lambda value: (-counts[value], value))
