"""Budgets of campaigns: how they are split, the next split, and what learning is worth."""

import pandas as pd
import pytest

from core.decisions.economics.allocation import allocate, thompson_split
from core.decisions.economics.campaigns import read_costs
from core.decisions.economics.money import Terms, told
from core.decisions.economics.response import fit
from core.decisions.economics.simulation import gains
from core.workspace.costs import costs_of, keep_costs
from pages import _campaign_data as data
from tests.campaigns_page import SECTIONS, WEEKLY, cost_table, kept_costs, opened, outcomes
from tests.seen import sound, table, words


def test_the_budget_is_split_by_curves_of_costs_and_orders(paid):
    at = sound(opened(SECTIONS[1]))
    costs = kept_costs(cost_table())
    leads = outcomes()
    rate = leads.groupby("channel")["won"].transform("mean")
    leads = leads.assign(won=leads["won"].fillna(rate), period=leads["at"].dt.to_period("W").dt.start_time)
    orders = leads.groupby(["channel", "period"])["won"].sum()
    spent = costs[costs["channel"] != "referral"].sort_values(["channel", "period"])
    history = pd.DataFrame({"channel": spent["channel"], "spend": spent["cost"]})
    places = zip(spent["channel"], pd.to_datetime(spent["period"]), strict=True)
    history["orders"] = orders.reindex(pd.MultiIndex.from_tuples(list(places)), fill_value=0.0).to_numpy()
    found = fit(history)
    now = round(float(found.spend_now.sum()), 2)
    expected = allocate(found, now, 1500.0, lows=0.0, highs=2 * found.spend_now, terms=Terms(period="week"))
    shown = table(at, "marginal_return")
    assert shown["channel"].tolist() == sorted(WEEKLY)
    assert shown["spend"].tolist() == pytest.approx(expected.frame["spend"].round(), abs=1)
    metrics = {m.label: m.value for m in at.metric}
    assert metrics["More profit a week"] == told(expected.gain.value, Terms()), "the period is that of the costs"
    assert metrics["Chance that it is better"] == f"{expected.chance_better:.0%}"
    said = words(at)
    assert "Left out, as they had too few periods or no change: referral" in said
    assert ("More than was ever tried" in said) == bool(expected.frame["beyond"].any())
    # A channel held close to its spend of now.
    at.session_state["campaign_change"] = 10
    held = table(sound(at.run()), "marginal_return")
    assert (abs(held["spend"] / held["spend_now"] - 1) < 0.102).all()
    at.session_state[f"campaign_budget_{now}"] = 1.0
    at.run()
    assert not at.exception and "the budget is 1" in words(at)


def test_the_next_split_is_drawn_anew_by_its_number(ws, paid):
    at = sound(opened(SECTIONS[2]))
    first = table(at, "spend")
    assert (first["low"] <= first["high"]).all()
    box = next(n for n in at.number_input if n.label == "Number of the week")
    assert box.value is not None
    sound(box.set_value(7).run())
    kept = costs_of(ws, paid.id)
    assert kept is not None
    found, untold = data.fitted(
        data.Asked(str(ws.folder), paid.id, None, kept.sha256, "channel", "channel"), kept.frame
    )
    assert untold == ("referral",)
    now = round(float(found.spend_now.sum()), 2)
    drawn = thompson_split(found, now, 1500.0, seed=7, lows=0.0, highs=2 * found.spend_now)
    assert table(at, "spend")["spend"].tolist() == drawn["spend"].round().tolist() != first["spend"].tolist()


def test_learning_is_held_against_fixed_budgets(ws, paid):
    at = opened(SECTIONS[3])
    at.session_state["campaign_periods"] = 8
    sound(at.run())
    kept = costs_of(ws, paid.id)
    assert kept is not None
    asked = data.Asked(str(ws.folder), paid.id, None, kept.sha256, "channel", "channel")
    now = round(float(data.fitted(asked, kept.frame)[0].spend_now.sum()), 2)
    gained = gains(data.simulated(asked, 8, now, 1500.0, kept.frame)).set_index("how")["gain"].to_dict()
    assert gained["known"] >= gained["thompson"]
    said = words(at)
    assert (
        f"would earn {told(gained['known'], Terms(period='week'), True)} more" in said and "Played through 10" in said
    )


def test_costs_without_dates_are_judged_but_teach_no_curve(ws, sample):
    keep_costs(ws, sample.id, read_costs(pd.DataFrame({"channel": ["app"], "cost": [100.0]})), "x")
    assert "Reinforce app" in words(sound(opened()))
    at = opened(SECTIONS[1])
    assert "a history needs the date on which each period starts" in words(at)
