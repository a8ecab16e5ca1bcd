"""A lead's profile: several questions about it, each answered between 0 and 1, and one priority out of them.

Every answer is turned so that 1 is best, by a map that never changes the order of two leads in one question:
    rank       the share of leads whose answer is worse, equal ones counting half: compares with these leads
    logistic   1 / (1 + e^(-(answer - middle) / spread)), turned over where less is better: compares with what you set
    as it is   the answer is a share already, as strategic fit is where a manager grades it from 0 to 1
Priority is the weighted mean: the sum over the questions of weight x answer, with weights that add up to 1, so that
each question's part of it can be told. A question without an answer counts as `UNKNOWN`, neither good nor bad.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.problems import Findings
from core.data.values import to_numbers
from core.errors import ConfigError

SCALES = ("rank", "logistic", "as it is")
UNKNOWN = 0.5
"""What a missing answer counts as in the priority. Source: ours; the mean of a rank."""


@dataclass(frozen=True)
class Question:
    """One thing to know about a lead, and how its answer becomes a number between 0 and 1."""

    name: str
    """As people say it: conversion, speed, effort."""
    column: str
    """Holds the answer; columns <column>_low and <column>_high, where they are, its range."""
    more_is_better: bool = True
    scale: str = "rank"
    middle: float = 0.0
    """Logistic: the answer that becomes 0.5, in the column's units."""
    spread: float = 1.0
    """Logistic: so much better than the middle becomes 0.73, three times as much 0.95; in the column's units."""

    def __post_init__(self) -> None:
        if not self.name or not self.column:
            raise ConfigError(f"a question needs a name and a column, however: got={self.name!r} and {self.column!r}")
        if self.scale not in SCALES:
            raise ConfigError(
                f"question '{self.name}': scale must be one of {', '.join(SCALES)}, however: got={self.scale!r}"
            )
        if not np.isfinite(self.middle) or not 0 < self.spread < np.inf:
            raise ConfigError(
                f"question '{self.name}': middle must be a number and spread one above 0, however: "
                f"got={self.middle!r} and {self.spread!r}"
            )


QUESTIONS = (
    Question("conversion", "chance_within"),
    Question("speed", "days", more_is_better=False),
    Question("effort", "minutes", more_is_better=False),
    Question("profit", "profit"),
    Question("fit", "fit", scale="as it is"),
)
"""As the models of this package name their columns; leave out what a file cannot answer."""


@dataclass(frozen=True)
class Priority:
    """Leads in the given order, with what their priority is made of."""

    frame: pd.DataFrame
    """Index as given. Columns: priority, 0..1; low, high; part:<question>, which sum to it; unknown, the questions
    without an answer, "" where all have one."""
    how: str
    """The weights in words."""


def profile(answers: pd.DataFrame, questions: Iterable[Question] = QUESTIONS) -> pd.DataFrame:
    """Every answer as 0..1, 1 the best. Shape (n, m) -> (n, 3 questions): <name>, <name>_low, <name>_high.

    The range is that of the answer, put through the same map; NaN where the answer or its range is not known.

    Raises:
        ConfigError: no questions, or two of one name.
        ValidationError: a column is missing or holds no numbers, an answer to take as it is lies outside 0..1, or
            outside of its own range; with rows.
    """
    asked = _distinct(questions)
    found = Findings()
    read = {question.name: _answer(answers, question, found) for question in asked}
    found.refuse()
    table = {}
    for question in asked:
        value, low, high = read[question.name]
        ends = (low, high) if question.more_is_better else (high, low)
        for name, end in zip(("", "_low", "_high"), (value, *ends), strict=True):
            table[f"{question.name}{name}"] = scaled(end, value, question)
    return pd.DataFrame(table, index=answers.index)


def scaled(values: np.ndarray, among: np.ndarray, question: Question) -> np.ndarray:
    """Answers (n,) as 0..1; a rank is taken among the answers (m,) of all leads. NaN stays NaN.

    Example:
        >>> days = np.array([3.0, 10.0, 10.0, 40.0])
        >>> scaled(days, days, Question("speed", "days", more_is_better=False)).tolist()
        [0.875, 0.5, 0.5, 0.125]
        >>> scaled(np.array([7.0]), days, Question("speed", "days", False, "logistic", middle=7)).tolist()
        [0.5]
    """
    sign = 1.0 if question.more_is_better else -1.0
    if question.scale == "logistic":
        return 1 / (1 + np.exp(np.clip(-sign * (values - question.middle) / question.spread, -700, 700)))
    if question.scale == "as it is":
        return values if question.more_is_better else 1 - values
    known = np.sort(sign * among[np.isfinite(among)])
    below, upto = (np.searchsorted(known, sign * values, side) for side in ("left", "right"))
    return np.where(np.isfinite(values), (below + upto) / (2 * max(len(known), 1)), np.nan)


def shares(weights: Mapping[str, float], names: Iterable[str]) -> dict[str, float]:
    """The weights as shares that sum to 1, for each of `names`, 0 where none is given.

    Raises:
        ConfigError: a weight that is negative or no number, for something not asked, or all of them 0.

    Example:
        >>> shares({"conversion": 3, "speed": 1}, ["conversion", "speed", "fit"])
        {'conversion': 0.75, 'speed': 0.25, 'fit': 0.0}
    """
    asked = list(names)
    for name, weight in weights.items():
        if name not in asked:
            raise ConfigError(f"a weight must be for one of {', '.join(asked)}, however: got='{name}'")
        if not 0 <= weight < np.inf:
            raise ConfigError(f"the weight of '{name}' must be 0 or more, and finite, however: got={weight!r}")
    total = sum(weights.values())
    if not total > 0:
        raise ConfigError("one weight at least must be above 0, however: all of them are 0")
    return {name: weights.get(name, 0.0) / total for name in asked}


def in_words(weights: Mapping[str, float]) -> str:
    """What counts how much, most first; only what counts.

    Example:
        >>> in_words({"speed": 1, "conversion": 3, "fit": 0})
        'conversion 75%, speed 25%'
    """
    share = shares(weights, weights)
    return ", ".join(f"{name} {part:.0%}" for name, part in sorted(share.items(), key=lambda it: -it[1]) if part)


def priority(profile: pd.DataFrame, weights: Mapping[str, float]) -> Priority:
    """One number a lead, 0..1, 1 first. Shape (n, 3 questions) as `profile` makes it.

    low and high take the answers' ranges as independent: the priority's distance to either end is the root of the
    summed squares of weight x the answer's distance to its end. An answer without a range counts as exact, one that is
    missing as anything from 0 to 1.

    Raises:
        ConfigError: as `shares`; questions are the columns with a _low and a _high beside them.
    """
    names = [name for name in profile.columns if {f"{name}_low", f"{name}_high"} <= set(profile.columns)]
    share = shares(weights, names)
    counted = [name for name in names if share[name]]
    weight = np.array([share[name] for name in counted])
    answer, low, high = (
        profile[[f"{name}{end}" for name in counted]].to_numpy(dtype=np.float64) for end in ("", "_low", "_high")
    )
    missing = np.isnan(answer)
    filled = np.where(missing, UNKNOWN, answer)
    below, above = (
        np.sqrt(((weight * (np.where(missing, end, np.where(np.isnan(edge), filled, edge)) - filled)) ** 2).sum(axis=1))
        for edge, end in ((low, 0.0), (high, 1.0))
    )
    parts = weight * filled
    total = parts.sum(axis=1)
    table = pd.DataFrame({"priority": total, "low": total - below, "high": total + above}, index=profile.index)
    table = table.assign(**{f"part:{name}": parts[:, place] for place, name in enumerate(counted)})
    table["unknown"] = [", ".join(np.array(counted, dtype=object)[row]) for row in missing]
    return Priority(table, in_words(weights))


def _distinct(questions: Iterable[Question]) -> tuple[Question, ...]:
    asked = tuple(questions)
    names = [question.name for question in asked]
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"a profile needs questions of different names, however: got={names}")
    return asked


def _answer(answers: pd.DataFrame, question: Question, found: Findings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, low and high, (n,) each; NaN where there is none."""
    name = question.column
    if name not in answers.columns:
        has = ", ".join(map(str, answers.columns))
        found.note(
            "error", name, f"there is no such column; the table has {has}", f"add it or leave {question.name} out"
        )
        return (np.empty(0),) * 3
    value, low, high = (_numbers(answers, f"{name}{end}", question, found) for end in ("", "_low", "_high"))
    turned = (low > value) | (value > high)
    found.rows("error", name, turned, "outside of its own range", f"check {name}_low and {name}_high")
    return value, low, high


def _numbers(answers: pd.DataFrame, name: str, question: Question, found: Findings) -> np.ndarray:
    if name not in answers.columns:
        return np.full(len(answers), np.nan)
    column = answers[name].reset_index(drop=True)
    values, bad = to_numbers(column)
    found.rows("error", name, bad, "not a number", "write a plain number", cells=column)
    if question.scale == "as it is":
        outside = (values < 0) | (values > 1)
        found.rows("error", name, outside, "not between 0 and 1", "write a share, or take the scale rank", cells=column)
    return values.to_numpy(dtype=np.float64)
