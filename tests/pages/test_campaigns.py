"""The Campaigns page: who may see it, advice, and which leads pay, on shipped leads."""

import pandas as pd
import pytest
from scipy.stats import beta

from core.decisions.economics.campaigns import read_costs
from core.decisions.economics.money import Terms, told
from core.workspace.costs import keep_costs
from core.workspace.people import set_role
from pages import _campaign_data as data
from tests.campaigns_page import SECTIONS, cost_table, kept_costs, opened, outcomes
from tests.seen import sound, table, words


def test_without_leads_the_page_says_what_to_do(ws):
    at = sound(opened())
    assert "No leads yet" in words(at) and [b.label for b in at.button] == ["Bring in leads"]


def test_a_seller_may_not_see_it(ws, sample):
    set_role(ws, "ann@x.y", "viewer", "x")
    at = opened(email="ann@x.y")
    assert "This is for sales managers" in words(at) and not at.selectbox


def test_advice_follows_outcomes_costs_and_margin(paid):
    at = sound(opened())
    shown = table(at, "advice").set_index("channel").to_dict("index")
    costs, leads = kept_costs(cost_table()), outcomes()
    # Weeks begin on a Monday, and the last with a cost ends on 30 November.
    week = leads["at"].dt.to_period("W").dt.start_time.dt.strftime("%Y-%m-%d")
    paid_for = pd.MultiIndex.from_frame(costs[["channel", "period"]])
    named = leads["channel"].isin(costs["channel"]) | ~week.isin(costs["period"])
    inside = pd.MultiIndex.from_arrays([leads["channel"], week]).isin(paid_for) | ~named
    left_out, leads = (~inside).sum(), leads[inside]
    known = leads.dropna(subset=["won"])
    mine = known[known["channel"] == "website"]["won"]
    pooled = (known["won"].sum() + 0.5) / (len(known) + 1)
    posterior = beta(1 + mine.sum(), (1 - pooled) / pooled + len(mine) - mine.sum())
    cost = costs.groupby("channel")["cost"].sum()["website"]
    each = cost / (leads["channel"] == "website").sum()
    row = shown["website"]
    assert row["cost"] == round(cost) and row["cost_per_lead"] == pytest.approx(each)
    assert row["roi"] == pytest.approx(100 * (1500 * posterior.mean() / each - 1))
    assert row["roi_low"] == pytest.approx(100 * (1500 * posterior.ppf(0.025) / each - 1))
    assert row["chance_profitable"] == pytest.approx(100 * posterior.sf(each / 1500))
    assert row["advice"] == "Reinforce" and shown["marketplace"]["advice"] == "Cut"
    assert shown["event"]["advice"] in ("Cost not known", "Too few leads to tell")
    said = words(at)
    assert "Reinforce" in said and "Cut marketplace" in said and "1,500 EUR" in said
    assert f"{left_out:,} others are left out" in said and left_out > 0
    at.session_state["value_margin"] = 20_000.0
    assert (
        table(sound(at.run()), "advice").set_index("channel").to_dict("index")["marketplace"]["advice"] == "Reinforce"
    )


def test_money_is_told_in_the_chosen_currency(paid):
    at = sound(opened(money_currency="sek"))  # typed: the list does not offer it
    assert "1,500 SEK" in words(at) and at.number_input(key="value_margin").label == "An order leaves (SEK)"
    other = opened(money_currency="kroner")
    assert "three capital letters" in words(other)


def test_chances_alone_judge_no_campaign(kept):
    ws, dataset, _, _, scoring = kept
    keep_costs(ws, dataset.id, read_costs(pd.DataFrame({"channel": ["x"], "cost": [10.0]})), "x")
    at = opened()
    asked = data.lead_table(str(ws.folder), dataset.id, scoring.id)
    assert asked["converted"].isna().all() and asked["probability"].notna().all()
    assert not at.exception and "none of the 60 leads has a known outcome" in words(at)
    assert not at.get("plotly_chart")


def test_leads_are_worked_where_their_return_reaches_the_objective(kept):
    ws, dataset, leads, _, scoring = kept
    keep_costs(ws, dataset.id, read_costs(pd.DataFrame({"channel": ["x"], "cost": [10.0]})), "x")
    at = sound(opened(SECTIONS[4], value_margin=100.0, campaign_convert=50.0))
    table_ = data.lead_table(str(ws.folder), dataset.id, scoring.id)
    chance = table_["probability"].to_numpy()
    worth = chance * 100 >= 50
    assert 0 < worth.sum() < len(leads)
    metrics = {m.label: m.value for m in at.metric}
    assert metrics["Worth working"] == str(worth.sum()) and metrics["Return to reach"] == "0%"
    assert metrics["Profit of working them"] == told(float((chance[worth] * 100 - 50).sum()), Terms())
    rows = table(at, "worth").set_index("channel")
    x = (leads.features["city"] == "x").to_numpy()
    assert rows["worth"].to_dict()["x"] == (worth & x).sum() and rows["leads"].to_dict()["x"] == x.sum()
    assert rows["roi"].to_dict()["x"] == pytest.approx(100 * (2 * chance[x].mean() - 1))
    assert "too few of them are known for a range" in words(at)
    sound(at.selectbox(key="campaign_objective").set_value("share").run())
    assert {m.label: m.value for m in at.metric}["Worth working"] == str(len(leads) // 5)
    at.number_input(key="campaign_convert").set_value(0.0).run()
    assert not at.exception and "cost_to_convert must be above 0" in words(at)


def test_without_chances_the_way_to_them_is_shown(paid):
    at = sound(opened(SECTIONS[4]))
    assert "No chances yet" in words(at) and "Score the leads" in [b.label for b in at.button]
