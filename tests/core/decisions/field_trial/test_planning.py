"""The size of a trial: against published figures, statsmodels and simulated specialists."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestIndPower

from core.decisions.field_trial.planning import Situation, design_effect, detectable, leads_per_arm, plan, power
from core.decisions.field_trial.sequential import always_valid, obrien_fleming
from core.errors import ConfigError, NotComputable

PAPER = Situation(0.0133, 200, icc=0.005)

situations = st.builds(
    Situation,
    base_rate=st.floats(0.002, 0.2),
    leads_per_specialist=st.floats(20, 2000),
    icc=st.floats(0, 0.05),
    cv=st.floats(0, 1),
    correlation=st.floats(0, 0.9),
)


def test_the_figures_of_the_method() -> None:
    assert leads_per_arm(0.0133, 0.095) == pytest.approx(135_000, rel=0.001)
    assert leads_per_arm(0.0133, 0.05) == pytest.approx(477_000, rel=0.002)
    assert leads_per_arm(0.05, 0.095) == pytest.approx(34_500, rel=0.002)
    assert plan(PAPER, 0.095).specialists_per_arm == pytest.approx(1350, abs=3)
    assert plan(Situation(0.05, 200, icc=0.005), 0.095).specialists_per_arm == pytest.approx(344, abs=1)


def test_clusters_of_unequal_size_cost_more_and_independent_leads_nothing() -> None:
    assert design_effect(200, 0.0, cv=2.0) == 1
    assert design_effect(200, 0.005, cv=0.5) == pytest.approx(1 + (1.25 * 200 - 1) * 0.005)


def test_adjusting_takes_the_explained_share_off() -> None:
    found = plan(Situation(0.0133, 200, icc=0.005, correlation=0.6), 0.095)
    assert found.specialists_per_arm_adjusted == pytest.approx(found.specialists_per_arm * (1 - 0.36), abs=1)


def test_a_plan_is_json() -> None:
    document = json.loads(json.dumps(plan(PAPER, 0.095).to_dict()))
    assert document["leads_per_arm"] == 135_079 and document["situation"]["icc"] == 0.005


@given(situations, st.integers(2, 2000), st.floats(0.01, 1.0))
def test_power_is_that_of_the_t_test_on_rates(here: Situation, people: int, uplift: float) -> None:
    here = replace(here, icc=0.0)  # alike leads make one arm vary more than the other: see the simulation below
    rates = np.array([here.base_rate, here.base_rate * (1 + uplift)])
    pooled = np.sqrt((rates * (1 - rates)).mean() / here.leads_per_specialist)
    theirs = TTestIndPower().power((rates[1] - rates[0]) / pooled, people, here.alpha)
    if np.isfinite(theirs):  # theirs has no value for some large effects
        assert power(here, people, uplift) == pytest.approx(theirs, abs=1e-6)


@given(situations, st.integers(2, 2000), st.floats(0.01, 2.0))
def test_more_people_a_larger_uplift_or_adjusting_never_lose_power(here: Situation, people: int, uplift: float) -> None:
    known = power(here, people, uplift)
    assert power(here, people + 1, uplift) >= known - 1e-9
    assert power(here, people, uplift * 1.1) >= known - 1e-9
    assert power(here, people, uplift, adjusted=True) >= known - 1e-9


@given(situations, st.integers(10, 2000), st.floats(0.2, 0.95), st.booleans())
def test_the_smallest_uplift_has_just_the_wished_power(
    here: Situation, people: int, wished: float, adjusted: bool
) -> None:
    try:
        least = detectable(here, people, wished, adjusted=adjusted)
    except NotComputable:
        assert power(here, people, 0.99 / here.base_rate - 1, adjusted=adjusted) < wished
    else:
        assert power(here, people, least, adjusted=adjusted) == pytest.approx(wished, abs=1e-5)


def test_no_effect_is_found_at_the_rate_of_false_alarms() -> None:
    assert power(PAPER, 50, 0.0) == pytest.approx(0.05)


def test_looks_before_the_end_cost_power_people_and_small_effects() -> None:
    planned, always = (replace(PAPER, looks=looks) for looks in ("obrien_fleming", "always_valid"))
    assert planned.bound == obrien_fleming([0.25, 0.5, 0.75, 1.0])[-1] and always.bound == always_valid(1.0)
    for here, people in ((planned, 1.04), (always, 1.91)):
        factor = (here.bound + stats.norm.ppf(0.8)) ** 2 / (PAPER.bound + stats.norm.ppf(0.8)) ** 2
        assert plan(here, 0.095).specialists_per_arm == pytest.approx(1348 * factor, abs=2)
        assert factor == pytest.approx(people, abs=0.01)
        assert power(here, 1348, 0.095) < power(PAPER, 1348, 0.095)
        assert detectable(here, 60) > detectable(PAPER, 60)
        assert power(here, 60, detectable(here, 60)) == pytest.approx(0.8)
        assert plan(here, 0.095).to_dict()["situation"]["looks"] == here.looks
    assert plan(PAPER, 0.095).design_effect == pytest.approx(1.995)
    assert plan(PAPER, 0.095).specialists_per_arm == 1348 and "looks" not in plan(PAPER, 0.095).to_dict()["situation"]


def test_the_last_of_four_looks_finds_what_was_promised() -> None:
    """Trials read at four looks: found at any of them about as often as at the last, which is what the planner says."""
    here, people, uplift = Situation(0.05, 400, icc=0.002, looks="obrien_fleming"), 40, 0.2
    rng = np.random.default_rng(0)
    bounds, arms = obrien_fleming([0.25, 0.5, 0.75, 1.0]), []
    for growth in (1 + uplift, 1):
        chance = rng.beta(0.05 * 499, 0.95 * 499, (2000, people, 1))
        arms.append(rng.binomial(100, chance * growth, (2000, people, 4)).cumsum(axis=2))
    p = stats.ttest_ind(*arms, axis=1).pvalue
    found = (stats.norm.isf(p / 2) > bounds).any(axis=1).mean()
    assert found == pytest.approx(power(here, people, uplift), abs=0.03)


def test_simulated_specialists_find_what_was_promised() -> None:
    here, people, uplift = Situation(0.05, 200, icc=0.01), 40, 0.25
    rng = np.random.default_rng(0)
    rates = []
    for growth in (1 + uplift, 1):
        chance = rng.beta(0.05 * 99, 0.95 * 99, (4000, people))  # 1 / (99 + 1) = 0.01, the icc
        rates.append(rng.binomial(200, chance * growth) / 200)
    found = (stats.ttest_ind(*rates, axis=1).pvalue < 0.05).mean()
    assert found == pytest.approx(power(here, people, uplift), abs=0.03)


def test_a_team_that_sees_nothing_is_told() -> None:
    with pytest.raises(NotComputable, match="2 specialists in each arm, of 1 leads each, find no effect at all"):
        detectable(Situation(0.3, 1, icc=0.9), 2, 0.99)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"base_rate": 0.0}, "base_rate must lie in"),
        ({"base_rate": 1e-300}, "base_rate must lie in"),
        ({"leads_per_specialist": 0.5}, "leads_per_specialist must lie in"),
        ({"leads_per_specialist": float("nan")}, "leads_per_specialist must lie in"),
        ({"leads_per_specialist": 1e200}, "leads_per_specialist must lie in"),
        ({"leads_per_specialist": 10**400}, "leads_per_specialist must lie in"),
        ({"icc": 1.0}, "icc must lie in"),
        ({"cv": -1.0}, "cv must lie in"),
        ({"cv": 1e300}, "cv must lie in"),
        ({"looks": "daily"}, "looks must be one of fixed, obrien_fleming, always_valid"),
        ({"correlation": 1.0}, "correlation must lie in"),
        ({"alpha": 0.0}, "alpha must lie in"),
    ],
)
def test_an_impossible_situation_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Situation(**{"base_rate": 0.01, "leads_per_specialist": 100, **change})


def test_impossible_questions_are_refused() -> None:
    for uplift in (0.0, -0.1, 200.0, float("nan"), 1e-300, 1e200, 1e300):
        with pytest.raises(ConfigError, match="uplift must lie in"):
            plan(PAPER, uplift)
    with pytest.raises(ConfigError, match="power must lie between 0 and 1"):
        plan(PAPER, 0.1, power=1.0)
    for people in (0, 1, 10**400):
        with pytest.raises(ConfigError, match="specialists_per_arm must lie in"):
            power(PAPER, people, 0.1)
    with pytest.raises(ConfigError, match="must lie between 0 and 1, however"):
        power(PAPER, 10, 100.0)
    with pytest.raises(ConfigError, match="power must lie between alpha and 1"):
        detectable(PAPER, 10, 0.05)
