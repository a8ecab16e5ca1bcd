"""`segment rules`, `train`, `assign`, `evaluate` and `plan` as somebody types them."""

import json
from pathlib import Path

import pandas as pd
import pytest

from core.__main__ import main
from core.data.schema import load_schema
from core.data.segment_rules import load_rules
from core.data.validation import load_leads
from core.decisions.segments.telling import COLUMNS, METHOD_WORDS
from core.neural.segments.losses import LOSSES
from core.segment_files import rules_text
from tests.customers import small_world, write_world


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("world")
    write_world(made, small_world())
    return made


@pytest.fixture(scope="module")
def model(folder: Path) -> Path:
    few = [
        "--loss",
        "hill",
        "--seeds",
        "1",
        "--epochs",
        "3",
        "--methods",
        "hill",
        "--rules",
        str(folder / "rules.toml"),
    ]
    assert main(["segment", "train", *files(folder), *few, "--out", str(folder / "model")]) == 0
    return folder / "model"


def files(folder: Path) -> list[str]:
    return ["--leads", str(folder / "leads.csv"), "--schema", str(folder / "schema.toml")]


def answer(capsys, *arguments):
    assert main(["segment", *map(str, arguments), "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def refused(capsys, *arguments) -> str:
    assert main(["segment", *map(str, arguments)]) == 2
    return capsys.readouterr().err


def test_words_name_every_method() -> None:
    assert set(METHOD_WORDS) == set(LOSSES)


def test_rules_are_written_with_counts_and_read_back(folder: Path, capsys, tmp_path: Path) -> None:
    out = tmp_path / "rules.toml"
    told = answer(capsys, "rules", *files(folder), "--out", out)
    assert told["rules"]["engaged"] == [{"column": "converted", "test": "is", "value": 1}]
    text = out.read_text("utf-8")
    clicked = int((small_world().leads.features["clicked"] >= 1).sum())
    assert f"this one of {clicked:,} leads" in text and "of 5,000 leads" in text
    assert load_rules(out).to_dict() == told["rules"]
    assert "new file" in refused(capsys, "rules", *files(folder), "--out", out)
    rules = load_rules(folder / "rules.toml")
    again = tmp_path / "again.toml"
    again.write_text(rules_text(rules, small_world().leads), "utf-8")
    assert load_rules(again) == rules


def test_a_model_is_trained_with_its_card_and_its_leads(model: Path, folder: Path, capsys) -> None:
    card = json.loads((model / "segmenter.json").read_text("utf-8"))["card"]
    assert card["settings"]["loss"] == "hill" and {row["hidden"] for row in card["recovery"]} == {0.2, 0.4, 0.6}
    assigned = pd.read_parquet(model / "assigned.parquet")
    assert set(assigned) == set(COLUMNS) and len(assigned) == 5000 and assigned["uplift"].notna().all()
    assert len(pd.read_csv(model / "assigned.csv")) == 5000
    assert "must be a new folder" in refused(capsys, "train", *files(folder), "--out", model)


def test_the_same_leads_get_the_same_segments_and_no_text_is_a_formula(model: Path, folder: Path, capsys) -> None:
    leads = pd.read_csv(folder / "leads.csv", dtype=str)
    leads.loc[0, "lead_id"] = "=1+1"
    leads.to_csv(folder / "hostile.csv", index=False)
    out = folder / "assigned.csv"
    told = answer(capsys, "assign", "--model", model, "--leads", folder / "hostile.csv", "--out", out)
    assert told["leads"] == 5000 and set(told["columns"]) == set(COLUMNS)
    read = pd.read_csv(out)
    assert read["lead_id"].iat[0] == "'=1+1"
    assert read["segment"].tolist() == pd.read_parquet(model / "assigned.parquet")["segment"].tolist()
    assert "exists already" in refused(
        capsys, "assign", "--model", model, "--leads", folder / "hostile.csv", "--out", out
    )


def test_hidden_customers_by_method_with_intervals(folder: Path, capsys) -> None:
    asked = ["evaluate", *files(folder), "--rules", folder / "rules.toml", "--hide", "0.4", "--seeds", "2"]
    told = answer(capsys, *asked, "--methods", "hill", "bce")
    assert [row["method"] for row in told["rows"]] == ["hill", "bce"]
    for row in told["rows"]:
        assert row["hidden"] == 0.4 and 0 <= row["recall_low"] <= row["recall"] <= row["recall_high"] <= 1
        assert {"precision", "precision_low", "precision_high"} <= set(row)
    assert {row["name"] for row in told["arms"]["rows"]} >= {"X-learner", "two-stage segments"}
    assert "between 0 and 1" in refused(capsys, *asked, "--hide", "1.5")


def test_without_rules_the_first_guess_is_taken_and_said(folder: Path, capsys) -> None:
    asked = ["segment", "evaluate", *files(folder), "--seeds", "1", "--methods", "bce"]
    assert main(asked) == 0
    said = capsys.readouterr()
    assert "clicked at least 1" in said.err and "of 100 hidden found" in said.out and "cannot be proved" in said.out


def test_a_plan_keeps_to_its_budget_and_leaves_out_who_comes_anyway(model: Path, folder: Path, capsys) -> None:
    asked = ["plan", "--model", model, "--leads", folder / "leads.csv", "--cost", "2", "--margin", "100"]
    told = answer(capsys, *asked, "--budget", "100")
    assert told["reached"] == 50 and told["spent"] == 100 and len(told["chosen"]) == 50
    assert told["left_out"]["would come anyway"] > 0 and len(told["curve"]) == 51
    came = set(pd.read_csv(folder / "leads.csv").query("converted == 1")["lead_id"])
    assert told["left_out"]["came by themselves"] + told["left_out"]["came by a campaign"] == len(came)
    assert not came & {row["lead_id"] for row in told["chosen"]}
    capped = answer(capsys, *asked, "--budget", "100", "--contacts", "1000", "--contacts-column", "contacts")
    assert all(int(row["lead_id"][1:]) < 1000 for row in capped["chosen"])
    assert capped["left_out"]["reached too often"] > 0
    by_uplift = answer(capsys, *asked, "--budget", "100", "--by", "uplift")
    assert by_uplift["chosen"] != told["chosen"] and by_uplift["reached"] == 50
    out = folder / "list.csv"
    assert main(["segment", *map(str, asked), "--budget", "100", "--out", str(out)]) == 0
    assert "Reach 50 for 100.00" in capsys.readouterr().out and len(pd.read_csv(out)) == 50
    assert "none was named" in refused(capsys, *asked, "--budget", "100", "--contacts", "3")
    assert "a budget of 0 or more" in refused(capsys, *asked, "--budget", "-1")


def test_the_written_world_is_the_world(folder: Path) -> None:
    leads, _ = load_leads(folder / "leads.csv", load_schema(folder / "schema.toml"))
    assert leads.features["clicked"].sum() == small_world().leads.features["clicked"].sum()
