import json
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decisions.economics.depth import against, cost_of_wrong_order, one_more_person, profit_curve
from core.errors import ConfigError, NotComputable, ValidationError

LEADS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 500)), min_size=1, max_size=30)
RNG = np.random.default_rng(11)
CHANCE = RNG.beta(1, 9, 800)
MARGIN = RNG.gamma(4, 100, 800)


@given(LEADS, st.floats(0, 100), st.floats(0, 1000))
def test_every_depth_is_the_sum_of_its_leads(leads: list[tuple[float, float]], call: float, fixed: float) -> None:
    chance, margin = np.array(leads).T
    curve = profit_curve(chance, margin, call, fixed)
    values = sorted((chance * margin).tolist(), reverse=True)
    expected = [sum(values[:depth]) - call * depth - fixed for depth in range(len(values) + 1)]
    assert curve.depth.tolist() == list(range(len(values) + 1))
    assert curve.profit == pytest.approx(expected, abs=1e-6)
    assert curve.best_profit.value == pytest.approx(max(expected), abs=1e-6)
    assert curve.best_from <= curve.best_depth <= curve.best_to
    assert (curve.low <= curve.profit).all() and (curve.profit <= curve.high).all()


def test_no_lead_worth_its_call_is_a_depth_of_0() -> None:
    curve = profit_curve([0.01, 0.02], 100, 5, fixed_cost=30)
    assert curve.best_depth == 0 and curve.best_profit.value == -30
    assert json.loads(json.dumps(curve.to_dict()))["best_profit"] == {"value": -30.0, "low": -30.0, "high": -30.0}


def test_an_order_of_ones_own_is_followed() -> None:
    curve = profit_curve([0.1, 0.9, 0.5], 100, 20, order=[0, 2, 1])
    assert curve.profit == pytest.approx([0, -10, 20, 90])
    for wrong in ([0, 1], [0, 1, 1], [0.0, 1.0, 2.0], [1, 2, 3]):
        with pytest.raises(ConfigError, match="each of the positions 0 to 2 once"):
            profit_curve([0.1, 0.9, 0.5], 100, 20, order=wrong)


def test_intervals_hold_what_happens_as_often_as_they_say() -> None:
    curve = profit_curve(CHANCE, MARGIN, 30)
    places = np.argsort(-CHANCE * MARGIN, kind="stable")
    ordered = np.random.default_rng(2).random((4_000, 800)) < CHANCE[places]
    happened = (ordered * MARGIN[places] - 30).cumsum(axis=1)
    for depth in (200, 500, 800):
        figure = curve.at(depth)
        held = (happened[:, depth - 1] >= figure.low) & (happened[:, depth - 1] <= figure.high)
        assert held.mean() == pytest.approx(0.95, abs=0.015)
    more = happened[:, 399] - happened[:, 299]
    figure = one_more_person(curve, 300, 100)
    assert more.mean() == pytest.approx(figure.value, abs=4 * more.std() / 63)
    assert ((more >= figure.low) & (more <= figure.high)).mean() == pytest.approx(0.95, abs=0.015)


def test_chances_that_are_wrong_together_widen_the_interval() -> None:
    sure = profit_curve(CHANCE, MARGIN, 30)
    curve = profit_curve(CHANCE, MARGIN, 30, low=CHANCE * 0.8, high=np.minimum(1, CHANCE * 1.5))
    assert (curve.profit == sure.profit).all() and (curve.low[1:] < sure.low[1:]).all()
    under = profit_curve(CHANCE * 0.8, MARGIN, 30).profit
    assert curve.under == pytest.approx(curve.profit - under, rel=1e-6, abs=1e-6)
    assert (curve.high - curve.profit)[1:].min() >= (curve.profit - curve.low)[1:].min()
    assert one_more_person(curve, 300, 100).low < one_more_person(sure, 300, 100).low


def test_a_long_curve_is_thinned_but_exact_where_it_matters() -> None:
    chance = np.random.default_rng(3).beta(0.5, 20, 50_000)
    curve = profit_curve(chance, 700, 20, at=(12_345,))
    values = np.sort(chance)[::-1] * 700 - 20
    assert len(curve.depth) <= 2_000 and len(curve.to_frame()) == len(curve.depth)
    assert curve.depth[0] == 0 and curve.depth[-1] == 50_000
    assert curve.best_depth == (values > 0).sum()
    assert curve.best_profit.value == pytest.approx(values[values > 0].sum())
    assert curve.at(12_345).value == pytest.approx(values[:12_345].sum())


def test_depths_within_luck_of_the_best_are_told() -> None:
    curve = profit_curve(np.linspace(0.5, 0.0, 1001), 100, 25)
    assert curve.best_from < curve.best_depth == 500 < curve.best_to
    wide = profit_curve(np.linspace(0.5, 0.0, 100_001), 100, 25)
    share = (wide.best_to - wide.best_from) / 100_001
    assert share < (curve.best_to - curve.best_from) / 1001  # many leads tell it better


def test_one_more_person_has_the_next_leads_and_no_more_than_there_are() -> None:
    curve = profit_curve([0.9, 0.5, 0.1], 100, 20)
    assert one_more_person(curve, 1, 1).value == pytest.approx(30)
    assert one_more_person(curve, 1, 5).value == pytest.approx(20)
    assert one_more_person(curve, 3, 5).value == 0
    with pytest.raises(ConfigError, match="between 0 and the 3 leads, however: got=4"):
        one_more_person(curve, 4, 5)
    with pytest.raises(ConfigError, match="got=-1"):
        one_more_person(curve, -1, 5)
    with pytest.raises(ConfigError, match="calls_per_person must be at least 1"):
        one_more_person(curve, 1, 0)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1), st.integers(1, 50)), min_size=1, max_size=6))
def test_random_and_perfect_orders_are_those_of_all_orders(leads: list[tuple[float, int, int]]) -> None:
    chance, outcome, margin = np.array(leads).T
    lines = against(chance, margin, 3, outcome=outcome)
    brought = outcome * margin - 3.0
    orders = np.array(list(permutations(brought)))
    sums = np.concatenate([np.zeros((len(orders), 1)), orders.cumsum(axis=1)], axis=1)
    by_order = {name: part["profit"].to_numpy() for name, part in lines.groupby("order")}
    assert by_order["random"] == pytest.approx(sums.mean(axis=0), abs=1e-9)
    assert by_order["perfect"] == pytest.approx(sums.max(axis=0), abs=1e-9)
    places = np.argsort(-(chance * margin), kind="stable")
    assert by_order["model"][1:] == pytest.approx(brought[places].cumsum(), abs=1e-9)
    assert (lines[lines["order"] == "perfect"]["gap"] <= 1e-9).all()


def test_without_outcomes_there_is_no_perfect_order() -> None:
    lines = against(CHANCE, MARGIN, 30, fixed_cost=100)
    assert lines["order"].unique().tolist() == ["model", "random"]
    found = cost_of_wrong_order(lines, 100)
    curve = profit_curve(CHANCE, MARGIN, 30, 100)
    model, by_chance = found["profit"]
    assert model == pytest.approx(curve.at(100).value)
    assert by_chance == pytest.approx((CHANCE * MARGIN - 30).sum() / 8 - 100)
    assert found["gap"].tolist() == pytest.approx([0, model - by_chance])
    with pytest.raises(ConfigError, match=r"hold no depth of 900 calls; make them with at=\(900,\)"):
        cost_of_wrong_order(lines, 900)


def test_the_gaps_hold_what_happens_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    truth, held, drawn = cost_of_wrong_order(against(CHANCE, MARGIN, 30), 200).iloc[1], [], []
    for _ in range(600):
        outcome = (rng.random(800) < CHANCE).astype(float)
        found = cost_of_wrong_order(against(CHANCE, MARGIN, 30, outcome=outcome), 200)
        held.append(found["low"][1] <= truth["gap"] <= found["high"][1])
        drawn.append((found["gap"][2], found["low"][2], found["high"][2]))
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)
    gap, low, high = np.array(drawn).T
    assert ((low <= gap.mean()) & (gap.mean() <= high)).mean() >= 0.93


def test_impossible_input_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"outside 0\.\.1, such as '1.2' \(row 3\)"):
        profit_curve([0.1, 1.2], 100, 5)
    with pytest.raises(ConfigError, match="cost_per_call must be a number of at least 0, however: got=-5"):
        profit_curve([0.1], 100, -5)
    with pytest.raises(ConfigError, match="margin must be a number of at least 0, however: got=-1 in row 3"):
        profit_curve([0.1, 0.2], [1, -1], 5)
    with pytest.raises(ConfigError, match="between 0 and the 2 leads, however: got=7"):
        profit_curve([0.1, 0.2], 100, 5, at=(7,))
    with pytest.raises(NotComputable, match="one chance a lead"):
        profit_curve([], 100, 5)
    with pytest.raises(NotComputable, match="must be 0 or 1"):
        against([0.1, 0.2], 100, 5, outcome=[1, 2])
