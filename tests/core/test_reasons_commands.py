"""The verbs that look into a model's reasons, as programs read them."""

import json
from pathlib import Path

import pandas as pd
import pytest

from core import places, scoring
from core.__main__ import main

FAST = ["--set", "backbone=tiny", "--set", "depth=2", "--set", "fields=tower", "--set", "baselines=false"]
FAST += ["--set", "engine.precision=fp32"]


pytestmark = pytest.mark.xdist_group("reasons")  # they share one training


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lead file and a run that its older part trained."""
    folder = tmp_path_factory.mktemp("reasons")
    assert main(["sample", "--leads", "300", "--seed", "3", "--base-rate", "0.3", "--out", str(folder / "s")]) == 0
    files = ["--leads", str(folder / "s/leads.csv"), "--schema", str(folder / "s/schema.toml")]
    assert main(["train", *files, "--out", str(folder / "run"), *FAST]) == 0
    return folder


def asked(home: Path, *leads: str) -> list[str]:
    files = ["--model", str(home / "run"), "--leads", str(home / "s/leads.csv")]
    return ["compare", *files, "--lead-a", leads[0], "--lead-b", leads[1]]


def test_compare_answers_with_a_sum_and_two_sentences(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main([*asked(home, "L0000001", "L0000002"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {"difference", "probability_a_above_b", "contributions", "convergence", "sentences", "notes"} <= said.keys()
    assert {c["kind"] for c in said["contributions"]} == {"field", "turn", "shape"}
    assert {c["lead"] for c in said["contributions"]} == {"a", "b", "both"}
    total = sum(c["value"] for c in said["contributions"])
    error = said["convergence"]["relative_error"]
    assert said["convergence"]["converged"] is (error <= 0.05) is True
    assert abs(total - said["difference"]) == pytest.approx(error * max(abs(said["difference"]), 0.2), abs=1e-9)
    assert sum(tier["value"] for tier in said["tiers"]) == pytest.approx(said["difference"], abs=2e-3)
    assert len(said["sentences"]) == 2 and "not checked against outcomes" in said["sentences"][1]


def test_compare_tells_people_why(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(asked(home, "L0000001", "L0000002")) == 0
    said = capsys.readouterr().out
    assert "mainly because" in said and "taught mainly by" in said and "What parts them" in said


def test_the_same_lead_twice_and_unknown_leads_are_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for pair, words in ((("L0000001",) * 2, "given twice"), (("L0000001", "L9"), "'L9'"), (("x", "L0000001"), "'x'")):
        capsys.readouterr()
        assert main(asked(home, *pair)) == 2
        assert words in capsys.readouterr().err


def test_a_small_check_is_told_and_leaves_the_card_as_it_was(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--model", str(home / "run"), "--leads", str(home / "s/leads.csv"), "--sample", "2", "--draws", "2"]
    capsys.readouterr()
    assert main(["faithfulness", *files, "--methods", "AttnLRP", "occlusion", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["leads"] == 2 and list(said["gate"]) == ["AttnLRP", "occlusion"]
    assert said["passed"] is False and "the full reasons were not measured" in said["verdict"]
    assert "10 test leads, not 2; 20 random orders, not 2; the ways" in said["card_left_as_it_was"]
    card = (home / "run/README.md").read_text("utf-8")
    assert said["verdict"] not in card and card.count("Can its reasons be trusted?") == 1
    assert not (home / "run/faithfulness.json").exists()
    assert main(["faithfulness", *files, "--methods", "guess"]) == 2
    assert "AttnLRP, occlusion" in capsys.readouterr().err


def test_moves_tells_what_would_lift_a_lead_and_what_would_take_it_down(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["--model", str(home / "run"), "--leads", str(home / "s/leads.csv")]
    scores = tmp_path / "scores.csv"
    assert main(["score", *files, "--out", str(scores)]) == 0
    ranked = pd.read_csv(scores).set_index("rank")["lead_id"]
    ask = ["moves", *files, "--scores", str(scores), "--lead-id", ranked[150]]
    capsys.readouterr()
    assert main([*ask, "--top", "100", "--keep", "team_size", "--sentence", "I sign it now.", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["rank"] == 150 and said["leads"] == 300 and said["top"] == 100 and "no promise" in said["view"]
    assert said["least"]["rank"] <= 100 and len(said["least"]["changes"]) <= 3
    made = [one["changes"][0] for one in said["single"]]
    assert "I sign it now." in [change["value"] for change in made]
    assert "team_size" not in {change["name"] for change in made} and said["readings"] <= 12
    data = pd.read_csv(home / "s/leads.csv")
    fields = [change for change in made if change["kind"] == "field"]
    assert fields and all(change["value"] in set(data[change["name"]]) for change in fields)
    assert main([*ask, "--down"]) == 0
    told = capsys.readouterr().out
    assert "would take it down to rank" in told and "no promise" in told


def test_moves_refuses_what_it_cannot_do(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask = ["moves", "--model", str(home / "run"), "--leads", str(home / "s/leads.csv"), "--lead-id", "L0000001"]
    for more, words in ((["--top", "0"], "--top"), (["--keep", "shoe"], "['shoe']")):
        capsys.readouterr()
        assert main([*ask, *more]) == 2
        assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["explain", "--lead-id", "L9"], "'L9'"),
        (["compare", "--lead-a", "L0000001", "--lead-b", "L0000001"], "given twice"),
        (["compare", "--lead-a", "L0000001", "--lead-b", "L9"], "'L9'"),
        (["moves", "--lead-id", "L9"], "'L9'"),
        (["moves", "--lead-id", "L0000001", "--scores", "gone.csv"], "gone.csv"),
        (["sheet", "--lead-id", "L9", "--out", "x.html"], "'L9'"),
        (["faithfulness", "--methods", "guess"], "AttnLRP, occlusion"),
    ],
)
def test_what_is_wrong_is_told_before_the_model_is_opened(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, asked: list[str], words: str
) -> None:
    monkeypatch.setattr(scoring, "load_scorer", lambda *_, **__: pytest.fail("the model was opened"))
    monkeypatch.chdir(home)
    assert main([*asked, "--model", "run", "--leads", "s/leads.csv"]) == 2
    assert words in capsys.readouterr().err


def test_moves_without_scores_reads_some_leads_and_says_that_ranks_are_estimates(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "DRAWN", 40)
    files = ["--model", str(home / "run"), "--leads", str(home / "s/leads.csv"), "--lead-id", "L0000001"]
    capsys.readouterr()
    assert main(["moves", *files, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["leads"], said["ranked_beside"]) == (300, 40) and "estimated from 40 of the other 299" in said[
        "notes"
    ][-1]
    changed = {change["name"] for one in said["single"] for change in one["changes"] if change["kind"] == "field"}
    assert "city_tier" in said["fixed"] and changed and not changed & set(said["fixed"])
