"""What a column is, told from its name and cells alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.data.columns import Column


def column(name: str, cells) -> Column:
    return Column(name, pd.Series(cells))


@pytest.mark.parametrize(
    ("name", "cells", "told"),
    [
        ("amount", ["1,5", "", "20"], {"numeric"}),
        ("zip_code", ["53111", "89073", "53111"], {"numeric", "is_label", "is_code"}),
        ("ref", ["a1", "b2", "c3"], {"is_unique", "is_code"}),
        ("n", [str(n) for n in range(1, 31)], {"numeric", "is_unique", "is_code"}),
        ("when", ["2025-01-31", "2025-02-01", "2025-02-01"], {"is_date"}),
        ("won", ["yes", "no", "no"], {"is_outcome"}),
        ("anything", ["Agent: good morning\nCustomer: hello"] * 3, {"is_dialogue"}),
        ("title", [f"asks for car {n}" for n in range(20)], {"is_unique", "is_prose"}),
        ("empty", ["", "", ""], set()),
    ],
)
def test_what_a_column_is(name, cells, told):
    questions = "numeric is_label is_code is_unique is_date is_outcome is_dialogue is_prose"
    found = column(name, cells)
    assert {question for question in questions.split(" ") if getattr(found, question)} == told


def test_values_come_commonest_first_and_ties_by_name():
    assert column("x", ["b", "a", "c", "", "c"]).values == ["c", "a", "b"]


def test_numbers_may_have_a_few_cells_that_are_none():
    cells = np.arange(100).astype(str)
    cells[:5] = "old"
    assert column("x", cells).numeric
    cells[5] = "old"
    assert not column("x", cells).numeric
