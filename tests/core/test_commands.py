"""The command line as a user meets it: the whole journey on made leads, and what wrong input is told."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from core.__main__ import main

FAST = ["--set", "backbone=tiny", "--set", "depth=2", "--set", "fields=tower", "--set", "pairs=tiers"]
FAST += ["--set", "engine.precision=fp32"]  # in processes of their own too


pytestmark = pytest.mark.xdist_group("commands")  # they share one training


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """sample -> train -> score, as the README says."""
    home = tmp_path_factory.mktemp("journey")
    assert main(["sample", "--leads", "600", "--seed", "3", "--base-rate", "0.2", "--out", str(home / "s")]) == 0
    files = ["--leads", str(home / "s/leads.csv"), "--schema", str(home / "s/schema.toml")]
    assert main(["train", *files, "--out", str(home / "run"), *FAST, "--set", "epochs=1"]) == 0
    for name in ("scores.csv", "scores.parquet"):
        assert main(["score", "--model", str(home / "run"), *files[:2], "--out", str(home / name)]) == 0
    return home


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def files(home: Path) -> list[str]:
    return ["--leads", str(home / "s/leads.csv"), "--schema", str(home / "s/schema.toml")]


def test_every_lead_is_scored_once(journey: Path) -> None:
    scores = pd.read_csv(journey / "scores.csv")
    assert list(scores.columns[:4]) == ["lead_id", "score", "probability", "rank"]
    assert len(scores) == 600 and scores["lead_id"].is_unique
    pd.testing.assert_frame_equal(scores, pd.read_parquet(journey / "scores.parquet"), check_dtype=False)


def test_scores_can_be_told_in_parts(journey: Path) -> None:
    out = journey / "parts.parquet"
    arguments = ["--model", str(journey / "run"), *files(journey)[:2], "--out", str(out)]
    assert main(["score", *arguments, "--parts"]) == 0
    frame = pd.read_parquet(out)
    parts = frame[[name for name in frame if str(name).startswith("part:")]]
    assert "part:dialogue" in parts and "part:channel" in parts
    # Whatever the average lead's score is, it is the same one for all.
    assert (frame["score"] - parts.sum(axis=1)).std() < 1e-5


def test_evaluate_answers_with_figures_and_intervals(journey: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = answer(capsys, "evaluate", "--scores", str(journey / "scores.csv"), *files(journey))
    assert {"auc", "average_precision", "precision_at", "recall_at", "lift_at", "calibration"} <= said.keys()
    assert said["auc"]["low"] < said["auc"]["value"] < said["auc"]["high"]
    missing = said["precision_at"]["0.001"]
    assert missing["value"] is None and "1000" in missing["reason"]
    whole = answer(capsys, "evaluate", "--scores", str(journey / "scores.csv"), *files(journey), "--split", "all")
    assert whole["leads"] > said["leads"]


def test_the_run_says_what_it_is(journey: Path) -> None:
    card = json.loads((journey / "run/card.json").read_text())
    assert {"data", "split", "tiers", "decisions", "metrics", "comparison", "limits"} <= card.keys()
    assert "LightGBM (fields)" in card["comparison"]["figures"]
    said = (journey / "run/README.md").read_text()
    assert "95% intervals" in said and "LightGBM" in said and "verdict" not in said
    assert not (journey / "run/.work").exists()


def test_explain_names_fields_and_turns(journey: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = pd.read_csv(journey / "scores.csv")["lead_id"][0]
    arguments = ["explain", "--model", str(journey / "run"), *files(journey)[:2], "--lead-id", first]
    said = answer(capsys, *arguments, "--head", "pointwise")
    assert said["lead_id"] == first and said["head"] == "pointwise"
    assert {"fields", "turns", "words", "converged"} <= said.keys() and said["fields"]
    quick = answer(capsys, *arguments, "--quick")
    for told in (said, quick):
        assert told["unchanged"]["kind"] == "lead" and {p["kind"] for p in told["proofs"]} <= {"field", "turn"}
        assert len(told["reasons"]) <= len(told["proofs"]) <= 12
    assert said["method"] == "integrated gradients" != quick["method"]


def test_guess_schema_fits_the_file_it_was_guessed_from(journey: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = journey / "guessed.toml"
    assert main(["guess-schema", str(journey / "s/leads.csv"), "--out", str(path)]) == 0
    said = answer(capsys, "validate", "--leads", str(journey / "s/leads.csv"), "--schema", str(path))
    assert said["valid"] and said["split"]["test"] > 0
    assert main(["guess-schema", str(journey / "s/leads.csv"), "--out", str(path)]) == 2


def test_a_finished_run_is_not_overwritten(journey: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (journey / "run/manifest.json").read_bytes()
    assert main(["train", *files(journey), "--out", str(journey / "run"), *FAST]) == 2
    assert "already holds a finished run" in capsys.readouterr().err
    assert (journey / "run/manifest.json").read_bytes() == before


WRONG = {
    "empty.csv": (b"", "empty"),
    "image.csv": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "image.csv"),
    "one_column.csv": (b"lead_id\n1\n2\n", "no such column"),
    "one_row.csv": (b"lead_id,a,y\n1,2,yes\n", "y"),
    "twice.csv": (b"lead_id,a,y\n" + b"".join(b"%d,1,%d\n" % (i // 2, i % 2) for i in range(60)), "rows"),
    "dates.csv": (b"lead_id,a,y,t\n" + b"".join(b"%d,1,%d,soon\n" % (i, i % 2) for i in range(60)), "column 't'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files_get_one_clear_error_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    content, words = WRONG[name]
    (tmp_path / name).write_bytes(content)
    time = 'snapshot_time = "t"\n' if name == "dates.csv" else ""
    schema = f'[roles]\nlead_id = "lead_id"\nconverted = "y"\n{time}[features]\nnumeric = ["a"]\n'
    (tmp_path / "schema.toml").write_text(schema)
    arguments = ["train", "--leads", str(tmp_path / name), "--schema", str(tmp_path / "schema.toml")]
    assert main([*arguments, "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "error:" in said and words in said and "Traceback" not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--leads", "no.csv", "--schema", "no.toml", "--out", "x"],
        ["score", "--model", "nothing", "--leads", "no.csv", "--out", "x.csv"],
        ["score", "--model", "nothing", "--leads", "no.csv", "--out", "x.xlsx"],
        ["sample", "--leads", "0", "--out", "x"],
    ],
)
def test_wrong_arguments_are_told_without_a_traceback(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize("verb", ["sample", "guess-schema", "validate", "train", "score", "evaluate", "explain"])
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([verb, "--help"])
    assert stop.value.code == 0 and "--json" in capsys.readouterr().out


def test_a_killed_training_goes_on_and_ends_the_same(journey: Path, tmp_path: Path) -> None:
    """Kill -9 in the middle of fine-tuning; the resumed run equals the unbroken one, byte for byte."""
    settings = [
        *FAST,
        "--set",
        "epochs=2",
        "--set",
        "probe=false",
        "--set",
        "batch_leads=16",
        "--set",
        "baselines=false",
        "--set",
        "device=cpu",
        "--set",
        "max_tokens=160",
    ]
    begin = [sys.executable, "-m", "core", "train", *files(journey), *settings, "--out"]
    for name in ("unbroken", "killed"):
        process = subprocess.Popen([*begin, str(tmp_path / name)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            if name == "killed" and (tmp_path / name / ".work/checkpoint/step.safetensors").exists():
                process.kill()
            time.sleep(0.01)
    assert not (tmp_path / "killed/manifest.json").exists()
    assert main(["train", *files(journey), *settings, "--out", str(tmp_path / "killed")]) == 2
    assert main(["train", *files(journey), *settings, "--out", str(tmp_path / "killed"), "--resume"]) == 0
    for name in ("heads.safetensors", "adapter/adapter_model.safetensors", "ranking.json", "history.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "unbroken" / name).read_bytes()


def test_an_unusable_file_makes_validate_end_with_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "leads.csv").write_text("lead_id,y\n1,yes\n1,no\n")
    (tmp_path / "schema.toml").write_text('[roles]\nlead_id = "lead_id"\nconverted = "y"\n')
    arguments = ["--leads", str(tmp_path / "leads.csv"), "--schema", str(tmp_path / "schema.toml")]
    assert main(["validate", *arguments, "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert not said["valid"] and said["errors"][0]["rows"]


def test_output_that_nobody_reads_to_its_end_is_no_mistake(
    journey: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as nobody:
        monkeypatch.setattr("sys.stdout", nobody)
        assert main(["guess-schema", str(journey / "s/leads.csv")]) == 0
    assert capsys.readouterr().err == "read leads.csv: 100%\n"


@pytest.mark.parametrize(
    ("verb", "kept", "words"),
    [
        ("train", "x/.work/request.json", "; the same `train` again, with --resume, goes on where it was"),
        ("score", "x.csv.work/a/leads-00000.parquet", "; the same `score` again goes on where it was"),
        ("score", "x.csv.work/a/shards.json", ""),
        ("evaluate", "x", ""),
    ],
)
def test_who_stops_a_command_is_told_what_goes_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verb: str,
    kept: str,
    words: str,
) -> None:
    def stop(**_) -> None:
        raise KeyboardInterrupt

    (tmp_path / kept).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / kept).touch()
    monkeypatch.setattr(f"core.commands.{verb}", stop)
    arguments = {
        "train": ["--leads", "a", "--schema", "b", "--out", str(tmp_path / "x")],
        "score": ["--model", "m", "--leads", "a", "--out", str(tmp_path / "x.csv")],
        "evaluate": ["--scores", "s", "--leads", "a", "--schema", "b"],
    }
    assert main([verb, *arguments[verb]]) == 130
    assert capsys.readouterr().err == f"stopped{words}\n"


def test_a_resumed_run_must_be_the_same_run(journey: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begun = tmp_path / "run/.work"
    begun.mkdir(parents=True)
    (begun / "request.json").write_text(json.dumps({"leads": "other", "schema": {}, "config": {}}))
    assert main(["train", *files(journey), *FAST, "--out", str(tmp_path / "run"), "--resume"]) == 2
    assert "other leads, settings or reviews" in capsys.readouterr().err
