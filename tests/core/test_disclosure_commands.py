"""`python -m core sheet`: the person concerned is told, in HTML and PDF."""

import json
from pathlib import Path

import pytest

from core.__main__ import main
from tests.core.trial_report.test_files import html_words

FAST = ["--set", "backbone=tiny", "--set", "depth=2", "--set", "fields=tower", "--set", "baselines=false"]
FAST += ["--set", "engine.precision=fp32"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sheet")
    assert main(["sample", "--leads", "300", "--seed", "3", "--base-rate", "0.3", "--out", str(folder / "s")]) == 0
    files = ["--leads", str(folder / "s/leads.csv"), "--schema", str(folder / "s/schema.toml")]
    assert main(["train", *files, "--out", str(folder / "run"), *FAST]) == 0
    return folder


def test_a_sheet_with_place_and_proved_reasons(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--model", str(home / "run"), "--leads", str(home / "s/leads.csv")]
    assert main(["score", *files, "--out", str(home / "scores.csv")]) == 0
    out = home / "sheet.html"
    more = ["--scores", str(home / "scores.csv"), "--contact", "dpo@firm.example"]
    capsys.readouterr()
    assert main(["sheet", *files, "--lead-id", "L0000002", "--out", str(out), *more, "--json"]) == 0
    spoken = capsys.readouterr()
    said = {s["heading"]: s for s in json.loads(spoken.out)["sections"]}
    assert any(" of 300 in our order of calls" in words for words in said["In short"]["sentences"])
    reasons = said["The main reasons"]["rows"]
    assert "LEADRANK_CONTACT" not in spoken.err
    assert reasons and all(row[1] in ("towards the top", "further down") for row in reasons)
    assert all(row[2].startswith(("place ", "a chance of ")) and "as now" not in row[2] for row in reasons)
    words = html_words(out.read_text("utf-8"))
    assert "dpo@firm.example" in words and "made from files" in words and reasons[0][0].split("“")[0].strip() in words


def test_a_pdf_without_scores_and_reasons(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setenv("LEADRANK_CONTACT", "us@firm.example")
    files = ["--model", str(home / "run"), "--leads", str(home / "s/leads.csv"), "--lead-id", "L0000002"]
    out = home / "sheet.pdf"
    capsys.readouterr()
    assert main(["sheet", *files, "--out", str(out), "--no-reasons", "--json"]) == 0
    said = {s["heading"]: s for s in json.loads(capsys.readouterr().out)["sections"]}
    assert out.read_bytes().startswith(b"%PDF-") and "of 100 such enquiries" in said["In short"]["sentences"][0]
    assert "not worked out" in said["The main reasons"]["sentences"][0]
    last = list(said.values())[-1]["sentences"][-1]
    assert last == "Contact: us@firm.example"
    monkeypatch.delenv("LEADRANK_CONTACT")
    assert main(["sheet", *files, "--out", str(out), "--no-reasons"]) == 0
    assert "neither --contact nor LEADRANK_CONTACT is set" in capsys.readouterr().err
    for place, words in (("sheet.txt", ".html or .pdf"), ("gone/sheet.pdf", "a folder that exists")):
        assert main(["sheet", *files, "--out", str(home / place)]) == 2
        assert words in capsys.readouterr().err
