"""Curves against the truth they were simulated from, and against what a history cannot tell."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import dblquad
from scipy.stats import binom, poisson

from core.decisions.economics.response import HALF, SPREAD, fit, read_history
from core.errors import ConfigError, NotComputable, ValidationError

CEILING, SCALE, USUAL = np.array([60.0, 30.0, 15.0]), np.array([8000.0, 3000.0, 1500.0]), np.array([5000.0, 3000, 2000])
NAMES = ["search", "fairs", "radio"]


def expected(spend: np.ndarray, ceiling: np.ndarray = CEILING, scale: np.ndarray = SCALE) -> np.ndarray:
    return ceiling * -np.expm1(-spend / scale)


def history(rng: np.random.Generator, periods: int = 24, scatter: float = 1.0) -> pd.DataFrame:
    spend = rng.uniform(0.3, 1.7, (periods, 3)) * USUAL
    mean = expected(spend)
    orders = rng.poisson(mean) if scatter == 1 else rng.negative_binomial(mean / (scatter - 1), 1 / scatter)
    return pd.DataFrame({"channel": NAMES * periods, "spend": spend.ravel(), "orders": orders.ravel()})


def test_draws_have_the_posterior_that_numerical_integration_gives() -> None:
    spend, orders = np.array([1.0, 2, 3, 4, 6, 8]), np.array([3, 6, 7, 9, 11, 12])
    found = fit(pd.DataFrame({"channel": "a", "spend": spend, "orders": orders}), draws=20_000)
    usual = np.log(np.median(spend))

    def density(ceiling: float, log_scale: float) -> float:
        chance = poisson.pmf(orders, expected(spend, np.array(ceiling), np.exp(log_scale))).prod()
        return float(chance * ceiling ** (HALF - 1) * np.exp(-(((log_scale - usual) / SPREAD) ** 2) / 2) * 1e9)

    def integral(weight: float) -> float:
        ends = (usual - 3, usual + 3.5, 1e-6, 400.0)
        whole, _ = dblquad(
            lambda a, b: density(a, b) * (expected(np.array(5.0), np.array(a), np.exp(b)) ** weight),
            *ends, epsabs=1e-5, epsrel=1e-4,
        )  # fmt: skip
        return whole

    # 20,000 draws of a standard deviation of about 1.2: the mean is known to 0.01.
    assert found.orders(np.array([5.0])).mean() == pytest.approx(integral(1) / integral(0), abs=0.05)


@pytest.mark.parametrize("scatter", [1.0, 3.0])
def test_intervals_hold_the_truth_as_often_as_they_say(scatter: float) -> None:
    probe, held = 1.3 * USUAL, []
    for seed in range(120):
        found = fit(history(np.random.default_rng(seed), scatter=scatter), draws=400, seed=seed)
        low, high = np.quantile(found.orders(probe), (0.025, 0.975), axis=0)
        held.append((low <= expected(probe)) & (expected(probe) <= high))
    # 360 intervals; the scatter is estimated too, so a little below 95% is allowed.
    assert binom(360, 0.93).ppf(0.005) / 360 <= np.mean(held) <= 0.99


def test_a_long_history_shows_the_curve() -> None:
    found = fit(history(np.random.default_rng(0), periods=2000))
    assert found.channels == tuple(NAMES)
    assert np.median(found.ceiling, axis=0) == pytest.approx(CEILING, rel=0.15)
    assert np.median(found.scale, axis=0) == pytest.approx(SCALE, rel=0.2)
    spend = USUAL.copy()
    step = (found.orders(spend + 0.5) - found.orders(spend - 0.5)).mean(axis=0)
    assert found.slope(spend).mean(axis=0) == pytest.approx(step, rel=1e-6)


def test_what_was_hardly_varied_stays_uncertain() -> None:
    rng = np.random.default_rng(0)
    spend = {"narrow": rng.uniform(990, 1010, 20), "wide": rng.uniform(100, 3000, 20)}
    parts = [
        pd.DataFrame(
            {"channel": name, "spend": x, "orders": rng.poisson(expected(x, np.array(40.0), np.array(1000.0)))}
        )
        for name, x in spend.items()
    ]
    found = fit(pd.concat(parts)).to_frame().set_index("channel")
    width = found["scale_high"] / found["scale_low"]
    assert width["narrow"] > 5 * width["wide"]


def test_curves_rise_ever_more_slowly_and_say_where_they_are_guesses() -> None:
    found = fit(history(np.random.default_rng(0)))
    curve = found.curve("fairs")
    rise = np.diff(curve["orders"])
    assert curve["orders"].iloc[0] == 0 and (rise > 0).all() and (np.diff(rise) < 0).all()
    assert (curve["low"] <= curve["orders"]).all() and (curve["orders"] <= curve["high"]).all()
    assert (curve["seen"] == (curve["spend"] <= found.most_seen[1])).all() and not curve["seen"].all()


def test_a_channel_without_an_order_may_still_bring_some() -> None:
    frame = pd.DataFrame({"channel": "a", "spend": [1.0, 2, 3, 4, 5, 0], "orders": 0})
    orders = fit(frame).orders(np.array([3.0]))
    assert (orders > 0).all() and orders.mean() < 1


def test_the_spend_of_now_is_that_of_the_last_periods() -> None:
    frame = pd.DataFrame({"channel": "a", "spend": [9.0, 9, 1, 2, 3, 4], "orders": 1})
    found = fit(frame, draws=5)
    assert found.spend_now.tolist() == [2.5] and found.most_seen.tolist() == [9]
    assert found.draw(3).ceiling.tolist() == [[found.ceiling[3, 0]]]
    assert found.to_dict()["channels"][0]["channel"] == "a" and found.to_dict()["draws"] == 5


def test_a_history_that_tells_nothing_is_refused_by_channel() -> None:
    frame = pd.DataFrame({"channel": ["a"] * 5 + ["b"] * 6, "spend": [1, 2, 3, 4, 5] + [7] * 6, "orders": 1})
    with pytest.raises(NotComputable, match=r"6 periods or more .* a has 5 periods; b always spent 7; give a longer"):
        fit(frame)
    with pytest.raises(ConfigError, match="draws must be 1 or more"):
        fit(frame, draws=0)


def test_a_history_is_checked_with_rows() -> None:
    frame = pd.DataFrame({"channel": ["a", "", "a"], "spend": ["1.000,50", "3", "0"], "orders": ["1,5", "2", "3"]})
    with pytest.raises(ValidationError) as wrong:
        read_history(frame)
    assert "the channel is empty (row 3)" in str(wrong.value) and "orders without any spend (row 4)" in str(wrong.value)
    read = read_history(frame.iloc[:1])
    assert read.to_dict("records") == [{"channel": "a", "spend": 1000.5, "orders": 1.5}]
    with pytest.raises(ValidationError, match=r"(?s)'channel': there is no such column.*'orders': there is no such"):
        read_history(pd.DataFrame({"spend": [1]}))
    with pytest.raises(ValidationError, match="a negative amount"):
        read_history(pd.DataFrame({"channel": ["a"], "spend": [-1], "orders": [1]}))
