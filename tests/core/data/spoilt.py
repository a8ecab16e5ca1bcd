"""A clean lead file as text, its schema, and how to spoil it: for the tests of validation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.data.problems import Problem, Report
from core.data.schema import Schema, parse_schema
from core.data.validation import examine

SCHEMA = parse_schema(
    """
[roles]
lead_id = "id"
customer_id = "customer"
owner = "agent"
snapshot_time = "when"
converted = "won"
stage = "stage"
call_seconds = "seconds"
dialogue = ["talk_1", "talk_2"]
[features]
numeric = ["age"]
categorical = ["city"]
text = ["title"]
[split]
maturity_days = 30
[funnel]
stages = ["lost", "test drive", "lock-in"]
[[funnel.tiers]]
name = "top"
margin = 1.0
chosen = ["lock-in"]
rejected = ["lost"]
"""
)
NOW = pd.Timestamp("2025-06-01")


def table(rows: int = 400) -> pd.DataFrame:
    """A clean file, cells as text: a quarter converted, one lead every six hours, the newest 60 days before NOW."""
    number = np.arange(rows)
    days = pd.Timestamp("2025-04-01") - pd.to_timedelta((rows - 1 - number) * 6, unit="h")
    won = number % 4 == 0
    return pd.DataFrame(
        {
            "id": [f"L{n}" for n in number],
            "customer": [f"C{n // 2}" for n in number],
            "agent": "Kim",
            "when": days.strftime("%Y-%m-%d %H:%M"),
            "won": np.where(won, "yes", "no"),
            "stage": np.where(won, "Lock in", np.where(number % 4 == 1, "TEST_DRIVE", "lost")),
            "seconds": (number % 90).astype(str),
            "talk_1": "客户:你好｜专家:您好",
            "talk_2": [f"Agent: call {n}" for n in number],
            "age": (20 + number % 50).astype(str),
            "city": np.where(number % 3 == 0, "Ulm", "Bonn"),
            "title": [f"a title of lead {n}" for n in number],
            "more": "not in the schema",
        }
    )


def changed(column: str, cells: dict[int, str], rows: int = 400) -> pd.DataFrame:
    frame = table(rows)
    for row, cell in cells.items():
        frame.loc[row, column] = cell
    return frame


def report(frame: pd.DataFrame, schema: Schema = SCHEMA, **options) -> Report:
    return examine(frame, schema, **{"need_outcome": True, "now": NOW} | options)[1]


def one(problems: tuple[Problem, ...], words: str) -> Problem:
    fitting = [problem for problem in problems if words in problem.message]
    assert len(fitting) == 1, [str(problem) for problem in problems]
    return fitting[0]
