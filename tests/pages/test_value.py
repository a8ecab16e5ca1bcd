"""The sections of Value on money, on made leads: half of them open and ranked, half tested with known outcomes."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.decisions.economics.hits import at_threshold
from core.errors import LeadRankError
from core.lift.chances import calibration
from core.lift.lineup import Lineup
from core.workspace.actions import record_action
from core.workspace.audit import audit_trail
from core.workspace.scorings import add_scoring, new_scoring_path, scoring_path
from core.workspace.tables import Scoring
from pages._value_data import chance_range, field_names, scored_leads
from tests.kept import keep_leads, keep_scoring
from tests.kept import keep_run as keep_bare_run
from tests.lineups import HOSTILE, owned_leads, run_scores
from tests.pages.test_lift import keep_dataset, keep_run
from tests.seen import metrics, sound, words

APP = Path(__file__).resolve().parents[2] / "app.py"
DEPTH, PRICE, DEALS, HITS = "How deep to call", "What a lead is worth", "Compare deals", "Hits and misses"
MADE: list = []


@pytest.fixture(autouse=True)
def deferred(monkeypatch):
    """The callables that the page hands to Streamlit, which AppTest does not run; the newest first."""
    MADE.clear()
    button = st.download_button

    def kept(label, data, *arguments, **more):
        MADE.insert(0, (label, data))
        return button(label, data, *arguments, **more)

    monkeypatch.setattr(st, "download_button", kept)


@pytest.fixture
def ranked(ws) -> Scoring:
    """300 leads ranked as open by a model that was tested on the 300 others."""
    leads = owned_leads(600)
    dataset = keep_dataset(ws, leads)
    run = keep_run(ws, leads, "First", run_scores(leads), dataset.id)
    return keep_scoring(ws, dataset, leads.take(np.arange(300)), run, tilt=1.0)


def opened(section: str, **state) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=120).run().switch_page("pages/value.py")
    at.session_state["value_section"] = section
    for key, value in state.items():
        at.session_state[key] = value
    return sound(at.run())


def titles(at: AppTest) -> list[str]:
    charts = [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]
    return [chart["layout"]["title"]["text"].replace("<br>", " ") for chart in charts]


def taken(label: str) -> pd.DataFrame:
    made = next(make for name, make in MADE if name == label)
    return pd.read_csv(io.BytesIO(made()))


def file_of(ws, scoring: Scoring) -> pd.DataFrame:
    return pd.read_parquet(scoring_path(ws, scoring.id)).sort_values("rank", ignore_index=True)


def amount(text: str) -> float:
    return float(text.removesuffix(" EUR").replace(",", ""))


def test_without_leads_and_without_ranks_the_page_says_what_to_do(ws):
    assert "No leads yet" in words(opened(DEPTH))
    keep_dataset(ws, owned_leads(40))
    assert "not ranked yet" in words(opened(DEPTH))


def test_depth_and_profit_are_those_of_the_list(ws, ranked):
    chance = file_of(ws, ranked)["probability"].to_numpy()
    at = opened(DEPTH, value_margin=200.0, value_work=80.0)
    profit = np.concatenate([[0], np.cumsum(200 * chance - 80)])
    best = int(profit.argmax())
    assert 0 < best < 300
    assert metrics(at)["Best depth"] == f"{best:,} leads"
    assert amount(metrics(at)["Profit there"]) == pytest.approx(profit[best], abs=0.51)
    assert amount(metrics(at)["Profit at your calls"]) == pytest.approx(profit[30], abs=0.51)
    assert titles(at)[0].startswith(f"Calling the best {best} leads brings most")
    each = next(n for n in at.number_input if n.label.startswith("Leads of one person"))
    sound(each.set_value(50).run())
    person = metrics(at)["One more person"]
    assert person.endswith(" EUR a month"), "it comes again each month"
    assert amount(person.removesuffix(" a month")) == pytest.approx(profit[80] - profit[30], abs=0.51)
    wider = float(next(m for m in at.metric if m.label == "Profit there").delta.split(" to ")[1].replace(",", ""))
    assert wider > profit[best]


def test_the_order_is_measured_on_leads_of_known_outcome(ws, ranked):
    leads = owned_leads(600).take(np.arange(300, 600))
    at = opened(DEPTH, value_margin=200.0, value_work=80.0)
    scores = run_scores(owned_leads(600)).scores["model"].aligned(leads.lead_id)
    came = leads.converted[np.argsort(-scores["score"].to_numpy(), kind="stable")]
    at_random = 200 * came.mean() * 30
    assert amount(metrics(at)["More than at random"]) == pytest.approx(200 * came[:30].sum() - at_random, abs=0.51)
    orders = min(30, came.sum())
    assert amount(metrics(at)["Short of perfect"]) == pytest.approx(200 * (orders - came[:30].sum()), abs=0.51)
    assert "On 300 leads whose outcome is known" in words(at) and "brought" in titles(at)[1]


def test_without_known_outcomes_the_order_is_told_by_the_chances_and_hits_say_why_not(kept):
    at = opened(DEPTH)
    assert "By the chances alone" in words(at) and "should bring" in titles(at)[1]
    assert "Short of perfect" not in metrics(at)
    assert "bring in the file of its training" in words(opened(HITS))
    prices = opened(PRICE).dataframe[0].value
    assert "low" not in prices, "no range is made up"


def test_leads_that_were_dealt_with_are_left_out(ws, ranked):
    ids = file_of(ws, ranked)["lead_id"]
    record_action(ws, ranked.dataset_id, ids[:2].tolist(), "won", by="ann@example.com")
    record_action(ws, ranked.dataset_id, ids[2:3].tolist(), "note", by="ann@example.com", note="call again")
    shown = opened(PRICE).dataframe[0].value
    assert shown["lead_id"].tolist() == ids[2:22].tolist() and shown["rank"].iloc[0] == 3
    record_action(ws, ranked.dataset_id, ids.tolist(), "called", by="ann@example.com")
    assert "No lead is open" in words(opened(PRICE))


def test_a_lead_is_worth_its_expected_profit_and_the_file_has_every_price(ws, ranked):
    chance = file_of(ws, ranked)["probability"].to_numpy()
    at = opened(PRICE, value_revenue_high=2_000.0, value_cost_high=400.0, value_cost_low=20.0, value_wished=100.0)
    worth = 1_600 * chance - 20 * (1 - chance)
    assert amount(metrics(at)["Worth of a lead"]) == pytest.approx(worth.mean(), abs=0.51)
    assert amount(metrics(at)["Pay at most"]) == pytest.approx(worth.mean() - 100, abs=0.51)
    assert amount(metrics(at)["Sell from"]) == pytest.approx(max(100, worth.mean()), abs=0.51)
    assert titles(at)[0].startswith("“Revenue of a good lead” moves")
    shown = at.dataframe[0].value
    assert len(shown) == 20 and np.allclose(shown["price"], worth[:20] - 100)
    assert (shown["low"] <= shown["price"]).all() and (shown["price"] <= shown["high"]).all()
    assert (shown["low"] < shown["high"]).any()
    file = taken("Prices of all leads (CSV)")
    assert np.allclose(file["Price"], worth - 100) and file["Lead"].tolist() == file_of(ws, ranked)["lead_id"].tolist()
    (event,) = audit_trail(ws, what="download")
    assert f"prices of 300 leads of dataset {ranked.dataset_id}" in event.subject


def test_deals_are_compared_over_the_shares_that_the_chances_allow(ws, ranked):
    chance = file_of(ws, ranked)["probability"].to_numpy()
    start = pd.DataFrame({"name": [HOSTILE, "Sell"], "profit_at_0": [-100.0, 50.0], "profit_at_1": [900.0, 50.0]})
    at = opened(DEALS, value_deal_starts={f"value_deals_{ranked.id}": start})
    found = next(d.value for d in at.dataframe if "chance_best" in d.value)
    mean = float(chance.mean())
    assert found["expected_profit"].iloc[0] == pytest.approx(-100 + 1_000 * mean, abs=10)
    assert found["expected_profit"].iloc[1] == 50 and found["chance_best"].sum() == pytest.approx(100)
    assert "bring the same at 15% good leads: below, “Sell” is better" in words(at)
    assert "<b>" not in str(titles(at))
    sold = opened(DEALS)
    assert "Work them" in str(next(d.value for d in sold.dataframe if "chance_best" in d.value)), "an example"


def test_deals_come_from_a_file_and_a_wrong_one_is_refused_in_words(ws, ranked):
    at = opened(DEALS)
    at.file_uploader[0].upload("deals.csv", b"name;profit_at_0;profit_at_1\nA;0;1.000,00\nB;300;300\n", "text/csv")
    sound(at.run())
    found = next(d.value for d in at.dataframe if "chance_best" in d.value)
    assert found["name"].tolist() == ["A", "B"] and "bring the same at 30% good leads" in words(at)
    at = opened(DEALS)
    at.file_uploader[0].upload("deals.csv", b"name;profit_at_0\nA;0\nA;much\n", "text/csv")
    at.run()
    assert not at.exception and "profit" in at.error[0].value and "row" in at.error[0].value


def test_each_lead_is_kept_sold_or_dropped(ws, ranked):
    chance = file_of(ws, ranked)["probability"].to_numpy()
    at = opened(DEALS, value_margin=200.0, value_work=80.0, value_price=10.0)
    keep = 200 * chance - 80
    assert titles(at)[1].startswith(f"At 10 EUR a lead, {int((keep >= 10).sum())} leads of 300 are worth keeping")
    assert amount(metrics(at)["Worth of all, so decided"]) == pytest.approx(np.maximum(keep, 10).sum(), abs=0.51)
    box = next(m for m in at.metric if m.label == "Worth of all, so decided")
    low, high = (float(end.replace(",", "")) for end in box.delta.removeprefix("likely ").split(" to "))
    assert low < np.maximum(keep, 10).sum() < high
    file = taken("All leads with the decision (CSV)")
    assert (file["Decision"] == np.where(keep >= 10, "keep", "sell")).all()


def test_hits_and_misses_follow_the_chance_that_is_asked_for(ws, ranked):
    leads = owned_leads(600).take(np.arange(300, 600))
    chance = run_scores(owned_leads(600)).scores["model"].aligned(leads.lead_id)["probability"].to_numpy()
    at = opened(HITS)
    sound(at.slider(key=f"value_threshold_{ranked.id}").set_value(40.0).run())
    hits = at_threshold(chance, leads.converted, 0.4)
    assert f"{hits.called} leads called, {hits.tp} of them ordered" in words(at)
    assert metrics(at)["Of those called, ordered"] == f"{100 * hits.tp / hits.called:.0f}%"
    assert metrics(at)["Of all orders, called"] == f"{100 * hits.tp / (hits.tp + hits.fn):.0f}%"
    assert titles(at)[0] == f"Calling {hits.called} leads finds {hits.tp} of {hits.tp + hits.fn} orders"


def test_a_ranking_of_known_outcomes_is_measured_on_itself(folder):
    ws, dataset, leads = keep_leads(folder, 200, known=200)
    run = keep_bare_run(ws)
    first = keep_scoring(ws, dataset, leads, run)
    id, path = new_scoring_path(ws)
    path.write_bytes(scoring_path(ws, first.id).read_bytes())
    add_scoring(ws, id, run_id=run.id, dataset_id=dataset.id, part="all", reason="manual", by="x", leads=200)
    at = opened(HITS)
    frame = file_of(ws, first)
    truth = pd.Series(leads.converted, leads.lead_id).loc[frame["lead_id"]].to_numpy()
    sound(at.slider(key=f"value_threshold_{id}").set_value(60.0).run())
    hits = at_threshold(frame["probability"], truth, 0.6)
    assert f"{hits.called} leads called, {hits.tp} of them ordered" in words(at)


def test_the_range_of_a_chance_is_what_tested_leads_of_that_chance_did(ws, ranked):
    leads = owned_leads(600)
    points = calibration(Lineup.of(leads.take(np.arange(300, 600)), [run_scores(leads)])).points
    promised = np.array([point.promised for point in points])
    ends = chance_range(ranked, promised)
    assert ends is not None
    assert np.allclose(ends[0], np.minimum([point.low for point in points], promised))
    assert np.allclose(ends[1], np.maximum([point.high for point in points], promised))
    beyond = chance_range(ranked, np.array([0.0, 1.0]))
    assert beyond is not None and beyond[0][0] == beyond[1][0] == 0 and beyond[1][1] == 1


def test_the_columns_of_a_ranking_are_told_apart_by_kind_and_owners_are_those_of_now(ws, ranked):
    assert field_names(ranked, numeric=False) == ["city"] and "a" in field_names(ranked, numeric=True)
    before = scored_leads(ranked, ("city",))
    assert set(before["field:city"]) == set(owned_leads(300).features["city"].fillna("").astype(str))
    lead = before["lead_id"].iloc[5]
    record_action(ws, ranked.dataset_id, [lead], "assigned", by="x", assigned_to="Cy")
    now = scored_leads(ranked)
    assert now["owner"].iloc[5] == "Cy" and now["owner"].drop(5).equals(before["owner"].drop(5))
    with pytest.raises(LeadRankError, match="no column nowhere"):
        scored_leads(ranked, ("nowhere",))


def test_a_model_without_chances_has_no_money(ws, ranked):
    path = scoring_path(ws, ranked.id)
    frame = pd.read_parquet(path)
    frame.assign(probability=np.nan).to_parquet(path)
    st.cache_resource.clear()
    assert "no chances" in words(opened(PRICE))
