"""The verbs that work on a workspace, as cron and the app's start call them."""

import json
from pathlib import Path

import pytest

from core.__main__ import main
from core.jobs import ledger
from core.workspace.store import open_workspace
from tests.core.jobs.kept import keep
from tests.made import make_leads


def test_prepare_says_what_it_did_and_is_quick_to_say_that_nothing_is_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEADRANK_WORKSPACE", str(tmp_path / "ws"))
    keep(open_workspace(tmp_path / "ws"), make_leads(30))
    assert main(["prepare", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"brought_in": [], "interrupted": []}


def test_a_job_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LEADRANK_WORKSPACE", str(tmp_path / "ws"))
    ws = open_workspace(tmp_path / "ws")
    made = ledger.insert(
        ws, "import", {"upload_id": "0" * 32, "name": "x", "schema": {"roles": {"lead_id": "i"}}}, "a", ""
    )
    assert main(["job", made.id]) == 2 and "upload it again" in capsys.readouterr().out
    assert main(["job", made.id]) == 0 and "not begun here" in capsys.readouterr().out
    assert main(["job", "../x"]) == 2 and "no such job" in capsys.readouterr().err
    assert main(["rescore"]) == 2 and "no model is in use" in capsys.readouterr().err
