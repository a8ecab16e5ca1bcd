"""The leads that may be called, as `dispatch` takes them: what each is worth and what it needs."""

from __future__ import annotations

import pandas as pd

from core.data.problems import Findings
from core.data.values import to_numbers, to_text
from core.decisions.economics.money import MOST, TOO_MUCH, read_money

MOST_COSTS = 100
"""Different costs of a call: leads are told apart by them. Source: ours."""


def read_leads(frame: pd.DataFrame) -> pd.DataFrame:
    """A table of leads, checked and with every column. Shape (n, >= 2) -> (n, 5), in the given order.

    Columns: lead_id and value (expected, in money, before the cost of the call) are demanded; cost (0 where there is no
    such column), region and skill ("" where there is none) may be missing.

    Raises:
        ValidationError: every problem, with its column and rows (the header is row 1).
    """
    found = Findings()
    for name in ("lead_id", "value"):
        if name not in frame.columns:
            has = ", ".join(map(str, frame.columns))
            found.note("error", name, f"there is no such column; the table has {has}", "name the column so")
    found.refuse()
    frame = frame.reset_index(drop=True)
    ids = to_text(frame["lead_id"])
    found.rows("error", "lead_id", ids == "", "the id is empty", "give every lead an id")
    twice = ids.duplicated(keep=False) & (ids != "")
    found.rows("error", "lead_id", twice, "a lead stands in several rows", "keep one row each", cells=ids)
    values, bad = to_numbers(frame["value"])
    remedy = "write the expected value, such as chance x margin"
    found.rows("error", "value", bad, "not a number", remedy, cells=frame["value"])
    found.rows("error", "value", values.isna() & ~bad, "the value is missing", remedy)
    found.rows(
        "error", "value", values.abs() > MOST, f"an amount beyond {TOO_MUCH}", "correct it", cells=frame["value"]
    )
    cost = read_money(frame, ["cost"], found, negative=False) if "cost" in frame else {"cost": 0.0}
    if (different := pd.Series(cost["cost"]).nunique()) > MOST_COSTS:
        found.note("error", "cost", f"{different:,} different costs, more than {MOST_COSTS}", "round them")
    found.refuse()
    texts = {name: to_text(frame[name]) if name in frame.columns else "" for name in ("region", "skill")}
    return pd.DataFrame({"lead_id": ids, "value": values} | cost | texts)
