from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decisions.economics.pricing import (
    LEVERS,
    Levers,
    expected_profit,
    lead_prices,
    price_ceiling,
    price_floor,
    tornado,
)
from core.errors import ConfigError, NotComputable, ValidationError

CAR = Levers(0.2, revenue_high=3_000, cost_high=500, revenue_low=50, cost_low=100)
AMOUNT = st.floats(0, 1e5)
ANY = st.builds(Levers, st.floats(0, 1), AMOUNT, AMOUNT, AMOUNT, AMOUNT)


def by_lever(found: pd.DataFrame) -> dict[str, dict[Hashable, Any]]:
    return {row.pop("lever"): row for row in found.to_dict("records")}


@pytest.mark.parametrize(("p", "profit"), [(0.0, -50.0), (0.2, 460.0), (1.0, 2_500.0)])
def test_expected_profit_is_the_mean_of_what_can_happen(p: float, profit: float) -> None:
    assert expected_profit(replace(CAR, p=p)) == pytest.approx(profit)


def test_expected_profit_is_what_many_leads_bring_in_the_mean() -> None:
    good = np.random.default_rng(0).random(200_000) < CAR.p
    assert np.where(good, 2_500, -50).mean() == pytest.approx(expected_profit(CAR), abs=10)


@given(ANY, st.floats(-1e4, 1e4), st.floats(0, 1e4))
def test_prices_are_the_edge_of_what_leaves_the_wished_profit(levers: Levers, wished: float, cost: float) -> None:
    most, least = price_ceiling(levers, wished), price_floor(levers, wished, cost)
    step, near = 1.0, 1e-6
    assert expected_profit(levers) - (most - near) >= wished > expected_profit(levers) - (most + step)
    sold = least - cost
    assert sold >= wished - near and sold >= expected_profit(levers) - cost - near
    assert least - step < cost + wished or least - step < expected_profit(levers)


@given(ANY, st.floats(0, 1))
def test_each_bar_of_the_tornado_is_that_lever_moved_alone(levers: Levers, swing: float) -> None:
    found = tornado(levers, swing)
    assert sorted(found["lever"]) == sorted(LEVERS) and found["span"].is_monotonic_decreasing
    for row in found.to_dict("records"):
        for end in ("low", "high"):
            moved = replace(levers, **{row["lever"]: row[f"{end}_value"]})
            assert expected_profit(moved) == row[f"profit_{end}"]
        assert row["low_value"] <= row["value"] <= row["high_value"]
        assert row["span"] == pytest.approx(abs(row["profit_high"] - row["profit_low"]))


def test_a_tornado_by_ranges() -> None:
    found = by_lever(tornado(CAR, 0.1, {"p": (0.0, 1.0), "cost_low": (100, 100)}))
    assert next(iter(found)) == "p" and found["p"]["span"] == pytest.approx(2_550)
    assert found["cost_low"]["span"] == 0
    assert (found["revenue_high"]["low_value"], found["revenue_high"]["high_value"]) == pytest.approx((2_700, 3_300))
    assert found["cost_high"]["profit_low"] > found["cost_high"]["profit_high"]


def test_a_chance_does_not_swing_beyond_1() -> None:
    row = by_lever(tornado(replace(CAR, p=0.9)))["p"]
    assert (row["low_value"], row["high_value"]) == pytest.approx((0.72, 1.0))


def test_impossible_ranges_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"levers are p, revenue_high, .* however: got a range for price"):
        tornado(CAR, ranges={"price": (1, 2)})
    with pytest.raises(ConfigError, match="range of p must go from low to high"):
        tornado(CAR, ranges={"p": (0.3, 0.2)})
    with pytest.raises(ConfigError, match=r"p, the chance of a good lead, must lie in 0\.\.1, however: got=1.2"):
        tornado(CAR, ranges={"p": (0.1, 1.2)})
    with pytest.raises(ConfigError, match="swing must lie"):
        tornado(CAR, -0.1)


def test_impossible_levers_are_refused() -> None:
    for p in (-0.1, 1.1, float("nan")):
        with pytest.raises(ConfigError, match="chance of a good lead"):
            replace(CAR, p=p)
    with pytest.raises(ConfigError, match="cost_high must be a number of at least 0, however: got=-5"):
        replace(CAR, cost_high=-5)


def test_each_lead_has_the_price_of_its_own_chance() -> None:
    found = lead_prices([0.0, 0.2, 1.0], CAR, 100, low=[0, 0.1, 0.9], high=[0.1, 0.3, 1])
    assert found["expected_profit"].tolist() == pytest.approx([-50, 460, 2_500])
    for p, price, low, high in zip([0, 0.2, 1], found["price"], found["low"], found["high"], strict=True):
        assert price == pytest.approx(price_ceiling(replace(CAR, p=p), 100))
        assert low <= price <= high
    assert found["low"][1] == pytest.approx(price_ceiling(replace(CAR, p=0.1), 100))
    assert found["high"][1] == pytest.approx(price_ceiling(replace(CAR, p=0.3), 100))


def test_ends_are_the_right_way_round_where_good_leads_bring_less() -> None:
    row = lead_prices([0.5], Levers(0.5, 0, 10, 100, 0), low=[0.4], high=[0.6]).iloc[0]
    assert (row["low"], row["price"], row["high"]) == pytest.approx((34, 45, 56))


def test_prices_without_a_range_have_no_interval_and_impossible_chances_no_price() -> None:
    assert lead_prices([0.5], CAR)[["low", "high"]].isna().all(axis=None)
    with pytest.raises(ValidationError, match=r"outside 0\.\.1, such as '-0.1' \(row 2\)"):
        lead_prices([-0.1], CAR)
    with pytest.raises(NotComputable):
        lead_prices([], CAR)
