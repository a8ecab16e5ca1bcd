import itertools
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.decisions.field_trial.estimates import (
    EACH,
    adjusted,
    by_day,
    by_tier,
    by_week,
    permutation,
    ratio,
    t_test,
)
from core.decisions.field_trial.fieller import Estimate
from core.decisions.field_trial.outcomes import Outcomes, Trial
from core.errors import NotComputable
from tests.core.decisions.field_trial.staged_trials import drawn_trial, people

READ: dict[str, Callable[..., Estimate]] = {"t_test": t_test, "ratio": ratio, "adjusted": adjusted}


def halves(rng: np.random.Generator, trial: Trial, times: int) -> np.ndarray:
    return rng.permuted(np.tile(trial.treated, (times, 1)), axis=1)


def shifted(trial: Trial, uplift: float) -> Trial:
    """Treatment's orders as if each rate were as much lower: what a test of that uplift looks at."""
    return replace(trial, orders=np.where(trial.treated, trial.orders / (1 + uplift), trial.orders))


def test_the_t_test_is_welchs() -> None:
    trial = drawn_trial(np.random.default_rng(0), 30, 400, uplift=0.3)
    rate = trial.orders / trial.leads
    test = stats.ttest_ind(rate[trial.treated], rate[~trial.treated], equal_var=False)
    found = t_test(trial)
    assert found.p == pytest.approx(test.pvalue) and found.df == pytest.approx(test.df)
    assert found.treatment - found.control == pytest.approx(rate[trial.treated].mean() - rate[~trial.treated].mean())
    assert found.uplift == pytest.approx(found.treatment / found.control - 1)


def test_the_ratio_has_the_delta_methods_error() -> None:
    trial = drawn_trial(np.random.default_rng(1), 2000, 200)
    found, variance = ratio(trial), 0.0
    for arm in (trial.treated, ~trial.treated):
        n, y = trial.leads[arm], trial.orders[arm]
        variance += ((y - y.sum() / n.sum() * n) ** 2).sum() / n.sum() ** 2
    assert found.treatment == pytest.approx(trial.orders[trial.treated].sum() / trial.leads[trial.treated].sum())
    assert found.standard_error == pytest.approx(np.sqrt(variance), rel=0.005)


def test_equal_volume_makes_ratio_and_t_test_one() -> None:
    trial = drawn_trial(np.random.default_rng(2), 40, 400, uplift=0.2)
    orders = np.minimum(trial.orders, 500)
    even = replace(trial, leads=np.full(40, 500), orders=orders)
    one, other = ratio(even), t_test(even)
    assert (one.uplift, one.standard_error) == pytest.approx((other.uplift, other.standard_error))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 60), st.sampled_from(sorted(READ)), st.floats(0.01, 0.3))
def test_interval_and_p_never_contradict_each_other(seed: int, size: int, name: str, alpha: float) -> None:
    trial = drawn_trial(np.random.default_rng(seed), size, 600, uplift=0.2)
    try:
        found = READ[name](trial, alpha)
    except NotComputable:
        return
    assert found.low <= found.uplift <= found.high and 0 <= found.p <= 1
    assert found.shown == (found.p < alpha)


@pytest.mark.parametrize("name", ["t_test", "ratio"])
def test_an_end_of_the_interval_is_where_the_test_of_it_turns(name: str) -> None:
    """Fieller: dividing treatment's orders by 1 + an end leaves a difference that is just not shown."""
    trial = drawn_trial(np.random.default_rng(3), 40, 600, uplift=0.2)
    found = READ[name](trial)
    for end, out in ((found.low, -1), (found.high, 1)):
        for spare, shown in ((0.03, True), (-0.03, False)):
            rest = shifted(trial, end + out * spare)
            arms = [rest.take(arm) for arm in (rest.treated, ~rest.treated)]
            bent = READ[name](rest)
            # The t quantile is that of no difference, as the interval's.
            bound = stats.t.isf(0.025, found.df) * bent.standard_error
            assert (abs(bent.treatment - bent.control) > bound) == shown, (end, len(arms))


@pytest.mark.parametrize("name", sorted(READ))
@pytest.mark.parametrize("size", [20, 100])
@pytest.mark.parametrize("uplift", [0.0, 0.3])
def test_errors_and_coverage_are_those_promised(name: str, size: int, uplift: float) -> None:
    rng, times = np.random.default_rng(size), 400
    found = [READ[name](drawn_trial(rng, size, 500, uplift=uplift)) for _ in range(times)]
    covered = np.mean([one.low <= uplift <= one.high for one in found])
    # Four standard errors of 400 trials on either side of 95%.
    assert abs(covered - 0.95) < 4 * np.sqrt(0.05 * 0.95 / times)
    assert np.mean([one.uplift for one in found]) == pytest.approx(uplift, abs=0.03)


def test_the_time_before_takes_its_part_of_the_variance() -> None:
    rng = np.random.default_rng(4)
    trials = [drawn_trial(rng, 60, 800, icc=0.01, cv=0.0) for _ in range(300)]
    spread = {name: np.std([READ[name](one).uplift for one in trials]) for name in READ}
    errors = {name: np.mean([READ[name](one).standard_error for one in trials]) for name in READ}
    # Rates of 800 leads each before and during, ICC .01: their correlation is .01 / (.01 + .99 / 800) = .89.
    correlation = 0.01 / (0.01 + 0.99 / 800)
    assert (spread["adjusted"] / spread["t_test"]) ** 2 == pytest.approx(1 - correlation**2, abs=0.07)
    assert (errors["adjusted"] / errors["t_test"]) ** 2 == pytest.approx(1 - correlation**2, abs=0.07)


def test_what_is_adjusted_for_follows_from_the_team_alone() -> None:
    trial = drawn_trial(np.random.default_rng(5), 2 * EACH - 2, 500)
    assert adjusted(trial).uplift == pytest.approx(ratio(trial).uplift)
    trial = drawn_trial(np.random.default_rng(5), 2 * EACH, 500)
    only_rate = replace(trial, covariates=trial.covariates[:, :1])
    assert adjusted(trial).uplift == adjusted(only_rate).uplift != ratio(trial).uplift
    trial = drawn_trial(np.random.default_rng(5), 10 * EACH, 500)
    assert adjusted(trial).uplift != adjusted(replace(trial, tier=np.full(10 * EACH, "1"))).uplift
    lonely = np.where(np.arange(10 * EACH) == 0, "5", trial.tier)
    assert np.isfinite(adjusted(replace(trial, tier=lonely)).high)


def test_a_permutation_counts_every_assignment_of_a_small_team() -> None:
    trial = drawn_trial(np.random.default_rng(6), 8, 600, uplift=0.4)
    every = np.array([[n in chosen for n in range(8)] for chosen in itertools.combinations(range(8), 4)])
    others = every[(every != trial.treated).any(axis=1)]

    def difference(arm: np.ndarray, orders: np.ndarray) -> float:
        return float(orders[arm].sum() / trial.leads[arm].sum() - orders[~arm].sum() / trial.leads[~arm].sum())

    def p_of(uplift: float) -> float:
        orders = shifted(trial, uplift).orders
        seen = abs(difference(trial.treated, orders))
        return float(np.mean([abs(difference(arm, orders)) >= seen - 1e-12 for arm in every]))

    found = permutation(trial, others, alpha=0.2)
    assert found.p == pytest.approx(p_of(0.0)) and found.draws == 69 and found.df == np.inf
    for end, out in ((found.low, -1), (found.high, 1)):
        assert p_of(end + out * 1e-6) <= 0.2 < p_of(end - out * 1e-6)
    assert found.uplift == pytest.approx(ratio(trial).uplift)


@pytest.mark.parametrize("uplift", [0.0, 0.3])
def test_the_permutation_errs_and_covers_as_promised(uplift: float) -> None:
    rng, times = np.random.default_rng(7), 400
    found = []
    for _ in range(times):
        trial = drawn_trial(rng, 30, 500, uplift=uplift)
        found.append(permutation(trial, halves(rng, trial, 199)))
    covered = np.mean([one.low <= uplift <= one.high for one in found])
    assert abs(covered - 0.95) < 4 * np.sqrt(0.05 * 0.95 / times)
    assert all(one.shown == (one.p <= 0.05) for one in found)


def test_a_bound_takes_the_place_of_alpha() -> None:
    trial = drawn_trial(np.random.default_rng(8), 60, 600, uplift=0.2)
    arms = halves(np.random.default_rng(8), trial, 1999)
    for read in (*READ.values(), lambda *given, **named: permutation(given[0], arms, **named)):
        usual, same, strict = read(trial), read(trial, bound=stats.norm.isf(0.025)), read(trial, bound=2.8)
        assert (same.low, same.high) == pytest.approx((usual.low, usual.high))
        assert strict.low < usual.low and usual.high < strict.high and strict.p == usual.p


def test_what_cannot_be_computed_says_why() -> None:
    trial = drawn_trial(np.random.default_rng(9), 12, 500)
    none = replace(trial, orders=np.where(trial.treated, trial.orders, 0))
    few = replace(trial, orders=(np.cumsum(~trial.treated) == 1) * ~trial.treated + trial.treated * trial.orders)
    idle = replace(trial, leads=np.where(trial.treated & (np.cumsum(trial.treated) > 1), 0, trial.leads))
    flat = replace(trial, leads=np.full(12, 100), orders=np.full(12, 5))
    for read in READ.values():
        with pytest.raises(NotComputable, match=r"orders in the control arm, however: treatment has .* control 0"):
            read(none)
        with pytest.raises(NotComputable, match="too few orders in the control arm to bound an effect"):
            read(few)
        with pytest.raises(NotComputable, match=r"two specialists or more .* in each arm, however: treatment has 1"):
            read(idle)
        with pytest.raises(NotComputable, match="the same order rate"):
            read(flat)
    arms = halves(np.random.default_rng(9), trial, 10)
    with pytest.raises(NotComputable, match="needs 19 assignments or more, however: got=10"):
        permutation(trial, arms)
    with pytest.raises(NotComputable, match="orders in both arms"):
        permutation(none, arms)


def staged(days: int = 21) -> Outcomes:
    rng, frame = np.random.default_rng(10), people(24)
    treated = np.arange(24) % 2 == 0
    leads = rng.poisson(30, (24, days))
    orders = rng.binomial(leads, 0.1)
    return Outcomes(frame, treated, leads, orders, {}, 0, {}, pd.Timestamp("2026-05-01"), days)


def test_tiers_and_weeks_add_up_and_are_read_alone() -> None:
    outcomes = staged(16)
    for table, name, groups in ((by_tier(outcomes, ratio), "tier", 4), (by_week(outcomes, ratio), "week", 3)):
        assert list(table.columns) == [name, "leads", "orders_treatment", "orders_control", "uplift", "low", "high"]
        assert len(table) == groups and table["leads"].sum() == outcomes.leads.sum()
        assert (table["orders_treatment"] + table["orders_control"]).sum() == outcomes.orders.sum()
    third = ratio(outcomes.trial(slice(14, 21)))
    assert by_week(outcomes, ratio)["uplift"].iloc[2] == third.uplift
    without = replace(outcomes, orders=np.where(np.arange(16) < 7, 0, outcomes.orders))
    table = by_week(without, ratio)
    assert table[["uplift", "low", "high"]].isna().all(axis=1).tolist() == [True, False, False]


def test_days_are_cumulative_and_only_those_that_are_mature() -> None:
    outcomes = replace(staged(16), observed_days=10)
    table = by_day(outcomes)
    arm = outcomes.treated
    assert table["day"].tolist() == list(range(1, 11))
    last = 1000 * outcomes.orders[arm, :10].sum() / outcomes.leads[arm, :10].sum()
    assert table["treatment"].iloc[-1] == pytest.approx(last)
    assert table["leads_control"].iloc[-1] == outcomes.leads[~arm, :10].sum()
    late = replace(outcomes, leads=outcomes.leads * (np.arange(16) > 1), orders=outcomes.orders * (np.arange(16) > 1))
    assert by_day(late)["control"].isna().tolist() == [True, True] + [False] * 8


def test_a_thousand_specialists_are_read_in_a_moment() -> None:
    rng = np.random.default_rng(11)
    trial = drawn_trial(rng, 1000, 600)
    arms = halves(rng, trial, 2000)
    begun = time.perf_counter()
    for read in READ.values():
        read(trial)
    permutation(trial, arms)
    assert time.perf_counter() - begun < 3
