"""Problems name the first rows, count all of them and go into JSON."""

from __future__ import annotations

import json

import numpy as np

from core.data.problems import SHOWN_ROWS
from tests.core.data.spoilt import one, report, table


def test_ten_rows_are_shown_and_all_are_counted():
    frame = table()
    frame["age"] = np.where(frame.index < 150, "old", frame["age"])
    problem = one(report(frame).warnings, "not a number")
    assert problem.rows == tuple(range(2, 2 + SHOWN_ROWS)) and problem.count == 150
    assert "and 140 more" in str(problem)
    assert json.loads(json.dumps(problem.to_dict())) == {
        "column": "age",
        "message": "not a number, such as 'old'",
        "remedy": problem.remedy,
        "rows": list(problem.rows),
        "count": 150,
    }
