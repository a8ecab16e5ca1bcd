"""Whom to reach: never those who come anyway, never at a loss, never beyond the budget."""

import numpy as np
import pandas as pd
import pytest

from core.decisions.segments.budget import Campaign, came_by, plan_campaign
from core.errors import ConfigError

IDS = np.array([f"L{number:03d}" for number in range(200)])
RNG = np.random.default_rng(0)
CHANCE, ANYWAY = RNG.random(200) * 0.3, RNG.random(200)


def test_the_most_valuable_are_chosen_within_the_budget() -> None:
    plan = plan_campaign(IDS, CHANCE, ANYWAY, Campaign(budget=100, cost=5, margin=100))
    assert len(plan.chosen) == 20 and plan.spent == 100
    fit = (ANYWAY <= 0.5) & (CHANCE * 100 > 5)
    assert set(plan.chosen["lead_id"]) == set(IDS[fit][np.argsort(-CHANCE[fit])[:20]])
    assert plan.added == pytest.approx(plan.expected * 100 - 100)
    assert len(plan.chosen) + sum(plan.left_out.values()) == 200


def test_a_large_budget_stops_where_it_no_longer_pays() -> None:
    plan = plan_campaign(IDS, CHANCE, ANYWAY, Campaign(budget=1e6, cost=5, margin=100))
    assert plan.chosen["value"].min() > 0 and plan.left_out["beyond the budget"] == 0
    assert plan.curve["added"].iloc[-1] == pytest.approx(plan.added)
    assert plan.curve["added"].is_monotonic_increasing


def test_the_curve_passes_through_the_plan() -> None:
    plan = plan_campaign(IDS, CHANCE, ANYWAY, Campaign(budget=100, cost=5, margin=100))
    at = plan.curve.set_index("budget").loc[100.0]
    assert (at["reached"], at["added"]) == (20, pytest.approx(plan.added))


def test_a_cap_on_contacts() -> None:
    contacted = np.where(np.arange(200) < 100, 3.0, np.nan)
    plan = plan_campaign(IDS, CHANCE, ANYWAY, Campaign(1e6, 5, 100, contacts=3), contacted)
    assert not set(plan.chosen["lead_id"]) & set(IDS[:100])
    with pytest.raises(ConfigError, match="needs the column"):
        plan_campaign(IDS, CHANCE, ANYWAY, Campaign(1e6, 5, 100, contacts=3))


def test_a_customer_is_reached_once_by_the_best_lead() -> None:
    customer = np.arange(200) // 2
    plan = plan_campaign(IDS, CHANCE, np.zeros(200), Campaign(1e6, 5, 100), customer=customer)
    best = [max(2 * pair, 2 * pair + 1, key=CHANCE.__getitem__) for pair in range(100)]
    assert set(plan.chosen["lead_id"]) == {IDS[row] for row in best if CHANCE[row] * 100 > 5}
    assert plan.left_out["another lead of one in the list"] > 0
    assert len(plan.chosen) + sum(plan.left_out.values()) == 200


def test_who_came_already_is_left_out_and_counted_whatever_the_chances_say() -> None:
    observed = np.resize(["organic", "organic", "low", "campaign", ""], 200)
    segment = np.resize(["organic", "campaign", "low", "campaign", "low"], 200)
    came = came_by(pd.DataFrame({"observed": observed, "segment": segment}))
    plan = plan_campaign(IDS, np.full(200, 0.9), np.zeros(200), Campaign(1e6, 5, 100, anyway=1), came=came)
    assert set(plan.chosen["lead_id"]) == set(IDS[np.isin(observed, ["low", ""])])
    assert (plan.left_out["came by themselves"], plan.left_out["came by a campaign"]) == (40, 80)
    certain = plan_campaign(IDS, CHANCE, ANYWAY, Campaign(1e6, 5, 100), came=came)
    assert len(certain.chosen) + sum(certain.left_out.values()) == 200


def test_ties_go_by_lead_id() -> None:
    same = np.full(200, 0.2)
    plan = plan_campaign(IDS[::-1], same, np.zeros(200), Campaign(15, 5, 100))
    assert plan.chosen["lead_id"].tolist() == ["L000", "L001", "L002"]


@pytest.mark.parametrize("wrong", [{"budget": -1}, {"cost": 0}, {"margin": 0}, {"anyway": 1.1}])
def test_impossible_campaigns_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="a campaign needs"):
        Campaign(**{"budget": 1, "cost": 1, "margin": 1, **wrong})  # type: ignore[arg-type]
