from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from core.decisions.economics.risk import NAMES, risk, tranche_of, tranches
from core.errors import ConfigError, NotComputable, ValidationError


def poisson_binomial(chances: np.ndarray) -> np.ndarray:
    """Chance of 0, 1, ... n orders of independent leads."""
    return reduce(lambda held, p: np.convolve(held, [1 - p, p]), chances, np.ones(1))


@pytest.mark.parametrize("leads", [5, 60, 700])
def test_independent_leads_are_poisson_binomial(leads: int) -> None:
    chances = np.random.default_rng(leads).beta(1, 6, leads)
    found = risk(chances, 0.0, draws=40_000, seed=1)
    exact = poisson_binomial(chances)
    assert found.expected == pytest.approx(chances.sum())
    assert found.sd == pytest.approx(np.sqrt((chances * (1 - chances)).sum()), rel=0.02)
    for orders in range(leads + 1):
        assert found.chance_at_least(orders) == pytest.approx(exact[orders:].sum(), abs=0.011)


@pytest.mark.parametrize("correlation", [0.02, 0.2, 0.6])
def test_two_leads_order_together_as_the_copula_says(correlation: float) -> None:
    first, second = 0.3, 0.1
    together = multivariate_normal([0, 0], [[1, correlation], [correlation, 1]]).cdf(norm.ppf([first, second]))
    found = risk([first, second], correlation, draws=100_000)
    assert found.chance_at_least(2) == pytest.approx(together, abs=0.004)
    assert found.orders.mean() == pytest.approx(first + second, abs=0.006)


def test_likeness_widens_and_leaves_the_mean() -> None:
    chances = np.full(1000, 0.05)
    spread = [risk(chances, correlation) for correlation in (0.0, 0.05, 0.3)]
    assert spread[0].sd < spread[1].sd / 2 < spread[2].sd / 4
    for one in spread:
        assert one.orders.mean() == pytest.approx(50, abs=4 * one.sd / 100)
        assert one.low < one.expected < one.high


def test_intervals_hold_nineteen_of_twenty_new_periods() -> None:
    chances = np.random.default_rng(0).beta(1, 9, 300)
    held, fresh = risk(chances, 0.1, seed=1), np.random.default_rng(2)
    common = fresh.standard_normal((4000, 1))
    own = fresh.standard_normal((4000, 300))
    orders = (np.sqrt(0.1) * common + np.sqrt(0.9) * own < norm.ppf(chances)).sum(axis=1)
    assert np.mean((orders >= held.low) & (orders <= held.high)) == pytest.approx(0.955, abs=0.015)


def test_table_and_dict_tell_the_same() -> None:
    found = risk([0.5, 0.5], 0.0, draws=2000)
    table = found.to_frame()
    assert table["chance"].sum() == pytest.approx(1) and table["chance_at_least"].iloc[0] == pytest.approx(1)
    for orders, chance in zip(table["orders"], table["chance_at_least"], strict=True):
        assert chance == pytest.approx(found.chance_at_least(orders))
    told = found.to_dict()
    assert told["quantiles"]["0.5"] == 1 and told["low"] == 0 and "2,000 simulated" in told["how"]


@settings(max_examples=50, deadline=None)
@given(chances=st.lists(st.floats(0, 1), min_size=1, max_size=40), count=st.integers(1, 6))
def test_tranches_are_even_and_in_order(chances: list[float], count: int) -> None:
    names = NAMES[:count]
    of = tranche_of(chances, names)
    sizes = [int((of == name).sum()) for name in names]
    assert sum(sizes) == len(chances) and max(sizes) - min(sizes) <= 1
    table = tranches(chances, names, draws=50)
    assert table["tranche"].tolist() == [name for name, size in zip(names, sizes, strict=True) if size]
    assert (table["chance_to"].to_numpy()[1:] <= table["chance_from"].to_numpy()[:-1]).all()
    assert table["expected_orders"].sum() == pytest.approx(sum(chances))
    assert (table["low"] <= table["high"]).all() and (table["high"] <= table["leads"]).all()


def test_impossible_input_is_told() -> None:
    with pytest.raises(ValidationError, match=r"outside 0\.\.1.*\(row 3\)"):
        risk([0.1, 1.2])
    with pytest.raises(NotComputable):
        risk([])
    for correlation in (-0.1, 1.0):
        with pytest.raises(ConfigError, match="correlation must lie in"):
            risk([0.1], correlation)
    with pytest.raises(ConfigError, match="draws must be 1 or more"):
        risk([0.1], draws=0)
    with pytest.raises(ConfigError, match="distinct"):
        tranche_of([0.1], ("A", "A"))
