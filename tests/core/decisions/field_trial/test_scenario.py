"""The made-up team behaves as its scenario says: rate, uplift, calls and skill, checked on simulated leads."""

import numpy as np
import pytest

from core.decisions.field_trial.scenario import Scenario, work
from core.errors import ConfigError, NotComputable


def worked(scenario: Scenario, quality: float, people: int = 1_000, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    skill = rng.standard_normal(people)
    return work(scenario, rng, skill, np.full(people, quality), 60)


def test_the_old_queue_brings_the_base_rate_and_the_new_one_the_uplift() -> None:
    scenario = Scenario(base_rate=0.05, uplift=0.3, specialist_spread=0.0)
    leads, orders, _ = worked(scenario, scenario.old_quality)
    more, better, _ = worked(scenario, scenario.truth.new_quality, seed=1)
    old, new = orders.sum() / leads.sum(), better.sum() / more.sum()
    # 60,000 orders and more on each side: a standard error of 0.4% of the rate, 0.6% of their ratio.
    assert old == pytest.approx(0.05, rel=0.015)
    assert new / old - 1 == pytest.approx(0.3, abs=0.025)
    assert scenario.truth.new_quality > scenario.old_quality


def test_without_an_uplift_both_queues_are_one() -> None:
    scenario = Scenario(uplift=0)
    assert scenario.truth.new_quality == scenario.old_quality


def test_each_calls_what_a_day_allows_and_no_lead_twice() -> None:
    leads, orders, calls = worked(Scenario(leads_per_day=3, calls_per_day=2.5, uplift=0), 0.5)
    assert (calls <= np.minimum(leads, 3)).all() and (calls >= np.minimum(leads, 2)).all()
    assert (orders <= leads).all()
    busy = calls[leads > 2]
    assert (busy == 3).mean() == pytest.approx(0.5, abs=0.01)


def test_skill_makes_the_intra_class_correlation_it_says() -> None:
    scenario = Scenario(base_rate=0.1, uplift=0, specialist_spread=0.6)
    leads, orders, _ = worked(scenario, scenario.old_quality, people=3_000)
    total, ordered = leads.sum(axis=1), orders.sum(axis=1)
    rate = ordered.sum() / total.sum()
    chance = rate * (1 - rate)
    between = (ordered / total).var() - chance * (1 - scenario.truth.icc) * (1 / total).mean()
    assert between / chance == pytest.approx(scenario.truth.icc, rel=0.08)
    assert Scenario(uplift=0, specialist_spread=0).truth.icc == pytest.approx(0, abs=1e-12)


def test_a_queue_that_knows_everything_bounds_the_uplift() -> None:
    scenario = Scenario(uplift=0.9)
    with pytest.raises(NotComputable, match=r"no ranking can bring \+90.0% here: .* \+\d+\.\d%.*take a smaller uplift"):
        _ = scenario.truth
    with pytest.raises(NotComputable, match=r"would bring [+-]0.0%"):  # all leads are called whatever the order
        _ = Scenario(leads_per_day=2, calls_per_day=50).truth
    with pytest.raises(NotComputable, match="of the leads can order here"):
        _ = Scenario(base_rate=0.5, called_factor=50, uplift=0).truth


@pytest.mark.parametrize(
    ("setting", "value"), [("specialists", 3), ("base_rate", 0.0), ("uplift", -0.1), ("old_quality", 1.1), ("days", 0)]
)
def test_settings_out_of_range_are_named(setting: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{setting} must lie in"):
        Scenario(**{setting: value})  # type: ignore[arg-type]


def test_a_trial_has_as_many_leads_as_fit() -> None:
    with pytest.raises(ConfigError, match=r"20,000,000 leads, however: .* 26,400,000"):
        Scenario(specialists=10_000, days=132)


def test_many_leads_are_simulated_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.decisions.field_trial.scenario.AT_ONCE", 5_000)
    leads, orders, calls = worked(Scenario(uplift=0), 0.5, people=50)
    assert leads.shape == orders.shape == calls.shape == (50, 60)
    assert leads.mean() == pytest.approx(20, abs=0.5) and calls.mean() == pytest.approx(5, abs=0.01)
