"""Dates of a lead file as waiting times."""

from __future__ import annotations

import pandas as pd
import pytest

from core.decisions.economics.waits import read_waits
from core.errors import NotComputable, ValidationError

LEADS = pd.DataFrame(
    {
        "came": ["2025-03-01 17:30", "2025-03-02", "05.03.2025", "2025-03-05"],
        "bought": ["2025-03-01", "", None, "2025-03-20"],
    }
)


def test_days_are_whole_and_run_to_the_newest_day() -> None:
    found = read_waits(LEADS, "came", "bought")
    assert found["days"].tolist() == [0, 18, 15, 15]
    assert found["ordered"].tolist() == [True, False, False, True]


def test_an_order_after_the_last_look_does_not_count_yet() -> None:
    found = read_waits(LEADS, "came", "bought", pd.Timestamp("2025-03-10 12:00"))
    assert found["days"].tolist() == [0, 8, 5, 5]
    assert found["ordered"].tolist() == [True, False, False, False]


def test_a_file_without_order_dates_is_told_which_column_it_needs() -> None:
    with pytest.raises(NotComputable, match="the day on which it ordered, however: there is no column 'bought'"):
        read_waits(LEADS[["came"]], "came", "bought")
    with pytest.raises(NotComputable, match="the day on which a lead came"):
        read_waits(LEADS[["bought"]], "came", "bought")
    with pytest.raises(NotComputable, match="'bought' holds no date up to 2025-03-05"):
        read_waits(LEADS.assign(bought=""), "came", "bought")
    with pytest.raises(NotComputable, match="the file has none"):
        read_waits(LEADS.iloc[:0], "came", "bought")


def test_every_wrong_row_is_named_whatever_the_index() -> None:
    leads = LEADS.assign(came=["", "soon", "2025-03-05", "2025-03-21"]).set_axis([5, 5, 9, 9])
    with pytest.raises(ValidationError) as caught:
        read_waits(leads, "came", "bought", pd.Timestamp("2025-03-20"))
    told = str(caught.value)
    assert "column 'came': the date is missing (row 2)" in told
    assert "column 'came': not a date, such as 'soon' (row 3)" in told
    assert "column 'bought': an order before the lead came, such as '2025-03-20' (row 5)" in told
    assert "column 'came': later than 2025-03-20, the last look, such as '2025-03-21' (row 5)" in told
