"""What tells the outcome too well is a leak; what is merely strong, or known before, is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.data.columns import Column
from core.data.leaks import leak

ROWS = 600
WON = np.arange(ROWS) % 5 == 0
OUTCOME = WON.astype(float)


def column(name: str, cells) -> Column:
    return Column(name, pd.Series(cells))


@pytest.mark.parametrize(
    ("name", "cells", "words"),
    [
        ("closed_date", ["2025-12-01"] * ROWS, "in its name"),
        ("filled_after", np.where(WON, "a", ""), "whether it is filled in"),
        ("bonus", (np.arange(ROWS) % 7 + 100 * WON).astype(str), "it alone tells the outcome"),
        ("code", np.where(WON, "V1", "V2"), "its values tell the outcome"),
        ("seen", np.where(np.arange(ROWS) % 5 < 2, "1", "0"), "none of the 360 leads with '0'"),
    ],
)
def test_each_kind_of_leak_is_told_with_its_reason(name, cells, words):
    reason = leak(column(name, cells), OUTCOME)
    assert reason is not None and words in reason


@pytest.mark.parametrize("name", ["specialist_win_rate", "last_order_value", "close_rate", "winter_tyres", "lossless"])
def test_a_name_that_speaks_of_the_past_is_none(name):
    random = np.random.default_rng(2)
    assert leak(column(name, random.random(ROWS).round(2).astype(str)), OUTCOME) is None


def test_a_strong_feature_is_none():
    strong = np.random.default_rng(3).normal(WON * 1.5, 1).round(2).astype(str)  # AUC about 0.86
    assert leak(column("strong", strong), OUTCOME) is None


def test_a_value_that_never_converts_is_one_only_where_chance_cannot_explain_it():
    number = np.arange(ROWS)
    few = np.where(number < 60, OUTCOME, 0.0)
    assert leak(column("visited", np.where(number < 300, "1", "0")), few) is None
    assert leak(column("visited", np.where(number % 5 < 2, "1", "0")), OUTCOME) is not None


def test_without_outcomes_only_names_tell():
    assert leak(column("code", np.where(WON, "V1", "V2")), None) is None
    assert leak(column("won_reason", np.where(WON, "price", "")), None) is not None
    assert leak(column("code", np.where(WON, "V1", "V2")), np.where(number_of_known(9), OUTCOME, np.nan)) is None


def number_of_known(converted: int) -> np.ndarray:
    """Rows up to which only so many converted."""
    return np.cumsum(WON) <= converted
