"""The steps of `economics` about single leads: what each is worth, what to do with it, what changed."""

import numpy as np
import pandas as pd
import pytest

from core.decisions.economics.next_action import Rules
from core.decisions.economics.risk import risk
from core.scores import read_scores
from tests.economics_verbs import LEADS, OPEN, SAMPLE, TESTED, answer, refused
from tests.field_trials import sample_leads


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


def test_hits_and_misses_add_up(capsys):
    found = answer(capsys, "hits", "--scores", TESTED, "--threshold", "0.2", *LEADS)
    frame = read_scores(TESTED).frame
    assert found["tp"] + found["fp"] == int((frame["probability"] >= 0.2).sum())
    assert found["tp"] + found["fp"] + found["fn"] + found["tn"] == len(frame)
    assert found["accuracy"]["value"] == pytest.approx((found["tp"] + found["tn"]) / len(frame))


def test_leads_are_worth_working_by_their_return(capsys, tmp_path):
    out, chance = tmp_path / "returns.csv", read_scores(OPEN).frame["probability"]
    ask = ["returns", "--scores", OPEN, "--margin", "2000", "--cost-to-convert", "150"]
    found = answer(capsys, *ask, "--out", out)
    worth = 2000 * chance >= 150
    assert found["worth"] == worth.sum() == pd.read_csv(out)["worth"].sum()
    assert found["expected_profit"] == pytest.approx((2000 * chance - 150)[worth].sum())
    share = answer(capsys, *ask, "--objective", "share", "--target", "0.1")
    assert share["worth"] == int(0.1 * len(chance)) == sum(row["worth"] for row in share["rows"])
    assert "objective must be one of" in refused(capsys, *ask, "--objective", "fame")


def test_leads_are_kept_sold_or_dropped(capsys):
    chance = read_scores(OPEN).frame["probability"]
    money = ["--margin", "2000", "--cost-per-call", "150", "--sale-price", "60"]
    found = answer(capsys, "keep", "--scores", OPEN, *money)
    worth = 2000 * chance - 150
    assert found["counts"] == {"keep": (worth >= 60).sum(), "sell": (worth < 60).sum(), "drop": 0}
    assert found["worth"] == pytest.approx(np.maximum(worth, 60).sum())
    assert found["low"] < found["worth"] < found["high"]
    dear = answer(capsys, "keep", "--scores", OPEN, "--margin", "0", "--cost-per-call", "9", "--sale-price", "0")
    assert dear["counts"]["drop"] == len(chance) and dear["worth"] == 0 and "low" not in dear


def test_tranches_hold_leads_of_like_chance(capsys):
    chance = np.sort(read_scores(OPEN).frame["probability"].to_numpy())[::-1]
    rows = answer(capsys, "tranches", "--scores", OPEN)["tranches"]
    assert [row["tranche"] for row in rows] == ["AAA", "AA", "A", "BBB", "BB", "B"]
    first = chance[: rows[0]["leads"]]
    assert rows[0]["expected_orders"] == pytest.approx(first.sum()) and rows[0]["low"] == risk(first).low


def test_changes_are_told_with_their_reason_and_what_is_due(capsys, tmp_path):
    frame = read_scores(OPEN).frame
    after, out = tmp_path / "after.parquet", tmp_path / "changes.csv"
    moved = frame.assign(probability=frame["probability"].mask(frame.index == 0, 0.01)).iloc[:-1]
    moved.to_parquet(after)
    leads = pd.read_csv(SAMPLE / "leads.csv", dtype=str, keep_default_na=False)
    newer = tmp_path / "newer.csv"
    leads.assign(source=leads["source"].mask(leads["lead_id"] == frame["lead_id"][0], "radio")).to_csv(
        newer, index=False
    )
    ask = ["changes", "--before", OPEN, "--after", after]
    plain = answer(capsys, *ask)
    assert {row["lead_id"] for row in plain["rows"]} == {frame["lead_id"].iloc[0], frame["lead_id"].iloc[-1]}
    assert plain["due"] == 0
    files = ["--leads-before", SAMPLE / "leads.csv", "--leads-after", newer, "--schema", SAMPLE / "schema.toml"]
    found = answer(capsys, *ask, *files, "--out", out)
    why = pd.read_csv(out).set_index("lead_id")["why"]
    assert why[frame["lead_id"].iloc[0]].endswith("to radio") and found["due"] == 1
    assert answer(capsys, *ask, *files, "--days-since", "7")["due"] == len(frame) - 1
    assert "go together" in refused(capsys, *ask, *files[:2])


def test_the_next_step_of_each_lead_rests_on_stage_chance_and_contact(capsys, tmp_path):
    ask = ["next", "--scores", OPEN, *LEADS]
    days = answer(capsys, *ask, "--contact", "days_since_last_call")["rows"]
    sample = sample_leads()
    since = pd.Series(sample.features["days_since_last_call"].to_numpy(), sample.lead_id)
    rests = {row["lead_id"] for row in days if row["action"] == "wait"}
    assert rests == {row["lead_id"] for row in days if since[row["lead_id"]] < Rules().rest_days} != set()
    dates = answer(capsys, *ask, "--contact", "snapshot_time")
    assert sum(dates["counts"].values()) == 373 and dates["counts"]["wait"] < len(rests) + 373
    assert "no column nowhere" in refused(capsys, *ask, "--contact", "nowhere")
    assert "days since the last contact" in refused(capsys, *ask, "--contact", "dialogue")
