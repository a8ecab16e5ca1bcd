"""Results as JSON has them."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.answers import as_json


@dataclass(frozen=True)
class Result:
    rows: pd.DataFrame
    line: np.ndarray
    when: pd.Timestamp
    names: tuple[str, ...] = ("a", "b")


def test_a_result_survives_json_and_what_has_no_value_is_null():
    rows = pd.DataFrame(
        {
            "name": pd.Series(["a", None], dtype="str"),
            "count": pd.array([3, pd.NA], dtype="Int64"),
            "share": [np.nan, 0.5],
            "day": pd.to_datetime(["2026-01-02", ""]),
            "sure": [True, False],
        }
    )
    found = json.loads(
        json.dumps(as_json(Result(rows, np.array([1.0, np.inf]), pd.Timestamp("2026-01-02"))), allow_nan=False)
    )
    assert found["rows"] == [
        {"name": "a", "count": 3, "share": None, "day": "2026-01-02T00:00:00", "sure": True},
        {"name": None, "count": None, "share": 0.5, "day": None, "sure": False},
    ]
    assert found["line"] == [1.0, None] and found["when"] == "2026-01-02T00:00:00" and found["names"] == ["a", "b"]
