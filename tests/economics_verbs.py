"""`economics` as somebody types it, and files of the sample that its steps read."""

from __future__ import annotations

import json
from pathlib import Path

from core.__main__ import main

SAMPLE = Path(__file__).resolve().parents[1] / "sample_data"
OPEN = SAMPLE / "open_scores.parquet"
TESTED = SAMPLE / "model" / "test_scores.parquet"
LEADS = ["--leads", SAMPLE / "leads.csv", "--schema", SAMPLE / "schema.toml"]


def answer(capsys, *arguments):
    assert main(["economics", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys, *arguments):
    assert main(["economics", *map(str, arguments)]) == 2
    return capsys.readouterr().err
