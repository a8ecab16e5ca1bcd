"""The verbs on public data, with no change of code: skipped where the data are not at hand."""

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.real_data import write_bank, write_casino
from core.__main__ import main
from core.data.schema import load_schema

DATA = Path(__file__).resolve().parents[2] / "shared/data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="public data are not at ../shared/data")
FAST = [
    word
    for setting in (
        "backbone=tiny",
        "depth=2",
        "encode_limit=400",
        "baselines=false",
        "pairs=tiers",
        "engine.precision=fp32",
    )
    for word in ("--set", setting)
]


def journey(leads: Path, schema: Path, home: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict:
    files = ["--leads", str(leads), "--schema", str(schema)]
    assert main(["train", *files, "--out", str(home / "run"), *FAST, *more]) == 0
    assert main(["score", "--model", str(home / "run"), "--leads", str(leads), "--out", str(home / "s.csv")]) == 0
    capsys.readouterr()
    assert main(["evaluate", "--scores", str(home / "s.csv"), *files, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    first = pd.read_csv(home / "s.csv", dtype={"lead_id": str})["lead_id"][0]
    assert main(["explain", "--model", str(home / "run"), "--leads", str(leads), "--lead-id", first, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lead_id"] == first
    return result


def test_bank_marketing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole file: no id, no dates; the call's length is no feature; at least as good as logistic regression."""
    leads, schema = write_bank(DATA, tmp_path), tmp_path / "bank.toml"
    assert main(["guess-schema", str(leads), "--out", str(schema)]) == 0
    roles = load_schema(schema)
    assert roles.roles.call_seconds == "duration" and "duration" not in roles.features.columns()
    result = journey(leads, schema, tmp_path, capsys, "--set", "fields=tower", "--set", "baselines=true")
    card = json.loads((tmp_path / "run/card.json").read_text())["comparison"]["figures"]
    assert result["auc"]["value"] >= card["Logistic regression (fields)"]["auc"]["value"]


def test_casino_dialogues(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = pd.read_csv(write_casino(DATA, tmp_path))
    leads = tmp_path / "cut.csv"
    whole.head(500).to_csv(leads, index=False)
    result = journey(leads, tmp_path / "casino.toml", tmp_path, capsys)
    assert result["leads"] > 100 and result["auc"]["low"] < result["auc"]["high"]
