import math
import time
from dataclasses import replace

import pytest

from core.decisions.field_trial.outlook import days_needed, detectable_by_days, power_curve, verdict
from core.decisions.field_trial.planning import Situation, detectable, plan, power
from core.errors import ConfigError

PAPER = Situation(0.0133, 200, icc=0.005, correlation=0.5)
DAILY = 200 / 132


def after(days: int) -> Situation:
    return replace(PAPER, leads_per_specialist=DAILY * days)


@pytest.mark.parametrize("adjusted", [False, True])
def test_the_day_on_which_power_is_reached(adjusted: bool) -> None:
    days = days_needed(PAPER, 1200, DAILY, 0.095, adjusted=adjusted)
    assert days is not None
    assert power(after(days), 1200, 0.095, adjusted=adjusted) >= 0.8
    assert power(after(days - 1), 1200, 0.095, adjusted=adjusted) < 0.8


def test_lasting_differences_between_people_set_a_floor_that_no_number_of_days_breaks() -> None:
    assert days_needed(PAPER, 60, DAILY, 0.095) is None
    assert days_needed(replace(PAPER, icc=0.0), 60, DAILY, 0.095) == pytest.approx(135_079 / 60 / DAILY, rel=0.02)


def test_curves_are_the_figures_of_planning() -> None:
    curve = power_curve(PAPER, 300, [0.05, 0.2])
    assert curve["power"].tolist() == [power(PAPER, 300, one) for one in (0.05, 0.2)]
    assert (curve["power_adjusted"] > curve["power"]).all()
    seen = detectable_by_days(PAPER, 300, DAILY, [0, 30, 132])
    assert math.isnan(seen["detectable"][0]) and math.isnan(seen["detectable_adjusted"][0])  # not one lead yet
    assert seen["detectable"][2] == pytest.approx(detectable(PAPER, 300), rel=1e-6)
    assert seen["detectable_adjusted"][2] < seen["detectable"][2] < seen["detectable"][1]


def test_a_team_too_small_is_told_what_it_sees_and_what_it_would_take() -> None:
    here = replace(PAPER, correlation=0.0)
    said = verdict(here, 30, 0.095, 132)
    assert f"can only see effects above {detectable(here, 30):.0%} in 132 days" in said
    needed = int(said.split("take ")[1].split(" sales")[0].replace(",", ""))
    assert power(here, needed, 0.095) >= 0.8 > power(here, needed - 1, 0.095)
    assert needed >= plan(here, 0.095).specialists_per_arm
    assert "days." not in said  # no number of them would do
    assert verdict(replace(here, icc=0.0), 30, 0.095, 132).endswith(" days.")


def test_a_team_large_enough_is_told_so() -> None:
    assert verdict(PAPER, 1350, 0.095, 132).startswith("132 days are enough: this team finds effects above 8.")
    assert "and so the +9.5% that you plan for, in at least 80%" in verdict(PAPER, 1350, 0.095, 132)


def test_what_is_adjusted_for_counts_in_the_verdict() -> None:
    enough = [verdict(replace(PAPER, correlation=rho), 1100, 0.095, 132).startswith("132") for rho in (0.0, 0.5)]
    assert enough == [False, True]


def test_two_people_that_see_nothing() -> None:
    assert "cannot see any effect in 1 days" in verdict(Situation(0.3, 1, icc=0.9), 2, 0.095, 1, power=0.99)


@pytest.mark.parametrize("days", [0, -1, 3651, 10**400])
def test_a_trial_of_no_days_or_of_many_years_is_refused(days: int) -> None:
    with pytest.raises(ConfigError, match="days must lie in"):
        verdict(PAPER, 60, 0.095, days)


def test_looks_before_the_end_are_in_the_verdict() -> None:
    planned = replace(PAPER, looks="always_valid")
    assert verdict(PAPER, 1350, 0.095, 132).startswith("132 days are enough")
    assert "can only see effects above" in verdict(planned, 1350, 0.095, 132)
    longer, days = (days_needed(here, 2600, DAILY, 0.095) for here in (planned, PAPER))
    assert longer is not None and days is not None and longer > days


def test_the_number_of_people_is_found_at_once_where_it_is_large() -> None:
    begun = time.process_time()
    said = verdict(Situation(1e-6, 1, icc=0.005, alpha=1e-6), 2, 1e4, 132)
    assert "sales people in each half" in said and time.process_time() - begun < 5


def test_days_without_leads_are_refused() -> None:
    with pytest.raises(ConfigError, match="leads_per_day must lie in"):
        days_needed(PAPER, 100, 0.0, 0.095)
