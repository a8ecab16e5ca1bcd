"""What a new scoring changed, and which leads are due."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.decisions.economics.changes import changed, due
from core.errors import ConfigError, ValidationError

BEFORE = pd.DataFrame(
    {
        "lead_id": ["a", "b", "c", "d", "e"],
        "probability": [0.5, 0.4, 0.3, 0.2, 0.1],
        "rank": [1, 2, 3, 4, 5],
        "stage": ["call", "call", "call", "store_visit", "call"],
        "calls": [1, 2, 1, 0, 0],
        "budget": [20_000.0, np.nan, 15_000, 9_000, np.nan],
        "model": "june",
    }
)
AFTER = pd.DataFrame(
    {
        "lead_id": ["f", "d", "b", "a", "e"],
        "probability": [0.9, 0.6, 0.45, 0.5, 0.1],
        "rank": [1, 2, 3, 4, 5],
        "stage": ["call", "test_drive", "call", "call", "call"],
        "calls": [1, 1, 2, 1, 0],
        "budget": [1.0, 9_000.0, 25_000, 20_000 * (1 + 1e-12), np.nan],
        "model": "june",
    }
)


def test_says_what_changed_and_why_greatest_first() -> None:
    found = changed(BEFORE, AFTER).set_index("lead_id")
    assert list(found.columns) == ["rank_before", "rank_after", "chance_before", "chance_after", "why"]
    assert found.index.tolist() == ["f", "d", "c", "b", "a"]
    assert found["why"].to_dict() == {
        "f": "new lead",
        "d": "new call (0 to 1); stage: store_visit to test_drive",
        "c": "no longer in the list",
        "b": "budget: unknown to 25000",
        "a": "other leads moved",
    }
    assert found.iloc[1, :4].tolist() == [4, 2, 0.2, 0.6]
    assert found["rank_before"].isna().tolist() == [True, False, False, False, False]
    assert found["chance_after"].isna().tolist() == [False, False, True, False, False]


def test_a_new_model_is_a_reason_for_every_lead_and_comes_last() -> None:
    found = changed(BEFORE, AFTER.assign(model="july")).set_index("lead_id")["why"]
    assert found["e"] == "new model (june to july)"
    assert found["b"] == "budget: unknown to 25000; new model (june to july)"


def test_numbers_are_shown_short_but_never_alike() -> None:
    before = BEFORE.assign(budget=[1 / 3, 1e-7, 1234567, 0, 0])
    after = BEFORE.assign(budget=[2 / 3, 2e-7, 1234568, 0, 0])
    assert changed(before, after)["why"].tolist() == [
        "budget: 0.3333 to 0.6667",
        "budget: 1e-07 to 2e-07",
        "budget: 1234567 to 1234568",
    ]


def test_the_same_scoring_changed_nothing_in_whatever_order() -> None:
    assert len(changed(BEFORE, BEFORE.sample(frac=1, random_state=0).set_axis(list("vwxyz")))) == 0
    assert len(changed(BEFORE.iloc[:0], BEFORE.iloc[:0])) == 0
    assert changed(BEFORE.iloc[:0], BEFORE)["why"].tolist() == ["new lead"] * 5


def test_a_chance_that_moved_without_a_column_to_tell_is_still_shown() -> None:
    before, after = (frame[["lead_id", "probability", "rank"]] for frame in (BEFORE, AFTER))
    assert set(changed(before, after)["lead_id"]) == set("abcdf")


def test_leads_are_due_by_event_or_after_a_week() -> None:
    now = AFTER.drop(columns=["probability", "rank"])
    assert due(BEFORE, now, days_since=2)["lead_id"].tolist() == ["f", "d", "b"]
    weekly = due(BEFORE, now, days_since=7).set_index("lead_id")["why"]
    assert len(weekly) == 5 and weekly["e"] == "last scored 7 days ago" and weekly["f"] == "new lead"
    assert due(BEFORE, now.assign(model="july"), 0)["why"].str.contains("model|new lead").all()
    with pytest.raises(ConfigError, match="every > 0"):
        due(BEFORE, now, 1, every=0)


def test_scorings_that_make_no_sense_are_refused_with_rows() -> None:
    with pytest.raises(ValidationError, match=r"'probability': no number between 0 and 1 in 'after', .*\(row 3\)"):
        changed(BEFORE, AFTER.assign(probability=[0.5, 1.5, 0.1, 0.1, 0.1]))
    with pytest.raises(ValidationError, match=r"empty or repeated in 'before', such as 'a' \(rows 2, 3\)"):
        changed(BEFORE.assign(lead_id=["a", "a", "c", "d", "e"]), AFTER)
    with pytest.raises(ValidationError, match="'rank': no number of 1 or more in 'before'"):
        changed(BEFORE.assign(rank=0), AFTER)
    with pytest.raises(ValidationError, match="column 'rank': the scoring 'after' has no such column"):
        changed(BEFORE, AFTER.drop(columns="rank"))
