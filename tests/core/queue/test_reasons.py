"""Reasons as text: edge cases beyond those that `test_build` walks through."""

import json

import numpy as np

from core.queue.reasons import reason_texts
from tests.made import make_leads

LEADS = make_leads(3)


def test_a_part_that_moved_nothing_is_no_reason() -> None:
    values = np.array([[0.0, np.nan], [0.5, 0.0], [np.inf, -0.25]])
    told = reason_texts(["a", "city"], values, LEADS)
    assert told[0] == "" and [name for name, _, _ in json.loads(told[1])] == ["a"]
    assert json.loads(told[2]) == [["city", LEADS.features["city"].iloc[2], -0.25]]


def test_no_parts_and_no_leads() -> None:
    assert reason_texts([], np.empty((3, 0)), LEADS) == ["", "", ""]
    assert reason_texts(["a"], np.empty((0, 1)), LEADS.take(np.array([], dtype=int))) == []


def test_equal_parts_keep_the_order_they_were_given_in() -> None:
    told = json.loads(reason_texts(["dialogue", "a"], np.ones((3, 2)), LEADS)[0])
    assert [name for name, _, _ in told] == ["dialogue", "a"]
