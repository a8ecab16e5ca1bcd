"""The first look at a lead file: its first rows, the schema guessed from them, and what a table of columns tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.columns import Column
from core.data.guessing import Guess, guess_schema
from core.data.leaks import leak
from core.data.masking import mask
from core.data.problems import FIRST_ROW
from core.data.reading import read_chunks
from core.data.schema import ROW_NUMBER
from core.data.sources import Source
from core.data.validation import plain_stage
from core.data.values import to_outcomes, to_text
from core.errors import ReadError

SKETCH_ROWS, SKETCH_BYTES = 50_000, 24 << 20
"""Rows, and bytes of them in memory, that a file is guessed from. Source: ours, seconds rather than minutes."""
EXAMPLES = 3
"""Values that stand for a column in a table of columns."""
_EXAMPLE_READ = 2_000
"""Characters of a value that are looked at for them."""


@dataclass(frozen=True)
class Sketch:
    """The first rows of a file, in its order, and the schema guessed from them."""

    frame: pd.DataFrame
    whole: bool
    """Whether these are all its rows."""
    guess: Guess

    @property
    def names(self) -> list[str]:
        """Column names, in the file's order."""
        return [str(name) for name in self.frame.columns]


def sketch(source: Source) -> Sketch:
    """Read the first rows and guess; the rest of the file is not looked at.

    Raises:
        ReadError: the file is no table, has one column or one lead alone, or its first rows are damaged.
    """
    frames: list[pd.DataFrame] = []
    rows, held, whole = 0, 0, True
    for frame in read_chunks(source, chunk_rows=5_000):
        frames.append(frame)
        rows += len(frame)
        held += int(frame.memory_usage(deep=True).sum())
        if rows >= SKETCH_ROWS or held >= SKETCH_BYTES:
            whole = False
            break
    table = pd.concat(frames)
    if table.shape[1] == 1:
        raise ReadError(
            f"the file has one column alone, '{table.columns[0]}': expected one lead a row, with an outcome and fields "
            "in columns of their own; check the separator, or export all columns"
        )
    if whole and rows == 1:
        raise ReadError("the file holds one lead alone, and ranking takes many: export the other leads too")
    return Sketch(table, whole, guess_schema(table))


def leaks_of(frame: pd.DataFrame, converted: str | None, call_seconds: str | None = None) -> dict[str, str]:
    """Columns that seem known only after the outcome, each with the reason.

    Judged by name and, where the column `converted` holds outcomes, by how well each column alone tells them.
    """
    outcome = None
    if converted in frame.columns:
        outcome = to_outcomes(frame[converted].reset_index(drop=True))[0].to_numpy()
    found = {}
    for name in frame.columns:
        if name != converted and (why := leak(Column(str(name), frame[name]), outcome)):
            found[str(name)] = why
    if call_seconds is not None:
        found[call_seconds] = "a call's length is known only after the call: it may only make pairs"
    return found


def column_reasons(guess: Guess, names: Sequence[str]) -> dict[str, str]:
    """Why each column was guessed to be what it is."""
    found: dict[str, str] = {}
    for place, text in guess.reasons.items():
        table, _, key = place.partition(".")
        if table == "roles" and key:
            value = getattr(guess.schema.roles, key)
            for name in value if isinstance(value, tuple) else (value,):
                found[name] = text.rpartition("': ")[2]
        elif table == "features":
            for line in text.split("\n"):
                # The longest name that fits: a column may be called 'age' and another 'age: years'.
                fits = [name for name in names if line.startswith(f"{name}: ")]
                found |= {name: line[len(name) + 2 :] for name in sorted(fits, key=len)[-1:]}
    found.pop(ROW_NUMBER, None)
    return found


def remarks(guess: Guess) -> list[str]:
    """What the guess says of the file as a whole: ids, dates, funnel, split."""
    places = ["roles", "funnel", "split"] + (["roles.lead_id"] if guess.schema.roles.lead_id == ROW_NUMBER else [])
    return [line for place in places for line in guess.reasons.get(place, "").split("\n") if line]


def examples(frame: pd.DataFrame, name: str) -> str:
    """The first few different values of a column on one line, shortened, names and numbers of people masked.

    Example:
        >>> examples(pd.DataFrame({"city": ["Köln", "", "Köln", "Bonn"]}), "city")
        'Köln · Bonn'
    """
    text = to_text(evenly(frame[[name]], 1_000)[name])
    seen: dict[str, None] = {}
    for value in dict.fromkeys(value for value in text if value):
        if len(seen) == EXAMPLES:
            break
        # Masked before it is cut: half a number is not found any more.
        seen[" ".join(mask(value[:_EXAMPLE_READ]).text.split())[:60]] = None
    return " · ".join(seen)


def strange_stages(frame: pd.DataFrame, column: str, stages: Sequence[str]) -> dict[str, int]:
    """Values of the stage column that are none of the stages, with how many leads have each, commonest first."""
    known = {plain_stage(stage) for stage in stages}
    text = to_text(frame[column].reset_index(drop=True))
    return dict(Counter(value for value in text if value and plain_stage(value) not in known).most_common())


def evenly(frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    """At most `rows` rows spread evenly over the frame, in order, with an index of their own."""
    places = np.arange(len(frame)) if len(frame) <= rows else np.linspace(0, len(frame) - 1, rows).astype(int)
    return frame.iloc[places].reset_index(drop=True)


def rows_at(source: Source, numbers: Sequence[int]) -> pd.DataFrame:
    """Rows of the file as a spreadsheet numbers them (the header is row 1), those numbers for an index.

    Reads the file as far as the last of them.

    Raises:
        ReadError: the file is no table.
    """
    wanted = sorted({number - FIRST_ROW for number in numbers if number >= FIRST_ROW})
    found = []
    for frame in read_chunks(source, chunk_rows=5_000):
        found.append(frame.loc[frame.index.isin(wanted)])
        if not wanted or frame.index[-1] >= wanted[-1]:
            break
    rows = pd.concat(found)
    return rows.set_axis(rows.index + FIRST_ROW, axis="index").rename_axis("row")
