"""A lead's profile and priority: order kept, parts that sum, ranges, and weights that make no sense."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decisions.economics.profile import QUESTIONS, Question, priority, profile, scaled, shares
from core.errors import ConfigError, ValidationError

ANSWERS = pd.DataFrame(
    {
        "chance_within": [0.02, 0.10, 0.10, 0.40],
        "chance_within_low": [0.01, 0.05, 0.02, 0.30],
        "chance_within_high": [0.05, 0.20, 0.30, 0.60],
        "days": [30.0, 20.0, np.nan, 4.0],
        "minutes": [5, 60, 20, 20],
        "profit": ["900 €", "1.200,50 €", "0", "-100"],
        "fit": [1, 0, 0.5, 0.25],
    },
    index=list("abcd"),
)


def test_answers_become_shares_with_ranges_turned_the_right_way() -> None:
    found = profile(ANSWERS)
    assert found.index.tolist() == list("abcd") and found.shape == (4, 15)
    assert found["conversion"].tolist() == [0.125, 0.5, 0.5, 0.875]
    assert found["speed"].iloc[[0, 1, 3]].tolist() == pytest.approx([1 / 6, 3 / 6, 5 / 6])
    assert np.isnan(found["speed"].iloc[2]) and found["speed_low"].isna().all()
    assert found["effort"].tolist() == [0.875, 0.125, 0.5, 0.5]
    assert found["profit"].tolist() == [0.625, 0.875, 0.375, 0.125]
    assert found["fit"].tolist() == [1, 0, 0.5, 0.25]
    assert found["conversion_low"].tolist() == [0, 0.25, 0.125, 0.75]
    assert found["conversion_high"].tolist() == [0.25, 0.75, 0.75, 1]


def test_where_less_is_better_the_long_end_is_the_low_one() -> None:
    answers = pd.DataFrame({"days": [10.0, 20], "days_low": [5.0, 15], "days_high": [30.0, 25]})
    found = profile(answers, [Question("speed", "days", False, "logistic", middle=10, spread=5)])
    assert found["speed"].tolist() == pytest.approx([0.5, 1 / (1 + np.e**2)])
    assert found["speed_low"].tolist() == pytest.approx([1 / (1 + np.e**4), 1 / (1 + np.e**3)])
    assert found["speed_high"].tolist() == pytest.approx([1 / (1 + np.e**-1), 1 / (1 + np.e)])


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30),
    st.sampled_from(["rank", "logistic"]),
    st.booleans(),
)
def test_a_map_never_turns_the_order_of_two_leads_and_stays_within_0_and_1(
    values: list[float], scale: str, more: bool
) -> None:
    answer = np.array(values)
    found = scaled(answer, answer, Question("q", "q", more, scale, middle=3, spread=40))
    assert ((found >= 0) & (found <= 1)).all()
    order = np.argsort(answer if more else -answer)
    assert (np.diff(found[order]) >= 0).all()
    if scale == "rank":
        assert found.mean() == pytest.approx(0.5)


def test_contributions_sum_to_the_priority_and_weights_are_told() -> None:
    weights = {"conversion": 5, "speed": 2, "profit": 2, "fit": 1}
    found = priority(profile(ANSWERS), weights)
    assert found.how == "conversion 50%, speed 20%, profit 20%, fit 10%"
    parts = [name for name in found.frame.columns if name.startswith("part:")]
    assert parts == ["part:conversion", "part:speed", "part:profit", "part:fit"]
    np.testing.assert_allclose(found.frame[parts].sum(axis=1), found.frame["priority"])
    assert found.frame["priority"]["a"] == pytest.approx(0.5 * 0.125 + 0.2 / 6 + 0.2 * 0.625 + 0.1)
    assert found.frame["unknown"].tolist() == ["", "", "speed", ""]
    assert found.frame["part:speed"]["c"] == pytest.approx(0.2 * 0.5)
    assert priority(profile(ANSWERS), {"fit": 3}).frame["priority"].tolist() == [1, 0, 0.5, 0.25]


def test_the_range_is_that_of_independent_answers() -> None:
    found = priority(profile(ANSWERS), {"conversion": 1, "fit": 1}).frame
    assert found["low"]["a"] == pytest.approx(found["priority"]["a"] - 0.5 * 0.125)
    assert found["high"]["a"] == pytest.approx(found["priority"]["a"] + 0.5 * 0.125)
    unknown = priority(profile(ANSWERS), {"conversion": 1, "speed": 1}).frame.loc["c"]
    assert unknown["high"] - unknown["priority"] == pytest.approx(np.hypot(0.5 * 0.25, 0.5 * 0.5))
    rng = np.random.default_rng(0)
    middle = rng.random((200, 2))
    answers = pd.DataFrame({"a": middle[:, 0], "b": middle[:, 1]})
    for name in "ab":
        answers[f"{name}_low"], answers[f"{name}_high"] = answers[name] * 0.4, 1 - (1 - answers[name]) * 0.3
    both = priority(profile(answers, [Question(q, q, scale="as it is") for q in "ab"]), {"a": 2, "b": 1}).frame
    assert (both["low"] >= 0).all() and (both["high"] <= 1).all()


def test_weights_that_make_no_sense_are_refused() -> None:
    known = profile(ANSWERS)
    for weights, told in (
        ({"luck": 1.0}, "one of conversion, speed, effort, profit, fit, however: got='luck'"),
        ({"speed": -1.0}, "0 or more"),
        ({"speed": float("nan")}, "0 or more"),
        ({"speed": 0.0}, "all of them are 0"),
        ({}, "all of them are 0"),
    ):
        with pytest.raises(ConfigError, match=told):
            priority(known, weights)
    assert sum(shares({"a": 1, "b": 2}, "abc").values()) == pytest.approx(1)


def test_answers_that_make_no_sense_are_refused_with_rows() -> None:
    wrong = ANSWERS.assign(fit=[2, 0, 0, 0], days=["soon", 1, 2, 3], chance_within_low=[0.9, 0, 0, 0])
    with pytest.raises(ValidationError) as caught:
        profile(wrong.drop(columns="minutes"))
    told = str(caught.value)
    assert "column 'fit': not between 0 and 1, such as '2' (row 2)" in told
    assert "column 'days': not a number, such as 'soon' (row 2)" in told
    assert "column 'chance_within': outside of its own range (row 2)" in told
    assert "column 'minutes': there is no such column" in told


def test_questions_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="different names"):
        profile(ANSWERS, [QUESTIONS[0], QUESTIONS[0]])
    with pytest.raises(ConfigError, match="different names"):
        profile(ANSWERS, [])
    with pytest.raises(ConfigError, match="scale must be one of rank, logistic, as it is"):
        Question("a", "b", scale="linear")
    with pytest.raises(ConfigError, match="spread one above 0"):
        Question("a", "b", spread=0)
    with pytest.raises(ConfigError, match="needs a name and a column"):
        Question("", "b")


def test_no_leads_no_rows() -> None:
    assert len(priority(profile(ANSWERS.iloc[:0]), {"conversion": 1}).frame) == 0
