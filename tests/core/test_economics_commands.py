"""The steps of `economics` as somebody types them: figures that can be checked by hand, and input that cannot be."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.__main__ import main
from core.scores import read_scores

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
OPEN = SAMPLE / "open_scores.parquet"
TESTED = SAMPLE / "model" / "test_scores.parquet"
LEADS = ["--leads", SAMPLE / "leads.csv", "--schema", SAMPLE / "schema.toml"]


def answer(capsys, *arguments):
    assert main(["economics", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys, *arguments):
    assert main(["economics", *map(str, arguments)]) == 2
    return capsys.readouterr().err


@pytest.fixture
def written(tmp_path):
    """A file of the given rows, the header first."""

    def write(name, *rows):
        path = tmp_path / name
        path.write_text("\n".join(rows), "utf-8")
        return path

    return write


def test_deals_have_a_break_even_for_each_pair(capsys, written):
    deals = written("deals.csv", "name,profit_at_0,profit_at_1", "A,-100,300", "B,0,120", "C,50,170")
    rows = answer(capsys, "deals", "--file", deals)["break_even"]
    assert [(row["deal_a"], row["deal_b"]) for row in rows] == [("A", "B"), ("A", "C"), ("B", "C")]
    assert rows[0]["break_even"] == pytest.approx(100 / 280) and rows[1]["break_even"] == pytest.approx(150 / 280)
    assert rows[2]["break_even"] is None and "parallel" in rows[2]["reason"]
    assert (rows[0]["better_below"], rows[0]["better_above"]) == ("B", "A")


def test_scores_say_which_deal_is_likely_the_better_one(capsys, written):
    deals = written("deals.csv", "name,profit_at_0,profit_at_1", "sure,10,10", "bold,-10,1000")
    mean = read_scores(OPEN).frame["probability"].mean()
    found = {row["name"]: row for row in answer(capsys, "deals", "--file", deals, "--scores", OPEN)["deals"]}
    assert found["bold"]["expected_profit"] == pytest.approx(-10 + 1010 * mean, rel=0.02)
    assert found["sure"]["low"] == found["sure"]["high"] == 10
    assert found["bold"]["chance_best"] + found["sure"]["chance_best"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["name,profit_at_0", "A,1"], "profit_at_1"),
        (["name,profit_at_0,profit_at_1", "A,1,2"], "two deals or more"),
        (["name,profit_at_0,profit_at_1", "A,1,2", "A,2,3"], "rows 2, 3"),
        (["name,profit_at_0,profit_at_1", "A,1,2", "B,much,3"], "row 3"),
    ],
)
def test_deals_that_cannot_be_compared_are_named(capsys, written, rows, told):
    assert told in refused(capsys, "deals", "--file", written("deals.csv", *rows))


def test_a_price_is_the_expected_profit_less_what_is_wished(capsys):
    levers = ["--revenue-high", "3000", "--cost-high", "400", "--revenue-low", "0", "--cost-low", "60"]
    found = answer(capsys, "price", "--chance", "0.2", *levers, "--wished-profit", "100")
    assert found["expected_profit"] == pytest.approx(0.2 * 2600 - 0.8 * 60)
    assert found["price_ceiling"] == pytest.approx(found["expected_profit"] - 100)
    assert {row["lever"] for row in found["tornado"]} >= {"p", "revenue_high", "cost_low"}
    assert "either --chance" in refused(capsys, "price", *levers)
    assert "0..1" in refused(capsys, "price", "--chance", "1.2", *levers)


def test_prices_of_all_leads_go_to_a_file_that_is_not_replaced(capsys, tmp_path):
    out = tmp_path / "prices.csv"
    ask = ["price", "--scores", OPEN, "--revenue-high", "3000", "--cost-high", "400", "--out", out]
    assert answer(capsys, *ask)["leads"] == 373
    frame = pd.read_csv(out)
    assert np.allclose(frame["price"], 2600 * frame["probability"]) and frame["lead_id"].is_unique
    assert "exists already" in refused(capsys, *ask)
    assert "must end in" in refused(capsys, *ask[:-1], tmp_path / "prices.xlsx")


def test_the_best_depth_is_where_a_call_no_longer_pays(capsys):
    frame = read_scores(OPEN).frame
    ask = ["depth", "--scores", OPEN, "--margin", "2000", "--cost-per-call", "150"]
    found = answer(capsys, *ask, "--capacity", "60", "--calls-per-person", "20")
    assert found["best_depth"] == int((frame["probability"] * 2000 > 150).sum())
    best = np.sort(frame["probability"].to_numpy())[::-1]
    assert found["at_capacity"]["value"] == pytest.approx(float((best[:60] * 2000 - 150).sum()))
    assert found["one_more_person"]["value"] == pytest.approx(float((best[60:80] * 2000 - 150).sum()))
    assert {row["order"] for row in found["against"]} == {"model", "random"}
    known = answer(capsys, "depth", "--scores", TESTED, "--margin", "2000", "--cost-per-call", "150", *LEADS)
    assert {row["order"] for row in known["against"]} == {"model", "random", "perfect"}
    assert "cost_per_call" in refused(capsys, *ask[:-1], "-5")


def test_hits_and_misses_add_up(capsys):
    found = answer(capsys, "hits", "--scores", TESTED, "--threshold", "0.2", *LEADS)
    frame = read_scores(TESTED).frame
    assert found["tp"] + found["fp"] == int((frame["probability"] >= 0.2).sum())
    assert found["tp"] + found["fp"] + found["fn"] + found["tn"] == len(frame)
    assert found["accuracy"]["value"] == pytest.approx((found["tp"] + found["tn"]) / len(frame))


def test_campaigns_are_held_against_their_cost(capsys, written):
    costs = written("costs.csv", "channel,cost", "website,20000", "event,4000000", "airship,5")
    found = answer(capsys, "campaigns", "--costs", costs, "--margin", "900", *LEADS)["rows"]
    rows = {row["channel"]: row for row in found}
    assert rows["website"]["advice"] == "reinforce" and rows["event"]["advice"] == "cut"
    assert rows["airship"]["leads"] == 0
    told = refused(
        capsys, "campaigns", "--costs", written("bad.csv", "channel,cost", "web,-3"), "--margin", "9", *LEADS
    )
    assert "row 2" in told


def test_a_budget_is_spread_where_it_brings_most(capsys, written):
    rng = np.random.default_rng(1)
    rows = ["channel,spend,orders"]
    for channel, (ceiling, scale) in {"good": (60, 3000), "bad": (2, 3000)}.items():
        for spend in rng.uniform(500, 6000, size=15).round():
            rows.append(f"{channel},{spend},{rng.poisson(ceiling * (1 - np.exp(-spend / scale)))}")
    ask = ["budget", "--history", written("history.csv", *rows), "--budget", "6000", "--margin", "500"]
    split = {row["channel"]: row["spend"] for row in answer(capsys, *ask)["channels"]}
    assert split["good"] > 5 * split["bad"]
    weekly = answer(capsys, *ask, "--weekly")["split"]
    assert sum(row["spend"] for row in weekly) <= 6000 * 1.0001
    assert "row" in refused(capsys, "budget", "--history", written("h.csv", "channel,spend,orders", "a,-1,2"), *ask[3:])


def test_a_plan_is_never_worse_than_a_greedy_one(capsys, written, tmp_path):
    rng = np.random.default_rng(2)
    leads = [f"L{n},{rng.gamma(2, 100):.2f},{rng.choice(['north', 'south'])}" for n in range(60)]
    file = written("leads.csv", "lead_id,value,region", *leads)
    people = written("people.csv", "person,capacity,regions", "Ann,10,north", "Bo,10,north;south", "Cy,0,")
    out = tmp_path / "plan.csv"
    found = answer(capsys, "plan", "--leads", file, "--people", people, "--out", out)
    frame = pd.read_csv(out)
    assert found["total"] >= max(found["others"].values()) - 1e-6
    assert frame["person"].value_counts().to_dict() == {"Ann": 10, "Bo": 10} and frame["lead_id"].is_unique
    told = refused(capsys, "plan", "--leads", file, "--people", written("p.csv", "person,capacity", "Ann,-1"))
    assert "row 2" in told


def test_a_package_keeps_to_its_wishes(capsys, written):
    rng = np.random.default_rng(3)
    leads = [f"L{n},{rng.beta(1, 6):.4f},{rng.uniform(10, 40):.2f},r{n % 3}" for n in range(80)]
    ask = ["package", "--leads", written("leads.csv", "lead_id,probability,price,region", *leads)]
    found = answer(capsys, *ask, "--number", "10", "--budget", "250")
    assert found["leads"] == 10 and found["price"] <= 250 and len(set(found["lead_ids"])) == 10
    assert "min_expected_orders" in refused(capsys, *ask, "--orders", "79", "--number", "10")


def test_leads_are_qualified_by_more_than_one_question(capsys, tmp_path):
    out = tmp_path / "leads.csv"
    ask = ["qualify", "--scores", OPEN, *LEADS]
    found = answer(capsys, *ask, "--out", out, "--weights", "conversion=3,talk_minutes=1")
    frame = pd.read_csv(out)
    assert found["leads"] == len(frame) == 373 and found["how"] == "conversion 75%, talk_minutes 25%"
    assert np.allclose(frame["priority"], frame["part:conversion"] + frame["part:talk_minutes"])
    assert np.allclose(frame["part:conversion"], 0.75 * frame["probability"])
    assert "no column order_date" in refused(capsys, *ask, "--out", tmp_path / "x.csv", "--ordered-on", "order_date")
    assert "NAME=NUMBER" in refused(capsys, *ask, "--out", tmp_path / "y.csv", "--weights", "conversion")
