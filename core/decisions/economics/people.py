"""The people who call, and which leads each of them may take: a list of one's own checked, and what it tells.

One row a person, always these columns:
    person     str, unique
    capacity   int, 0 to 1,000,000: calls that the person can make
    regions    tuple of str: where the person may call; empty = everywhere
    skills     dict of str to float: what the person knows, and how well: a lead that needs it is worth so many times
               its value with this person (1 = as much, 1.2 = a fifth more); empty = everything, at 1

In a file, regions stand as "north; south" and skills as "electric=1.2; used cars" (1 where no number is given). A lead
without a region or skill is for everybody.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from core.data.problems import Findings
from core.data.values import to_numbers, to_text

COLUMNS = ("person", "capacity", "regions", "skills")
MARK = ";"
MOST_CALLS = 1_000_000
"""Of one person: more is a typing error. Source: ours."""


def read_people(frame: pd.DataFrame) -> pd.DataFrame:
    """A list of people, checked and with every column. Shape (m, >= 2) -> (m, 4), in the given order.

    `person` and `capacity` are demanded; regions and skills may be missing, texts as in a file, or tuples and dicts.

    Raises:
        ValidationError: every problem, with its column and rows (the header is row 1).
    """
    found = Findings()
    _check_columns(frame, found)
    found.refuse()
    frame = frame.reset_index(drop=True)
    names = to_text(frame["person"])
    found.rows("error", "person", names == "", "the name is empty", "give every person a name or a number")
    twice = names.duplicated(keep=False) & (names != "")
    found.rows("error", "person", twice, "a person stands in several rows", "keep one row each", cells=names)
    capacity = _capacity(frame["capacity"], found)
    regions = [_regions(cell) for cell in frame["regions"]] if "regions" in frame else [()] * len(frame)
    skills = [_skills(cell) for cell in frame["skills"]] if "skills" in frame else [{}] * len(frame)
    bad = [any(not 0 < factor < math.inf for factor in known.values()) for known in skills]
    remedy = "write names with a number above 0 each, such as electric=1.2; used cars"
    found.rows("error", "skills", bad, "a skill whose number is not above 0", remedy, cells=frame.get("skills"))
    found.refuse()
    return pd.DataFrame({"person": names, "capacity": capacity.astype(np.int64), "regions": regions, "skills": skills})


def factors(people: pd.DataFrame, kinds: pd.DataFrame) -> np.ndarray:
    """How many times its value a lead of each kind is worth with each person; 0 = the person may not take it.

    Shape: people (m, 4) as read, kinds (k, 2) with the columns region and skill -> (m, k).

    Example:
        >>> people = pd.DataFrame({"person": ["An"], "capacity": [3], "regions": ["north"], "skills": ["electric=1.2"]})
        >>> kinds = pd.DataFrame({"region": ["north", "south", ""], "skill": ["electric", "electric", "used"]})
        >>> factors(read_people(people), kinds).tolist()
        [[1.2, 0.0, 0.0]]
    """
    table = np.ones((len(people), len(kinds)))
    regions, skills = kinds["region"].to_numpy(), kinds["skill"].to_numpy()
    for row, (places, known) in enumerate(zip(people["regions"], people["skills"], strict=True)):
        if known:
            table[row] = [known.get(skill, 0.0) if skill else 1.0 for skill in skills]
        if places:
            table[row, [bool(region) and region not in places for region in regions]] = 0.0
    return table


def _check_columns(frame: pd.DataFrame, found: Findings) -> None:
    has = ", ".join(map(str, frame.columns))
    for name in ("person", "capacity"):
        if name not in frame.columns:
            found.note("error", name, f"there is no such column; the table has {has}", "name the column so")
    if frame.empty:
        found.note("error", "person", "there is nobody in the table", "give one row a person")


def _capacity(column: pd.Series, found: Findings) -> pd.Series:
    values, bad = to_numbers(column)
    found.rows("error", "capacity", bad, "not a number", "write how many calls", cells=column)
    found.rows("error", "capacity", values.isna() & ~bad, "the number is missing", "write it, 0 for who is away")
    found.rows("error", "capacity", values < 0, "a negative number of calls", "write 0 or more", cells=column)
    found.rows("error", "capacity", values % 1 > 0, "not a whole number", "write whole calls", cells=column)
    found.rows("error", "capacity", values > MOST_CALLS, f"more than {MOST_CALLS:,} calls", "correct it", cells=column)
    return values


def _regions(cell: Any) -> tuple[str, ...]:
    if isinstance(cell, tuple | list | set | np.ndarray):
        return tuple(str(part).strip() for part in cell)
    return tuple(_parts(cell))


def _skills(cell: Any) -> dict[str, float]:
    """Names with numbers; NaN for a number that is none."""
    if isinstance(cell, dict):
        return {str(name).strip(): float(factor) for name, factor in cell.items()}
    if isinstance(cell, tuple | list | set | np.ndarray):
        return {str(part).strip(): 1.0 for part in cell}
    pairs = [part.partition("=") for part in _parts(cell)]
    return {name.strip(): _number(number) if sign else 1.0 for name, sign, number in pairs}


def _parts(cell: Any) -> list[str]:
    text = to_text(pd.Series([cell], dtype=object)).iloc[0]
    return [part.strip() for part in text.split(MARK) if part.strip()]


def _number(text: str) -> float:
    return float(to_numbers(pd.Series([text]))[0].iloc[0])
