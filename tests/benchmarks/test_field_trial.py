"""The field trial's benchmark runs as its README says; whether promises are kept takes more trials than these."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.field_trial import TEAMS, out_of_bounds, outcomes, people
from tests.smoke import run


def test_people_are_as_alike_as_their_team_says() -> None:
    team = TEAMS[2]
    rng = np.random.default_rng(0)
    rates = np.concatenate([people(team, rng)[1] for _ in range(200)])
    assert rates.mean() == pytest.approx(0.0133, rel=0.03)
    assert rates.var() / (0.0133 * (1 - 0.0133)) == pytest.approx(team.icc, rel=0.1)


def test_outcomes_rise_in_treatment_alone() -> None:
    team = TEAMS[0]
    rng = np.random.default_rng(0)
    treated = np.arange(1_000) < 500
    leads, orders = outcomes(team, rng, np.full(1_000, 0.02), np.ones(1_000), treated, 0.5)
    assert orders[treated].sum() / leads[treated].sum() == pytest.approx(0.03, rel=0.02)
    assert orders[~treated].sum() / leads[~treated].sum() == pytest.approx(0.02, rel=0.02)
    assert leads.sum(axis=1).mean() == pytest.approx(team.leads, rel=0.01)


def test_what_breaks_its_promise_beyond_chance_is_named() -> None:
    row = {"method": "t_test", "design": "one draw", "team": "team"}
    kept = row | {"type_1": 0.05, "covered_at_0": 0.95, "covered": 0.95, "power": 0.8}
    results = {"fixed": [kept], "looking": [], "large": {"seconds": 1.0}}
    assert out_of_bounds(results, 2_000) == []
    results["fixed"] = [kept | {"type_1": 0.09}]
    results["looking"] = [
        {"looks": looks, "method": "ratio", "team": "team", "type_1": 0.3} for looks in ("four", "peeking")
    ]
    wrong = out_of_bounds(results, 2_000)
    assert len(wrong) == 2 and "type_1 0.090" in wrong[0] and "four" in wrong[1]
    assert out_of_bounds(results | {"looking": []}, 20) == []


def test_every_table_is_filled() -> None:
    result = run("field_trial")
    assert {row["method"] for row in result["fixed"]} == {"adjusted", "t_test", "ratio", "permutation"}
    assert {row["design"] for row in result["fixed"]} == {"one draw", "rerandomised"}
    for row in result["fixed"]:
        assert all(0 <= row[name] <= 1 for name in ("type_1", "power", "covered", "covered_at_0"))
    assert len(result["looking"]) == 6 and len(result["rehearsed"]) == 8
    assert result["large"]["leads"] == 40 * 30 * 5
