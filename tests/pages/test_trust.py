"""The part of a model's card on its reasons."""

import json
from pathlib import Path

import pytest

from core import trust
from core.data.schema import schema_to_dict
from core.jobs import processes, records
from core.workspace.runs import add_run, new_run_folder, run_folder, use_run
from core.workspace.store import Workspace
from tests.core.test_faithfulness import TOLD, found
from tests.kept import keep_leads
from tests.made import make_leads
from tests.models_page import click, labels, models
from tests.pages.test_models import CARD, keep_card
from tests.seen import words


def test_a_model_that_was_not_checked_says_so(ws: Workspace) -> None:
    use_run(ws, keep_card(ws, CARD).id, "x")
    at = models()
    assert "Not measured yet" in words(at) and "not in this workspace" in words(at)
    assert "Check the reasons" not in labels(at)


def test_a_checked_model_shows_verdict_and_figures(ws: Workspace) -> None:
    run = keep_card(ws, CARD)
    use_run(ws, run.id, "x")
    folder = run_folder(ws, run.id)
    good = found(TOLD, TOLD)
    (folder / trust.FILE).write_text(trust.documents(good, "")[trust.FILE], "utf-8")
    at = models()
    assert [e.value for e in at.success] == [trust.WELL]
    assert "2 of 2 leads fall out of the top twentieth" in words(at) and "Not measured yet" not in words(at)
    (table,) = (d.value for d in at.dataframe if "Comprehensiveness" in d.value)
    assert table["Gate"].tolist() == ["passes", "passes"]
    (folder / trust.FILE).write_text("{", "utf-8")
    assert "check the reasons again" in " ".join(e.value for e in models().error)


def test_a_click_has_it_checked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "start", lambda *_: 2**22 + 1)
    monkeypatch.setattr(records, "sweep", lambda ws: [])
    ws, dataset, _ = keep_leads(folder)
    id, place = new_run_folder(ws)
    (place / "card.json").write_text(json.dumps(CARD), "utf-8")
    (place / "schema.json").write_text(json.dumps(schema_to_dict(make_leads(1).schema)), "utf-8")
    use_run(ws, add_run(ws, id, name="Ours", dataset_id=dataset.id, by="x").id, "x")
    at = click(models(), "Check the reasons")
    (job,) = records.jobs(ws, kind="faithfulness")
    assert job.request == {"run_id": id, "dataset_id": dataset.id, "sample": 20} and "Ours" in job.label
    assert "Check the reasons" not in labels(at) and "Cancel" in labels(at)
