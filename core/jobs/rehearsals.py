"""Rehearsed field trials (`rehearse`): one design, with the true effect and without any."""

from __future__ import annotations

from dataclasses import replace

from core.answers import as_json
from core.decisions.field_trial.assignment import Design
from core.decisions.field_trial.estimates import by_day
from core.decisions.field_trial.rehearsal import one_trial, rehearse
from core.decisions.field_trial.scenario import Scenario
from core.jobs.task import Outcome, Task


def rehearsed(task: Task) -> Outcome:
    """`rehearse`: {scenario, kind, looks, times} -> {found, alarms: one row a read-out; trials: one row a rehearsed
    trial and read-out; days: of one trial}. The scenario as `Scenario`'s arguments, kind as `Design`'s."""
    asked = task.request
    scenario = Scenario(**asked["scenario"])
    design = Design(asked["kind"], seed=scenario.seed)
    with_effect = rehearse(scenario, design, asked["times"], looks=asked["looks"], watch=task.watch)
    nothing = replace(scenario, uplift=0.0)
    without = rehearse(nothing, design, asked["times"], looks=asked["looks"], watch=task.watch)
    result = {
        "found": as_json(with_effect.summary),
        "alarms": as_json(without.summary),
        "trials": as_json(with_effect.frame[["trial", "method", "uplift", "low", "high"]]),
        "days": as_json(by_day(one_trial(scenario, design, seed=0))),
    }
    return Outcome(result)
