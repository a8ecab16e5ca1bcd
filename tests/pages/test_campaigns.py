"""The Campaigns page: costs from a file or typed in, advice, budgets what learning is worth, on shipped leads."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta
from streamlit.testing.v1 import AppTest

from core.data.splitting import open_rows
from core.decisions.economics.allocation import allocate, thompson_split
from core.decisions.economics.campaigns import read_costs
from core.decisions.economics.money import Terms, told
from core.decisions.economics.response import fit
from core.decisions.economics.simulation import gains
from core.workspace.audit import audit_trail
from core.workspace.costs import costs_of, keep_costs
from core.workspace.people import set_role
from pages import _campaign_data as data
from tests.field_trials import keep_sample, sample_leads
from tests.seen import button, sound, table, words

APP = Path(__file__).resolve().parents[2] / "app.py"
SECTIONS = (
    "What to reinforce or cut",
    "Where the money should go",
    "The next split",
    "What learning is worth",
    "Which leads pay",
)
WEEKLY = {"website": 2400.0, "app": 900.0, "marketplace": 6500.0, "hotline": 700.0}
HOSTILE = "<script>x</script> **bold**"


def cost_table() -> pd.DataFrame:
    """Weekly costs of four channels as somebody would send them, and one that always cost the same."""
    rng = np.random.default_rng(1)
    rows = [
        {"Channel": name, "Week": f"{day:%d.%m.%Y}", "Spend": f"{usual * rng.uniform(0.5, 1.5):.2f}".replace(".", ",")}
        for day in pd.date_range("2025-01-06", "2025-11-24", freq="7D")
        for name, usual in WEEKLY.items()
    ]
    flat = [{"Channel": "referral", "Week": f"{day:%d.%m.%Y}", "Spend": "300"} for day in (pd.Timestamp("2025-03-03"),)]
    return pd.DataFrame(rows + flat)


def cost_file(frame: pd.DataFrame) -> bytes:
    out = io.StringIO()
    frame.to_csv(out, sep=";", index=False)
    return out.getvalue().encode()


def kept_costs(frame: pd.DataFrame) -> pd.DataFrame:
    return read_costs(frame.rename(columns={"Channel": "channel", "Week": "period", "Spend": "cost"}))


@pytest.fixture
def sample(ws):
    return keep_sample(ws)


@pytest.fixture
def paid(ws, sample):
    """The sample with its costs kept."""
    keep_costs(ws, sample.id, kept_costs(cost_table()), "x")
    return sample


def opened(section: str | None = None, email: str | None = None, **state) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=120)
    if email:
        at.secrets["auth"] = {"x": "y"}
        at.user = {"is_logged_in": True, "email": email}
    at.run().switch_page("pages/campaigns.py")
    if section:
        at.session_state["campaign_section"] = section
    for name, value in state.items():
        at.session_state[name] = value
    at.run()
    assert not at.exception, [e.message for e in at.exception]
    return at


def outcomes() -> pd.DataFrame:
    """Channel, day and final outcome of the shipped leads, put together anew."""
    leads = sample_leads()
    outcome = leads.converted.copy()
    young = leads.roles["snapshot_time"] > leads.roles["snapshot_time"].max() - timedelta(days=30)
    outcome[young & (outcome == 0)] = np.nan
    assert np.isnan(outcome).sum() == len(open_rows(leads))
    return pd.DataFrame({"channel": leads.features["channel"], "at": leads.roles["snapshot_time"], "won": outcome})


def test_without_leads_the_page_says_what_to_do(ws):
    at = sound(opened())
    assert "No leads yet" in words(at) and [b.label for b in at.button] == ["Bring in leads"]


def test_a_seller_may_not_see_it(ws, sample):
    set_role(ws, "ann@x.y", "viewer", "x")
    at = opened(email="ann@x.y")
    assert "This is for sales managers" in words(at) and not at.selectbox


def test_a_file_is_recognised_kept_and_there_for_the_next_visitor(ws, sample):
    at = sound(opened())
    assert "What did the campaigns cost?" in words(at)
    at.file_uploader[0].upload("costs.csv", cost_file(cost_table()))
    sound(at.run())
    boxes = {box.label: box.value for box in at.selectbox}
    assert (boxes["Channel"], boxes["Period starts on"], boxes["Cost"]) == ("Channel", "Week", "Spend")
    assert boxes["Campaign"] is None and boxes["Message"] is None
    sound(button(at, "Keep these costs").click().run())
    kept = costs_of(ws, sample.id)
    assert kept is not None
    pd.testing.assert_frame_equal(kept.frame, kept_costs(cost_table()))
    assert audit_trail(ws)[0].what == "campaign costs kept"
    total = told(float(kept.frame["cost"].sum()), Terms())
    said = words(sound(opened()))
    assert f"189 rows, {total} in all, 2025-01-06 to 2025-11-24" in said and "What did" not in said


def test_what_is_wrong_with_a_file_is_told_with_its_row_and_nothing_is_kept(ws, sample):
    at = opened()
    at.file_uploader[0].upload("costs.csv", b"Channel;Spend\nweb;10\napp;-5\n")
    button(at.run(), "Keep these costs").click().run()
    assert "a negative amount, such as '-5' (row 3)" in words(at)
    assert costs_of(ws, sample.id) is None
    other = opened()
    other.file_uploader[0].upload("costs.csv", bytes(range(256)) * 40)
    assert "binary file" in words(other.run())


def test_costs_can_be_typed_for_the_names_that_the_leads_have(ws, sample):
    at = opened()
    sound(at.button_group(key="costs_way").set_value("Type them in").run())
    given = at.data_editor[0].value
    assert set(given["channel"]) == set(sample_leads().features["channel"]) and given["cost"].isna().all()
    first = given["channel"].iloc[0]
    edits: dict[str, Any] = {
        "edited_rows": {0: {"cost": 1200.0, "period": "2025-03-01"}},
        "added_rows": [{"channel": first, "cost": 800.0, "period": "2025-04-01"}],
        "deleted_rows": [],
    }
    at.session_state["typed_channel_channel_0"] = edits
    sound(at.run())
    sound(button(at, "Keep these costs").click().run())
    kept = costs_of(ws, sample.id)
    assert kept is not None
    assert kept.frame[["channel", "period", "cost"]].to_dict("records") == [
        {"channel": first, "period": "2025-03-01", "cost": 1200.0},
        {"channel": first, "period": "2025-04-01", "cost": 800.0},
    ]


def test_kept_costs_can_be_mended_and_deleted(ws, paid):
    at = opened()
    kept = costs_of(ws, paid.id)
    assert kept is not None
    key = f"costs_{kept.sha256[:16]}"
    at.session_state[key] = {"edited_rows": {0: {"cost": 7.0}}, "added_rows": [], "deleted_rows": []}
    sound(at.run())
    sound(button(at, "Keep the changes").click().run())
    mended = costs_of(ws, paid.id)
    assert mended is not None and mended.frame["cost"].iloc[0] == 7 and len(mended.frame) == len(kept.frame)
    sound(button(at, "Delete these costs").click().run())
    assert costs_of(ws, paid.id) is None and "What did the campaigns cost?" in words(at)


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


def test_names_that_no_lead_has_and_hostile_ones_are_told_as_they_are(ws, sample):
    keep_costs(ws, sample.id, read_costs(pd.DataFrame({"channel": [HOSTILE, "app"], "cost": [100.0, 50.0]})), "x")
    at = sound(opened())
    assert f"No lead names {HOSTILE}" in words(at)
    assert not any("<script>" in chart.proto.spec for chart in at.get("plotly_chart"))
    assert not any("**bold**" in str(e.value) for e in (*at.warning, *at.caption, *at.info))


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
