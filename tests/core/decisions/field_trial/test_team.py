"""A team as its own leads show it."""

import numpy as np
import pytest

from core.decisions.field_trial.team import _over, team_of
from core.errors import ConfigError, ValidationError
from tests.field_trials import sample_leads
from tests.made import make_leads


def test_the_shipped_leads_are_a_team_of_61():
    team = team_of(sample_leads(), 132)
    assert len(team.specialists) == 61 and team.per_arm == 30 and team.notes == ()
    assert team.situation.leads_per_specialist == pytest.approx(132 * team.leads_per_day)
    assert 0.1 < team.situation.base_rate < 0.13 and 0 < team.situation.icc < 0.1
    longer = team.over(264)
    assert longer.situation.leads_per_specialist == pytest.approx(2 * team.situation.leads_per_specialist)
    assert longer.situation.correlation > team.situation.correlation > 0


def test_the_correlation_is_that_of_the_lengths_that_are_compared():
    """People whose chances differ for good; rates of so many leads before and during."""
    rng, rate, spread = np.random.default_rng(0), 0.1, 0.02
    people, before, during = 20_000, 120, 60
    chance = np.clip(rng.normal(rate, spread, people), 0, 1)
    first, second, later = (rng.binomial(n, chance) / n for n in (before // 2, before // 2, during))
    icc = spread**2 / (rate * (1 - rate))
    halves = float(np.corrcoef(first, second)[0, 1])
    expected = float(np.corrcoef((first + second) / 2, later)[0, 1])
    assert _over(halves, icc, before, during) == pytest.approx(expected, abs=0.03)
    assert _over(0.3, 0.0, before, during) == 0


def test_a_team_of_no_days_or_of_many_years_is_refused():
    for days in (0, float("nan"), 10**400):
        with pytest.raises(ConfigError, match="days must lie in"):
            team_of(make_leads(40), days)


def test_leads_without_people_are_no_team():
    with pytest.raises(ValidationError, match="owner"):
        leads = make_leads(40)
        team_of(type(leads)(leads.roles.assign(owner=""), leads.features, leads.schema), 30)
