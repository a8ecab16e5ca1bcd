"""Rules: the deeper stage always first, ties stay ties, and what is unknown comes last."""

import numpy as np
import pytest

from core.heuristics import funnel_recency, newest, two_stage


def order(score: np.ndarray) -> list[int]:
    return np.argsort(-score, kind="stable").tolist()


def test_newest_first_unknown_last_and_equal_times_tie() -> None:
    time = np.array(["2026-03-01T08:00", "NaT", "2026-03-02T09:00", "2026-03-01T08:00"], dtype="datetime64[us]")
    score = newest(time)
    assert order(score) == [2, 0, 3, 1]
    assert score[0] == score[3]
    assert newest(time.astype("datetime64[ns]")).tolist() == score.tolist()


def test_stage_before_recency_and_recency_within() -> None:
    stage = np.array([0, 3, 3, 1, -1, 3])
    recency = np.array([-0.5, -40.0, -2.0, np.nan, 0.0, np.nan])
    assert order(funnel_recency(stage, recency)) == [2, 1, 5, 3, 0, 4]


def test_a_missing_recency_comes_last_of_its_stage_only() -> None:
    score = funnel_recency(np.array([1, 1, 0, 1]), np.array([np.nan, -999.0, 0.0, np.nan]))
    assert order(score) == [1, 0, 3, 2]
    assert score[0] == score[3]


def test_unknown_stages_come_last_whether_minus_one_or_nan() -> None:
    score = two_stage(np.array([np.nan, 0.0, -1.0]), np.array([0.5, -100.0, 0.5]))
    assert order(score) == [1, 0, 2]
    assert score[0] == score[2]


def test_two_stage_keeps_the_models_order_and_ties_within_a_group() -> None:
    rng = np.random.default_rng(0)
    stage, model = rng.integers(0, 4, 500), rng.integers(0, 60, 500) / 7 - 4
    score = two_stage(stage, model)
    expected = np.lexsort((-model, -stage))
    assert (stage[order(score)] == stage[expected]).all()
    assert (model[order(score)] == model[expected]).all()
    assert len(np.unique(score)) == len(np.unique(np.column_stack([stage, model]), axis=0))


def test_stages_less_than_one_apart_keep_their_order() -> None:
    stage, recency = np.array([0.2, 0.3, 1e9, 0.25]), np.array([9.0, 1.0, 0.0, 5.0])
    assert order(funnel_recency(stage, recency)) == [2, 1, 3, 0]


@pytest.mark.parametrize("rule", [funnel_recency, two_stage])
def test_no_leads_no_scores(rule) -> None:
    assert rule(np.empty(0), np.empty(0)).shape == (0,)
    assert newest(np.empty(0, dtype="datetime64[us]")).shape == (0,)
