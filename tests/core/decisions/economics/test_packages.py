import tracemalloc
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decisions.economics import packages
from core.decisions.economics.packages import Package, Wishes, package
from core.errors import ConfigError, NotComputable, ValidationError


def market(leads: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"lead_id": [f"L{n}" for n in range(leads)], "probability": rng.beta(1, 4, leads).round(3)})
    return frame.assign(price=rng.uniform(1, 20, leads).round(1), region=rng.choice(["north", "south", "west"], leads))


def meets(leads: pd.DataFrame, wishes: Wishes) -> bool:
    """The wishes as they read, by hand."""
    price, orders = leads["price"].sum(), leads["probability"].sum()
    return bool(
        len(leads) > 0
        and (wishes.leads is None or len(leads) == wishes.leads)
        and (wishes.budget is None or price <= wishes.budget + 1e-6)
        and (wishes.min_expected_orders is None or orders >= wishes.min_expected_orders - 1e-6)
        and (wishes.max_price is None or leads["price"].max() <= wishes.max_price)
        and (wishes.min_probability is None or leads["probability"].min() >= wishes.min_probability)
        and (not wishes.regions or leads["region"].isin(wishes.regions).all())
        and (
            wishes.max_per_region is None
            or leads["region"].value_counts(normalize=True).max() <= wishes.max_per_region + 1e-6
        )
    )


def best_by_hand(leads: pd.DataFrame, wishes: Wishes) -> float | None:
    """The goal's best value over all sets, None where no set meets the wishes."""
    sets = np.array(list(product((0, 1), repeat=len(leads))), dtype=bool)
    column = "price" if wishes.goal == "price" else "probability"
    values = sets @ leads[column].to_numpy()
    for place in np.argsort(values if wishes.goal == "price" else -values):  # the first that fits is the best
        if meets(leads[sets[place]], wishes):
            return float(values[place])
    return None


wished = st.fixed_dictionaries(
    {"goal": st.sampled_from(["orders", "price"])},
    optional={
        "leads": st.integers(1, 5),
        "budget": st.floats(5, 60).map(lambda x: round(x, 1)),
        "min_expected_orders": st.floats(0.1, 1.5).map(lambda x: round(x, 2)),
        "max_price": st.floats(5, 20),
        "min_probability": st.floats(0, 0.2),
        "regions": st.sampled_from([("north",), ("north", "south")]),
        "max_per_region": st.sampled_from([0.34, 0.5, 0.75]),
    },
)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), wished=wished)
def test_no_set_of_leads_is_better(seed: int, wished: dict[str, Any]) -> None:
    leads = market(7, seed)
    try:
        wishes = Wishes(**wished)
    except ConfigError as error:
        assert "needs a size" in str(error)
        return
    best = best_by_hand(leads, wishes)
    if best is None:
        with pytest.raises(NotComputable, match="no package of the 7 leads"):
            package(leads, wishes, draws=10)
        return
    found = package(leads, wishes, draws=10)
    assert meets(found.frame, wishes)
    assert (found.price if wishes.goal == "price" else found.expected_orders) == pytest.approx(best, abs=1e-5)


def test_a_package_tells_its_spread_and_risk() -> None:
    found = package(market(400, 0), Wishes(budget=500, max_per_region=0.4), correlation=0.1)
    assert found.price <= 500 and found.price > 490
    assert found.regions["leads"].sum() == len(found.lead_ids) and found.regions["share"].max() <= 0.4
    assert found.regions["expected_orders"].sum() == pytest.approx(found.expected_orders)
    assert found.risk.expected == pytest.approx(found.expected_orders)
    assert found.risk.low < found.expected_orders < found.risk.high
    told = found.to_dict()
    assert told["wishes"] == {"budget": 500, "max_per_region": 0.4} and told["gap"] < 1e-6
    assert told["orders"]["correlation"] == 0.1 and len(told["lead_ids"]) == told["leads"]
    assert "most expected orders" in found.how


def test_the_best_chances_where_nothing_else_is_wished() -> None:
    leads = market(3000, 1)[["lead_id", "probability"]]
    found = package(leads, Wishes(leads=100))
    assert found.expected_orders == pytest.approx(leads["probability"].nlargest(100).sum())
    assert found.price == 0 and found.regions["region"].tolist() == [""]
    assert isinstance(found, Package) and "none is better" in found.how


def obstacle(**wished: Any) -> str:
    leads = pd.DataFrame({"lead_id": ["a", "b", "c", "d"], "probability": [0.5, 0.4, 0.3, 0.2], "price": [8, 6, 4, 2]})
    with pytest.raises(NotComputable) as caught:
        package(leads.assign(region=["north", "north", "north", "south"]), Wishes(**wished))
    return str(caught.value)


def test_the_wish_that_stands_in_the_way_is_named() -> None:
    said = obstacle(budget=10, min_expected_orders=1.0)
    assert "without the budget: possible from 14.00 on" in said  # a, c and d
    assert "without min_expected_orders: 0.70 orders at most" in said


def test_wishes_that_hinder_each_other_one_by_one() -> None:
    said = obstacle(leads=3, max_per_region=0.5)
    assert (
        "without max_per_region: possible, with 100% from one" in said
        and "without leads: possible, with 2 leads" in said
    )
    assert "without regions" in obstacle(leads=2, regions=("moon",))
    assert "without max_price" in obstacle(leads=1, max_price=1.0)
    assert "nor any with one wish less" in obstacle(leads=9, regions=("moon",), max_price=1.0)
    assert "without leads" in obstacle(leads=9)


def test_what_cannot_be_told_in_time_hides_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "SECONDS_TO_TELL", 0.0)
    leads = market(3000, 3)
    with pytest.raises(NotComputable) as caught:
        package(leads, Wishes(leads=100, budget=0.001, max_per_region=0.4))
    said = str(caught.value)
    assert "no package of the 3,000 leads meets all wishes (leads 100, budget 0.001, max_per_region 0.4)" in said
    assert "without budget: not known, 0 seconds did not suffice to tell" in said


def test_as_many_regions_as_leads_take_little_memory() -> None:
    leads = market(20_000, 4).assign(region=[f"r{n}" for n in range(20_000)])
    tracemalloc.start()
    packages._constraints(leads, Wishes(leads=100, max_per_region=0.01))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 50e6, "a full table would take 3.2 GB"


@pytest.mark.parametrize(
    ("wished", "said"),
    [
        ({}, "needs a size"),
        ({"goal": "price", "budget": 5}, "needs a size"),
        ({"goal": "fame", "leads": 1}, "orders, price"),
        ({"leads": 0}, "1 or more"),
        ({"leads": 2.5}, "whole number"),
        ({"budget": -1.0}, "budget must be 0 or more"),
        ({"leads": 1, "max_per_region": 0.0}, r"\(0, 1\]"),
        ({"leads": 1, "min_probability": 1.1}, r"\[0, 1\]"),
    ],
)
def test_impossible_wishes_are_refused(wished: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Wishes(**wished)


def test_impossible_leads_are_told() -> None:
    leads = pd.DataFrame({"lead_id": ["a", "a"], "probability": [0.5, 0.4], "price": ["1 €", "-2"]})
    with pytest.raises(ValidationError) as caught:
        package(leads, Wishes(leads=1))
    assert "rows 2, 3" in str(caught.value) and "negative amount, such as '-2' (row 3)" in str(caught.value)
    with pytest.raises(ValidationError, match=r"outside 0\.\.1"):
        package(pd.DataFrame({"lead_id": ["a"], "probability": [7]}), Wishes(leads=1))
    with pytest.raises(ConfigError, match="no column 'price'"):
        package(pd.DataFrame({"lead_id": ["a"], "probability": [0.7]}), Wishes(budget=1))
    with pytest.raises(ConfigError, match="correlation"):
        package(leads.iloc[:1], Wishes(leads=1), correlation=1.0)
