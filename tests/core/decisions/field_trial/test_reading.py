import json
import time
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.leads import Leads
from core.decisions.field_trial.assignment import accepted
from core.decisions.field_trial.choices import METHODS
from core.decisions.field_trial.estimates import adjusted, permutation
from core.decisions.field_trial.looks import look_now
from core.decisions.field_trial.outcomes import outcomes
from core.decisions.field_trial.protocol import Protocol
from core.decisions.field_trial.reading import COLUMNS, TrialResult, read
from core.decisions.field_trial.sequential import always_valid, obrien_fleming
from core.errors import ConfigError, ValidationError
from tests.core.decisions.field_trial.staged_trials import DAY, START, changed, staged_leads, staged_protocol

PROTOCOL = staged_protocol()
END = START + 38 * DAY
LOOKS: dict[str, Any] = {"looks": "obrien_fleming", "look_days": (17, 24, 31, 38)}


@cache
def leads(uplift: float = 0.0) -> Leads:
    return staged_leads(PROTOCOL, uplift)


@cache
def ended(uplift: float = 0.5) -> TrialResult:
    return read(PROTOCOL, leads(uplift), END, draws=199)


def test_at_the_end_every_method_stands_in_the_table_and_the_plans_decides() -> None:
    result = ended()
    assert result.state == "final" and result.until == END and result.protocol_sha256 == PROTOCOL.sha256
    assert list(result.methods.columns) == list(COLUMNS) and tuple(result.methods["method"]) == METHODS
    assert (result.methods["low"] < 0.5).all() and (result.methods["high"] > 0.5).all()
    assert result.headline == adjusted(outcomes(PROTOCOL, leads(0.5), END).trial())
    assert len(result.tiers) == 4 and len(result.weeks) == 4 and len(result.days) == 28
    assert [check.state for check in result.checks] == ["fine"] * 4


def test_a_real_difference_is_called_so_with_its_orders() -> None:
    result = ended()
    one, extra = result.headline, result.extra_orders
    assert one is not None and extra is not None
    more = f"The new ranking brought {one.uplift:.1%} more orders (likely between +{one.low:.1%} and +{one.high:.1%})"
    assert result.verdict == f"{more}; the plan's test calls this a real difference."
    treated = PROTOCOL.specialists["arm"] == "treatment"
    assert extra[0] == pytest.approx(treated.sum() * 28 * 20 * (one.treatment - one.control))
    assert extra[1] < extra[0] < extra[2]
    worse = read(PROTOCOL, leads(-0.5), END, draws=19)
    assert "% fewer orders (likely between -" in worse.verdict and worse.extra_orders[2] < 0  # type: ignore[index]


def test_no_difference_says_which_effects_are_unlikely() -> None:
    result = ended(0.0)
    assert result.headline is not None and not result.headline.shown
    assert result.verdict.startswith("No difference that this trial can show: ")
    assert result.verdict.endswith(f"or below {result.headline.low:+.1%} are unlikely.")


@pytest.mark.parametrize("days", [0.5, 20, 37.9])
def test_a_fixed_trial_shows_no_effect_before_its_end(days: float) -> None:
    result = read(PROTOCOL, leads(0.5), START + days * DAY)
    assert result.state == "running" and result.headline is None and result.extra_orders is None
    assert not sum(len(table) for table in (result.methods, result.tiers, result.weeks, result.days))
    assert list(result.methods.columns) == list(COLUMNS) and "uplift" in result.tiers and "week" in result.weeks
    left = int(np.ceil(38 - days))
    assert f"in {left} {'day' if left == 1 else 'days'}, on 2026-04-08" in result.verdict
    assert "is read once" in result.verdict and "known up to" in result.verdict
    assert len(result.checks) == 4
    # Neither does any number that the result holds: the same trial without an effect reads alike.
    other = read(PROTOCOL, leads(0.0), START + days * DAY)
    assert {**other.to_dict(), "checks": 0} == {**result.to_dict(), "checks": 0}
    assert [check.figures for check in other.checks] == [check.figures for check in result.checks]


def test_planned_looks_use_what_was_known_then_and_their_bound() -> None:
    protocol = replace(PROTOCOL, **LOOKS)
    assert read(protocol, leads(0.5), START + 16.9 * DAY).state == "running"
    first, later = (read(protocol, leads(0.5), START + days * DAY, draws=199) for days in (24, 30.9))
    assert first.state == later.state == "look" and first.until == later.until == START + 24 * DAY
    assert first.headline == later.headline and len(later.days) == 14
    assert later.checks != first.checks
    bounds = obrien_fleming([0.25, 0.5, 0.75, 1.0])
    for days, bound in zip((17, 24, 31, 38), bounds, strict=True):
        result = read(protocol, leads(0.5), START + days * DAY, draws=199)
        strict = adjusted(outcomes(protocol, leads(0.5), START + days * DAY).trial(), 0.05, float(bound))
        assert result.headline is not None
        assert (result.headline.low, result.headline.high) == pytest.approx((strict.low, strict.high), rel=1e-4)
        assert result.headline.shown == (result.headline.p < 0.05)
    assert result.state == "final"


def test_leads_beyond_the_plan_leave_something_for_the_last_look() -> None:
    protocol = replace(PROTOCOL, **LOOKS, leads_per_specialist=300.0)
    results = [read(protocol, leads(), START + days * DAY, draws=19) for days in (17, 24, 31, 38)]
    assert [result.state for result in results] == ["look", "look", "look", "final"]
    widths = [result.headline.high - result.headline.low for result in results if result.headline is not None]
    assert len(widths) == 4 and widths[3] < widths[0]


def test_a_look_that_brought_no_new_leads_spends_nothing() -> None:
    protocol = replace(PROTOCOL, **LOOKS)
    time_ = leads().roles["snapshot_time"]
    gap = np.flatnonzero((time_ < START + 7 * DAY) | (time_ >= START + 14 * DAY))
    some = leads().take(gap)
    look = look_now(protocol, some, outcomes(protocol, some, START + 25 * DAY))
    assert look is not None and look.shares == pytest.approx((0.25,)) and look.bound == pytest.approx(4.333, abs=0.01)


def test_an_always_valid_trial_is_read_on_any_day_with_its_bound() -> None:
    protocol = replace(PROTOCOL, looks="always_valid")
    waiting = read(protocol, leads(0.5), START + 5 * DAY)
    assert waiting.state == "running" and "no lead of the trial has a final outcome" in waiting.verdict
    result = read(protocol, leads(0.5), START + 24 * DAY, draws=199)
    trial = outcomes(protocol, leads(0.5), START + 24 * DAY).trial()
    strict = adjusted(trial, 0.05, always_valid(trial.leads.sum() / (24 * 28 * 20)))
    assert result.state == "look" and result.headline is not None
    assert (result.headline.low, result.headline.high) == pytest.approx((strict.low, strict.high))
    assert strict.p < result.headline.p < 0.05 and "may end here" in result.verdict
    unsettled = read(protocol, leads(0.0), START + 24 * DAY, draws=19).verdict
    assert unsettled.startswith("Not settled yet: ") and unsettled.endswith("The trial goes on as planned.")
    assert read(protocol, leads(0.5), END, draws=19).state == "final"


def test_the_permutation_is_over_assignments_that_the_design_accepts() -> None:
    result = read(replace(PROTOCOL, headline="permutation"), leads(0.5), END, draws=199)
    arms = accepted(PROTOCOL.specialists, PROTOCOL.design, 199, seed=(PROTOCOL.design.seed, 1))
    assert result.headline == permutation(outcomes(PROTOCOL, leads(0.5), END).trial(), arms)
    assert result.tiers["uplift"].notna().all()


def test_a_stopped_trial_is_read_when_the_leads_before_the_stop_are_final() -> None:
    stop = START + 14 * DAY
    waiting = read(PROTOCOL, leads(0.5), stop + 9 * DAY, stopped=stop)
    assert waiting.state == "running" and waiting.headline is None and waiting.stopped == stop
    assert "in 1 day, on 2026-03-25" in waiting.verdict
    result = read(PROTOCOL, leads(0.5), stop + 10 * DAY, draws=99, stopped=stop)
    assert result.state == "final" and result.headline is not None and len(result.days) == 14
    for one in (waiting, result):
        said = "The trial was stopped early, on 2026-03-15: leads that came later do not count."
        assert one.verdict.endswith(said)
    roles = leads(0.5).roles["snapshot_time"]
    until_then = leads(0.5).take(np.flatnonzero(roles < stop))
    short = outcomes(PROTOCOL, until_then, stop + 10 * DAY)
    assert result.headline.uplift == pytest.approx(adjusted(short.trial()).uplift)
    (check,) = (one for one in result.checks if one.name == "Final outcomes")
    assert "the waiting time is over" in check.words and check.figures["waiting"] == 0
    assert read(PROTOCOL, leads(0.5), END, draws=19).stopped is None
    assert json.loads(json.dumps(result.to_dict()))["stopped"] == stop.isoformat()


def test_a_stop_is_the_last_look_and_spends_what_is_left() -> None:
    protocol, stop = replace(PROTOCOL, **LOOKS), START + 16 * DAY
    before = read(protocol, leads(0.5), START + 25 * DAY, draws=19, stopped=stop)
    assert before.state == "look" and before.until == START + 24 * DAY
    last = read(protocol, leads(0.5), stop + 10 * DAY, draws=19, stopped=stop)
    assert last.state == "final" and last.until == stop + 10 * DAY and len(last.days) == 16
    seen = outcomes(protocol, leads(0.5), stop + 10 * DAY, stopped=stop)
    look = look_now(protocol, leads(0.5), seen)
    assert look is not None and look.shares == pytest.approx((0.25, 0.5, 1.0))
    brought = [24 * 20.0 * day for day in (7, 14, 16)]
    assert look.bound == pytest.approx(obrien_fleming([0.25, 0.5, 1.0], 0.05, brought)[-1])
    always = replace(PROTOCOL, looks="always_valid")
    assert read(always, leads(0.5), stop + 9 * DAY, draws=19, stopped=stop).state == "look"
    assert read(always, leads(0.5), stop + 10 * DAY, draws=19, stopped=stop).state == "final"


def test_a_day_that_has_not_come_does_not_end_a_trial() -> None:
    with pytest.raises(ConfigError, match="outcomes can be known up to today, 2026-03-20"):
        read(PROTOCOL, leads(), END, now=START + 19.5 * DAY)
    assert read(PROTOCOL, leads(), START + 19 * DAY, now=START + 19.5 * DAY).state == "running"


def test_lists_that_met_the_other_arm_are_found() -> None:
    arm = leads().roles["owner"].map(PROTOCOL.arm_of())
    other = arm.map({"treatment": "control", "control": "treatment"})
    shown = pd.DataFrame({"lead_id": leads().roles["lead_id"], "arm": other})
    result = read(PROTOCOL, leads(), END, draws=19, shown=shown)
    (check,) = (one for one in result.checks if one.name == "Arms kept apart")
    assert check.state == "stop" and "that were shown belong to somebody in the other arm" in check.words


def test_what_cannot_be_told_says_why() -> None:
    nobody = changed(leads(), converted=0.0)
    result = read(PROTOCOL, nobody, END, draws=19)
    assert result.state == "final" and result.headline is None and result.extra_orders is None
    assert result.verdict.startswith("The effect cannot be told: a relative effect needs orders in the control arm")
    assert result.methods["uplift"].isna().all() and (result.methods["reason"] != "").all()


def test_the_result_is_json_with_null_for_what_has_no_value() -> None:
    nobody = read(PROTOCOL, changed(leads(), converted=0.0), END, draws=19)
    for result in (ended(), nobody, read(PROTOCOL, leads(), START + 20 * DAY)):
        document = json.loads(json.dumps(result.to_dict(), allow_nan=False))
        assert document["verdict"] == result.verdict and document["until"] == result.until.isoformat()
        assert [row["method"] for row in document["methods"]] == result.methods["method"].tolist()
    document = json.loads(json.dumps(ended().to_dict()))
    assert document["headline"]["method"] == "adjusted" and document["headline"]["draws"] == 0
    permuted = read(replace(PROTOCOL, headline="permutation"), leads(), END, draws=99).to_dict()["headline"]
    assert permuted["df"] is None and nobody.to_dict()["methods"][0]["uplift"] is None


def test_leads_that_do_not_belong_to_the_trial_are_refused() -> None:
    early = leads().take(np.flatnonzero(leads().roles["snapshot_time"] < START))
    with pytest.raises(ValidationError, match="before the trial's start"):
        read(PROTOCOL, early, END)


def test_true_uplifts_are_told_as_often_as_promised() -> None:
    """Whole trials from leads to result: 95% of the intervals hold the truth, at the end and at any look."""
    covered = {"fixed": 0, "always_valid": 0}
    for seed in range(40):
        protocol: Protocol = staged_protocol(leads_per_specialist=28 * 5.0)
        drawn = staged_leads(protocol, 0.3, a_day=5, seed=seed)
        for looks in covered:
            result = read(replace(protocol, looks=looks), drawn, END, draws=19)
            assert result.headline is not None
            covered[looks] += result.headline.low <= 0.3 <= result.headline.high
    # Of 40 at 95%, fewer than 33 come once in 500 times.
    assert covered["fixed"] >= 33 and covered["always_valid"] >= max(37, covered["fixed"])


def test_a_large_trial_is_read_in_seconds() -> None:
    protocol = staged_protocol(size=400)
    drawn = staged_leads(protocol, a_day=10)
    begun = time.perf_counter()
    assert isinstance(read(protocol, drawn, END).days, pd.DataFrame)
    assert time.perf_counter() - begun < 5
