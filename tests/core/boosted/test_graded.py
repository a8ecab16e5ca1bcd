"""Graded trees: the grades and queries by hand, the order that is learned, and where steep gains save it."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from core.boosted import graded
from core.boosted.graded import doubling_gains, fit_graded, grades, queries, steep_gains
from core.errors import NotComputable
from tests.core.boosted.funnel_world import World, world

GAINS = steep_gains(4)


def fitted(part: World, later: World, gains: tuple[float, ...], seed: int = 0, trials: int = 1) -> graded.Trees:
    grade = grades(part.stage, part.converted, 4)
    query = queries(np.full(len(grade), np.datetime64("NaT"), dtype="datetime64[us]"), seed=seed)
    return fit_graded(part.x, grade, later.x, later.converted, gains=gains, query=query, seed=seed, trials=trials)


def test_grades_by_hand() -> None:
    stage = np.array([0, 1, 2, 3, 3, -1, 2, -1])
    sale_is_last = np.array([0, 0, 0, 1, 1, 1, np.nan, np.nan])
    assert grades(stage, sale_is_last, 4).tolist() == [0, 1, 2, 3, 3, -1, -1, -1]
    one_withdrew = np.array([0, 0, 0, 1, 0, 0, np.nan, 1])
    assert grades(stage, one_withdrew, 4).tolist() == [0, 1, 2, 4, 3, -1, -1, -1]
    one_bought_at_once = np.array([1, 0, 0, 1, 1, 0, 0, 1])
    assert grades(stage, one_bought_at_once, 4).tolist() == [4, 1, 2, 4, 4, -1, 2, -1]
    assert grades(stage[:0], sale_is_last[:0], 4).shape == (0,)


def test_gains_rise_and_steep_ones_make_a_sale_worth_twenty_leads_of_the_stage_before() -> None:
    assert doubling_gains(5) == (0, 1, 3, 7, 15)
    assert steep_gains(4) == pytest.approx((0, 0.1, 0.5, 10))
    assert steep_gains(5) == pytest.approx((0, 0.02, 0.1, 0.5, 10))
    for count in range(2, 12):
        gains = steep_gains(count)
        assert len(gains) == count and gains[0] == 0 and gains[-1] == 10
        assert (np.diff(gains) > 0).all() and gains[-2] in (0, 0.5)


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_a_query_is_of_one_week_and_never_above_its_limit(most: int) -> None:
    rng = np.random.default_rng(0)
    day = np.sort(rng.integers(0, 60, 2500)) if most > 1 else rng.integers(0, 60, 200)
    time = np.datetime64("2026-03-02") + day.astype("timedelta64[D]")  # a Monday
    time[:3] = np.datetime64("NaT")
    query = queries(time.astype("datetime64[us]"), seed=1, most=most)
    sizes = np.bincount(query)
    assert sizes.max() <= most and sizes.min() >= 1
    week = np.where(np.isnat(time), -1, day // 7)
    assert (pd.Series(week).groupby(query).nunique() == 1).all()
    of_week = pd.Series(query).groupby(week)
    assert (of_week.nunique() == np.ceil(of_week.size() / most)).all()
    np.testing.assert_array_equal(query, queries(time.astype("datetime64[us]"), seed=1, most=most))


def test_parts_of_a_week_are_shuffled() -> None:
    time = np.full(2000, np.datetime64("2026-03-02"), dtype="datetime64[us]")
    query = queries(time, seed=0)
    assert np.bincount(query).tolist() == [1000, 1000]
    assert 300 < query[:1000].sum() < 700
    assert (query != queries(time, seed=1)).any()


def test_trees_learn_the_order_report_their_precision_and_repeat_themselves() -> None:
    part, later, new = world(2500, 0), world(1000, 1), world(3000, 2)
    trees, again = (fitted(part, later, steep_gains(4), seed=3, trials=4) for _ in range(2))
    assert spearmanr(trees.score(new.x), new.logit).statistic > 0.5
    assert trees.validation == pytest.approx(average_precision_score(later.converted, trees.score(later.x)))
    assert 0 < trees.chosen["truncation_share"] <= 0.1
    np.testing.assert_array_equal(trees.score(new.x), again.score(new.x))


def test_two_grades_far_apart_are_told_apart() -> None:
    """By hand: one column is the grade itself, so each deeper lead must stand above each shallower one."""
    grade = np.repeat([0, 1, 2], 200)
    x, won = pd.DataFrame({"g": grade.astype(float)}), (grade == 2).astype(float)
    query = np.random.default_rng(0).integers(0, 3, 600)
    trees = fit_graded(x, grade, x, won, gains=(0.0, 1.0, 3.0), query=query, trials=1)
    low, middle, high = (trees.score(pd.DataFrame({"g": [value]}))[0] for value in (0.0, 1.0, 2.0))
    assert low < middle < high
    assert trees.validation == pytest.approx(1)


def test_steep_gains_hold_where_stages_are_unrelated_to_the_sale_and_doubling_ones_fall_behind() -> None:
    areas: dict[str, list[float]] = {"steep": [], "doubling": []}
    for seed in range(2):
        part, later, new = (world(n, 10 * seed + k, aligned=False) for k, n in enumerate((3000, 1000, 4000)))
        for name, gains in {"steep": steep_gains(4), "doubling": doubling_gains(4)}.items():
            areas[name].append(spearmanr(fitted(part, later, gains, seed).score(new.x), new.logit).statistic)
    assert np.mean(areas["steep"]) > 0.5
    assert np.mean(areas["steep"]) > np.mean(areas["doubling"])


def test_shuffled_grades_and_outcomes_teach_nothing() -> None:
    areas = []
    for seed in range(5):
        part, later, new = world(1000, seed), world(600, seed + 50), world(3000, seed + 90)
        rng = np.random.default_rng(seed)
        order, other = rng.permutation(1000), rng.permutation(600)
        part = World(part.x, part.stage[order], part.converted[order], part.logit)
        later = World(later.x, later.stage[other], later.converted[other], later.logit)
        areas.append(roc_auc_score(new.logit > np.median(new.logit), fitted(part, later, steep_gains(4)).score(new.x)))
    assert abs(np.mean(areas) - 0.5) < 0.1


def test_leads_of_unknown_grade_change_nothing() -> None:
    part, later = world(1500, 0), world(600, 1)
    grade, query = grades(part.stage, part.converted, 4), np.arange(1500) % 5
    seen = np.arange(1500) % 3 > 0
    whole = fit_graded(part.x, np.where(seen, grade, -1), later.x, later.converted, gains=GAINS, query=query, trials=1)
    some = fit_graded(part.x[seen], grade[seen], later.x, later.converted, gains=GAINS, query=query[seen], trials=1)
    np.testing.assert_array_equal(whole.score(later.x), some.score(later.x))


def test_a_search_on_whole_queries_ends_with_all_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graded, "TUNING_LEADS", 500)
    part, later = world(2000, 0), world(600, 1)
    query = np.arange(2000) % 10
    grade = grades(part.stage, part.converted, 4)
    trees = fit_graded(part.x, grade, later.x, later.converted, gains=GAINS, query=query, trials=1)
    assert trees.booster.num_trees() == trees.chosen["rounds"]
    assert trees.booster.dump_model()["tree_info"][0]["tree_structure"]["internal_count"] > 1000


def test_refuses_what_it_cannot_do() -> None:
    part, later = world(300, 0), world(200, 1)
    grade, one = grades(part.stage, part.converted, 4), np.zeros(300, dtype=int)

    def fit(grade, query=one, gains=(0.0, 1.0, 3.0, 7.0)):
        fit_graded(part.x, grade, later.x, later.converted, gains=gains, query=query, trials=1)

    with pytest.raises(NotComputable, match=r"two grades or more.*got=\[2\]"):
        fit(np.full(300, 2))
    with pytest.raises(NotComputable, match=r"two grades or more.*got=\[\]"):
        fit(np.full(300, -1))
    with pytest.raises(NotComputable, match="each of 4 grades, however: got=2"):
        fit(np.arange(300) % 4, gains=(0.0, 1.0))
    with pytest.raises(NotComputable, match="calibration part"):
        fit_graded(part.x, grade, later.x, np.zeros(200), gains=GAINS, query=one)
    many = pd.DataFrame({"a": np.arange(10_001.0)})
    with pytest.raises(NotComputable, match="10,000 leads at most, however: got=10,001"):
        fit_graded(
            many, np.arange(10_001) % 2, many, np.arange(10_001) % 2 * 1.0, gains=(0.0, 1.0), query=np.zeros(10_001)
        )
