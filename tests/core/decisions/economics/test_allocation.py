"""Splits of a budget against brute force, against another solver and against what marks the best one."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from core.decisions.economics.allocation import allocate, best_spend, thompson_split
from core.decisions.economics.response import Responses
from core.errors import ConfigError, NotComputable


def responses(ceiling: np.ndarray, scale: np.ndarray) -> Responses:
    channels = tuple("abcdefgh"[: ceiling.shape[1]])
    now = np.full(len(channels), 1000.0)
    return Responses(channels, ceiling, scale, now, now)


def profit(of: Responses, spend: np.ndarray, margin: float) -> float:
    return float(of.orders(spend).sum(axis=1).mean() * margin - spend.sum())


@st.composite
def worlds(draw: st.DrawFn, channels: int = 3, draws: int = 4) -> Responses:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    many = draw(st.sampled_from([1, draws]))
    size = (many, draw(st.integers(1, channels)))
    return responses(np.exp(rng.normal(3, 1, size)), np.exp(rng.normal(7, 1, size)))


MARGINS, BUDGETS = st.sampled_from([20.0, 100.0, 1000.0]), st.sampled_from([100.0, 3000.0, 30_000.0])


@given(worlds(), MARGINS, BUDGETS)
def test_no_split_on_a_grid_earns_more(world: Responses, margin: float, budget: float) -> None:
    spend = best_spend(world, budget, margin)
    assert (spend >= 0).all() and spend.sum() <= budget * (1 + 1e-9)
    shares = [share for share in itertools.product(np.linspace(0, 1, 11), repeat=len(spend)) if sum(share) <= 1 + 1e-9]
    best = max(profit(world, budget * np.array(share), margin) for share in shares)
    assert profit(world, spend, margin) >= best - 1e-6 * max(abs(best), 1)


@given(worlds(channels=6), MARGINS, BUDGETS)
@settings(max_examples=40)
def test_another_solver_finds_no_better_split_within_bounds(world: Responses, margin: float, budget: float) -> None:
    channels = len(world.channels)
    lows, highs = np.full(channels, 0.05 * budget), np.full(channels, 0.6 * budget)
    spend = best_spend(world, budget, margin, lows=lows, highs=highs)
    assert (spend >= lows).all() and (spend <= highs).all() and spend.sum() <= budget * (1 + 1e-9)
    other = minimize(
        lambda share: -profit(world, share * budget, margin) / budget,
        np.full(channels, min(0.6, 1 / channels)),
        jac=lambda share: 1 - margin * world.slope(share * budget).mean(axis=0),
        bounds=[(0.05, 0.6)] * channels,
        constraints={"type": "ineq", "fun": lambda share: 1 - share.sum(), "jac": lambda _: -np.ones(channels)},
        method="SLSQP",
        options={"ftol": 1e-12},
    )
    found = profit(world, spend, margin)
    # Its splits pass the budget by rounding, hence the slack on either side.
    assert found >= -other.fun * budget - 1e-5 * budget
    assert found <= -other.fun * budget + 1e-3 * budget


@given(worlds(channels=6, draws=20), MARGINS, BUDGETS)
def test_the_last_money_brings_as_much_everywhere(world: Responses, margin: float, budget: float) -> None:
    found = allocate(world, budget, margin)
    rows = found.frame
    free = rows[(rows["spend"] > 0) & (rows["spend"] < budget)]
    price = rows["marginal_return"].max()
    assert free["marginal_return"].to_numpy() == pytest.approx(np.full(len(free), price), rel=1e-6)
    if found.kept > 1e-6 * budget:
        assert price <= 1 + 1e-9
    if len(free):
        assert price >= 1 - 1e-6


def test_a_split_carries_its_uncertainty_and_what_it_gains() -> None:
    rng = np.random.default_rng(0)
    world = responses(np.exp(rng.normal([4, 2, 3], 0.2, (500, 3))), np.exp(rng.normal([7, 7, 8], 0.3, (500, 3))))
    found = allocate(world, 3000.0, 200.0)
    rows = found.frame.set_index("channel")
    assert (
        rows["spend"].idxmax() == "a" and rows["spend"].sum() == pytest.approx(3000) and found.kept == pytest.approx(0)
    )
    assert (rows["low"] < rows["orders"]).all() and (rows["orders"] < rows["high"]).all()
    assert rows["beyond"].to_dict() == {"a": True, "b": False, "c": rows["spend"]["c"] > 1000}
    assert found.gain.value == pytest.approx(found.profit.value - found.profit_now.value)
    assert found.gain.low < found.gain.value < found.gain.high and 0.5 < found.chance_better <= 1
    said = json.loads(json.dumps(found.to_dict()))
    assert said["profit"]["low"] < said["profit"]["value"] and len(said["channels"]) == 3
    assert said["how"].startswith("3,000 EUR a month is split so that the last EUR")


def test_money_that_no_channel_earns_back_is_kept() -> None:
    world = responses(np.array([[10.0]]), np.array([[1000.0]]))
    found = allocate(world, 1e6, 200.0)
    # 200 * 10 / 1000 * exp(-x / 1000) = 1
    assert found.frame["spend"].tolist() == pytest.approx([1000 * np.log(2)])
    assert found.kept == pytest.approx(1e6 - 1000 * np.log(2)) and "no channel would earn it back" in found.how
    assert allocate(world, 1e6, 50.0).frame["spend"].tolist() == [0]
    assert allocate(world, 0.0, 200.0).frame["spend"].tolist() == [0]
    assert allocate(world, 500.0, 50.0, lows=500.0).frame["spend"].tolist() == [500]


def test_thompson_sampling_varies_what_is_uncertain_and_keeps_to_the_budget() -> None:
    rng = np.random.default_rng(0)
    ceiling, scale = np.full((300, 2), 40.0), np.full((300, 2), 1000.0)
    sure = thompson_split(responses(ceiling, scale), 2000.0, 200.0)
    assert sure["spend"].tolist() == pytest.approx([1000, 1000]) and (sure["high"] - sure["low"]).max() < 1e-6
    open_ = responses(ceiling * np.exp(rng.normal(0, 0.5, (300, 2))), scale)
    splits = [thompson_split(open_, 2000.0, 200.0, draws=1, seed=seed)["spend"].to_numpy() for seed in range(50)]
    assert np.std(splits, axis=0).min() > 100 and np.sum(splits, axis=1) == pytest.approx(np.full(50, 2000.0))
    wide = thompson_split(open_, 2000.0, 200.0)
    assert (wide["high"] - wide["low"]).min() > 400
    again = thompson_split(open_, 2000.0, 200.0)
    assert again.equals(wide)


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"budget": -1.0}, "budget must be an amount of 0 or more, however: got=-1.0"),
        ({"margin": 0.0}, "margin must be above 0, however: a has got=0"),
        ({"margin": [1.0, 2.0, 3.0]}, "margin must be one number or one for each of a, b"),
        ({"lows": [0.0, 50.0], "highs": [10.0, 20.0]}, "b has got=50 to 20"),
        ({"lows": -5.0}, "a has got=-5 to"),
    ],
)
def test_settings_out_of_range_are_named(settings_: dict, message: str) -> None:
    world = responses(np.ones((1, 2)), np.ones((1, 2)))
    with pytest.raises(ConfigError, match=message):
        allocate(world, **{"budget": 100.0, "margin": 10.0} | settings_)


def test_bounds_that_no_budget_meets_are_refused() -> None:
    world = responses(np.ones((1, 2)), np.ones((1, 2)))
    with pytest.raises(NotComputable, match="must get 120 together at least, however: the budget is 100"):
        allocate(world, 100.0, 10.0, lows=60.0)
    with pytest.raises(ConfigError, match="draws must be 1 or more"):
        thompson_split(world, 100.0, 10.0, draws=0)
