"""The steps of `economics` as somebody types them: figures that can be checked by hand, and input that cannot be."""

import numpy as np
import pandas as pd
import pytest

from core.data.splitting import final_outcomes, open_rows
from core.decisions.economics.risk import CORRELATION
from core.scores import read_scores
from tests.economics_verbs import LEADS, OPEN, TESTED, answer, refused
from tests.field_trials import sample_leads


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


def test_young_leads_without_an_order_are_not_counted_as_lost(capsys):
    found = answer(capsys, "depth", "--scores", OPEN, "--margin", "2000", "--cost-per-call", "150", *LEADS)
    assert {row["order"] for row in found["against"]} == {"model", "random"}
    assert "no scored lead has a final outcome" in found["against_basis"]
    assert "none of the scored leads has a known outcome" in refused(
        capsys, "hits", "--scores", OPEN, "--threshold", "0.2", *LEADS
    )


def test_the_order_of_a_list_is_measured_on_its_leads_of_final_outcome(capsys, tmp_path):
    both = pd.concat([read_scores(path).frame for path in (OPEN, TESTED)])[["lead_id", "score", "probability"]]
    both = both.sort_values("probability", ascending=False, ignore_index=True)
    path = tmp_path / "both.parquet"
    both.assign(score=both["probability"], rank=np.arange(1, len(both) + 1)).to_parquet(path)
    ask = [
        "depth",
        "--scores",
        path,
        "--margin",
        "2000",
        "--cost-per-call",
        "150",
        "--capacity",
        str(len(both)),
        *LEADS,
    ]
    found = answer(capsys, *ask)
    leads = sample_leads()
    outcome = pd.Series(final_outcomes(leads), leads.lead_id).loc[both["lead_id"]]
    known = int(outcome.notna().sum())
    assert found["against_leads"] == found["against_depth"] == known < len(both)
    assert f"{len(both) - known:,} without one are left out" in found["against_basis"]
    profit = {row["order"]: row["profit"] for row in found["against"]}
    assert profit["model"] == pytest.approx(2000 * outcome.sum() - 150 * known)


def test_open_leads_of_a_campaign_count_by_their_chance_or_not_at_all(capsys, written):
    leads = sample_leads()
    channel, still = leads.features["channel"], np.zeros(len(leads), dtype=bool)
    still[open_rows(leads)] = True
    costs = written("costs.csv", "channel,cost", *(f"{name},1000" for name in channel.unique() if name))
    ask = ["campaigns", "--costs", costs, "--margin", "900", *LEADS]
    rows = {row["channel"]: row for row in answer(capsys, *ask)["rows"]}
    for name, row in rows.items():
        mine = (channel == name).to_numpy()
        assert row["leads"] == mine.sum() and row["orders"] == leads.converted[mine & ~still].sum()
        assert row["known"] == (mine & ~still).sum()
    scored = answer(capsys, *ask, "--scores", OPEN)["rows"]
    chance = read_scores(OPEN).frame.set_index("lead_id")["probability"].reindex(leads.lead_id).to_numpy()
    for row in scored:
        mine = (channel == row["channel"]).to_numpy()
        assert row["orders"] == rows[row["channel"]]["orders"]
        assert row["open_orders"] == pytest.approx(np.nansum(chance[mine & still]))


@pytest.mark.parametrize("step", ["deals", "tranches", "package"])
def test_without_a_word_leads_fare_as_alike_as_on_the_page(capsys, written, step):
    ask = {
        "deals": ["--file", written("d.csv", "name,profit_at_0,profit_at_1", "a,0,100", "b,9,9"), "--scores", OPEN],
        "tranches": ["--scores", OPEN],
        "package": ["--leads", written("l.csv", "lead_id,probability", "a,0.3", "b,0.2", "c,0.4"), "--number", "2"],
    }[step]
    assert answer(capsys, step, *ask) == answer(capsys, step, *ask, "--correlation", CORRELATION)
    assert answer(capsys, step, *ask) != answer(capsys, step, *ask, "--correlation", "0.4")


def test_no_text_of_a_file_can_act_as_a_formula(capsys, written, tmp_path):
    leads = written("leads.csv", "lead_id,value,region", "=1+1,10,north", "@b,5,north")
    people = written("people.csv", "person,capacity", "=cmd,1", "+Bo,1")
    out = tmp_path / "plan.csv"
    answer(capsys, "plan", "--leads", leads, "--people", people, "--out", out)
    cells = [cell.strip('"') for line in out.read_text("utf-8").splitlines() for cell in line.split(",")]
    assert "'=1+1" in cells and "'=cmd" in cells and not [cell for cell in cells if cell[:1] in ("=", "+", "@")]


@pytest.mark.parametrize("step", ["plan", "returns", "keep", "next", "changes", "qualify"])
def test_a_file_that_is_there_is_refused_before_anything_is_read(capsys, tmp_path, step):
    out, no = tmp_path / "there.csv", tmp_path / "none.parquet"
    out.write_text("kept")
    money = ["--margin", "1", "--cost-to-convert", "1"] if step == "returns" else []
    money = ["--margin", "1", "--cost-per-call", "1", "--sale-price", "1"] if step == "keep" else money
    ask = {
        "plan": ["--leads", no, "--people", no],
        "changes": ["--before", no, "--after", no],
        "next": ["--scores", no, "--leads", no, "--schema", no, "--contact", "x"],
        "qualify": ["--scores", no, "--leads", no, "--schema", no],
    }.get(step, ["--scores", no, *money])
    assert "exists already" in refused(capsys, step, *ask, "--out", out) and out.read_text() == "kept"
    assert "make it first" in refused(capsys, step, *ask, "--out", tmp_path / "nowhere" / "x.csv")
