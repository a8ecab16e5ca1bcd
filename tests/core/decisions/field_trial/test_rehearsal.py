"""Rehearsed trials find what is there about as often as the planner says, and say what was rehearsed."""

import numpy as np
import pandas as pd
import pytest

from core.decisions.field_trial.assignment import Design
from core.decisions.field_trial.rehearsal import BEFORE_DAYS, Rehearsal, one_trial, rehearse
from core.decisions.field_trial.scenario import Scenario
from core.errors import ConfigError
from core.progress import Event

SMALL = Scenario(specialists=20, days=28, base_rate=0.05, uplift=0.5, specialist_spread=0.2, old_quality=0.2)
PLAIN = Design("stratified", strata=())


def test_a_trial_has_both_arms_a_time_before_and_its_outcomes_by_day() -> None:
    trial = one_trial(SMALL, Design(accept=0.1), seed=1)
    people = trial.specialists
    assert trial.leads.shape == trial.orders.shape == (20, 28)
    assert trial.treated.sum() == 10 and (trial.treated == (people["arm"] == "treatment")).all()
    assert people["leads"].mean() == pytest.approx(20 * BEFORE_DAYS, rel=0.03)
    assert (people["lock_ins_7"] <= people["lock_ins_14"]).all() and (people["lock_ins_30"] <= people["orders"]).all()
    assert people["follow_ups"].mean() == pytest.approx(5 * BEFORE_DAYS, rel=0.01)
    assert people["tier"].nunique() == 4
    again, other = (one_trial(SMALL, Design(accept=0.1), seed) for seed in (1, 2))
    assert (again.orders == trial.orders).all() and (other.orders != trial.orders).any()


def test_only_treatment_gets_the_new_queue() -> None:
    trials = [one_trial(SMALL, PLAIN, seed) for seed in range(30)]
    rates = [
        sum(t.orders[arm(t)].sum() for t in trials) / sum(t.leads[arm(t)].sum() for t in trials)
        for arm in (lambda t: t.treated, lambda t: ~t.treated)
    ]
    # 8,400 orders and more in each arm and 300 people: a standard error of 1.7% of the ratio, 0.025 of the uplift.
    assert rates[1] == pytest.approx(0.05, rel=0.04)
    assert rates[0] / rates[1] - 1 == pytest.approx(0.5, abs=0.075)


def test_a_large_effect_is_found_and_covered_by_every_read_out() -> None:
    told: list[Event] = []
    result = rehearse(SMALL, PLAIN, 40, draws=99, watch=told.append)
    summary = result.summary.set_index("method")
    assert list(summary.index) == ["adjusted", "t_test", "ratio", "permutation"]
    assert (summary["found"] > 0.9).all() and summary["false_alarm"].isna().all()
    assert (summary["covered"] > 0.8).all() and (summary["early"] == 0).all() and (summary["day"] == 28 + 30).all()
    assert (summary["found_low"] < summary["found"]).all() and (summary["trials"] == 40).all()
    assert len(result.frame) == 160 and told[-1].done == told[-1].total == 40


def test_a_team_of_twelve_is_read_by_permutation_too() -> None:
    twelve = Scenario(specialists=12, days=28, base_rate=0.05, uplift=0.3, specialist_spread=0.2, old_quality=0.2)
    frame = rehearse(twelve, Design(), 10, draws=199).frame
    low = frame.loc[frame["method"] == "permutation", "low"]
    assert len(low) == 10 and low.notna().all() and low.gt(0).any()


def test_without_an_effect_few_trials_claim_one() -> None:
    scenario = Scenario(specialists=20, days=14, base_rate=0.05, uplift=0)
    summary = rehearse(scenario, PLAIN, 60, draws=99).summary
    # Of 60 trials at 5%, more than 9 come once in 400 times.
    assert (summary["false_alarm"] <= 9 / 60).all() and summary["found"].isna().all()


@pytest.mark.parametrize("looks", ["obrien_fleming", "always_valid"])
def test_looks_end_a_trial_with_a_large_effect_early(looks: str) -> None:
    result = rehearse(SMALL, PLAIN, 10, looks=looks)
    summary = result.summary.set_index("method")
    assert list(summary.index) == ["adjusted", "t_test", "ratio"]
    assert (summary["early"] > 0.3).all() and (summary["day"] < 58).all()
    ended = result.frame[result.frame["early"]]
    assert ((ended["low"] > 0) | (ended["high"] < 0)).all() and (ended["day"] > 30).all()


def test_what_could_not_be_computed_is_counted_as_not_found() -> None:
    rows = pd.DataFrame({"trial": [0, 1], "method": "ratio", "uplift": [0.1, np.nan], "low": [0.05, np.nan]})
    rows = rows.assign(high=[0.2, np.nan], p=[0.01, np.nan], day=58, early=False)
    (row,) = Rehearsal(Scenario(), "fixed", rows).summary.to_dict("records")
    assert row["found"] == 0.5 and row["covered"] == 1.0 and row["width"] == pytest.approx(0.15)


def test_settings_that_do_not_exist_are_named() -> None:
    with pytest.raises(ConfigError, match="must be one of fixed, obrien_fleming, always_valid, however: got='daily'"):
        rehearse(SMALL, PLAIN, 1, looks="daily")
    with pytest.raises(ConfigError, match="times must be 1 or more"):
        rehearse(SMALL, PLAIN, 0)
