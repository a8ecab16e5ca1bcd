"""Lead files and packed models as they arrive: usable, unusable, hostile."""

import hashlib
import json
import shutil
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from core.data.schema import Features, Roles, Schema, schema_to_dict
from core.errors import RunError
from core.jobs import arrivals, records
from core.workspace.datasets import add_dataset, dataset, datasets
from core.workspace.runs import run, run_folder, runs
from core.workspace.store import Workspace
from core.workspace.tables import Dataset, Job
from core.workspace.uploads import drop_upload, keep_upload, uploads
from tests.core.jobs.conftest import Trained

SCHEMA = schema_to_dict(Schema(Roles("id", converted="won"), Features(("age",))))


def brought_in(ws: Workspace, content: bytes, **more: object) -> Job:
    kept = keep_upload(ws, "leads.csv", BytesIO(content), "ann", 1 << 26)
    request = {"upload_id": kept.id, "name": "Mine", "schema": SCHEMA, "shown": [], **more}
    return records.run_here(ws, "import", request, by="ann", label="Import")


def test_a_file_with_errors_is_no_failure_but_a_report(ws: Workspace) -> None:
    job = brought_in(ws, b"id,won,age\n" + b"1,maybe,3\n" * 60)
    assert job.state == "done" and job.result is not None and not job.result["valid"]
    assert {"id", "won"} <= {error["column"] for error in job.result["report"]["errors"]}
    assert datasets(ws) == [] and len(uploads(ws)) == 1  # kept, to be read again with another schema


def test_leads_without_outcomes_yet_can_be_brought_in_to_be_scored(ws: Workspace) -> None:
    job = brought_in(ws, b"id,won,age\n" + b"".join(b"%d,,%d\n" % (i, i) for i in range(30)))
    assert job.result is not None and job.result["valid"], job.message
    made = dataset(ws, job.result["dataset_id"])
    assert (made.leads, made.open_leads, made.converted) == (30, 30, None)
    assert any("no model can be trained" in warning["message"] for warning in made.report["warnings"])


def test_a_column_that_is_missing_stays_an_error(ws: Workspace) -> None:
    job = brought_in(ws, b"id,age\n" + b"".join(b"%d,%d\n" % (i, i) for i in range(60)))
    assert job.result is not None and not job.result["valid"]


def test_columns_to_show_are_not_those_that_a_model_reads(ws: Workspace) -> None:
    job = brought_in(ws, b"id,won,age\n" + b"".join(b"%d,%d,2\n" % (i, i % 2) for i in range(60)), shown=["age"])
    assert job.state == "failed" and "no other part" in job.message


SOUND = b"id,won,age\n" + b"".join(b"%d,%d,%d\n" % (i, i % 2, i) for i in range(200))


def test_an_import_that_was_stopped_after_saving_keeps_one_dataset(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(arrivals, "drop_upload", killed)
        job = brought_in(ws, SOUND)
    (made,) = datasets(ws)
    assert job.state == "interrupted" and len(uploads(ws)) == 1
    monkeypatch.setattr(records, "_start", records.run_job)
    again = records.resume(ws, job.id, "ann")
    assert again.state == "done" and again.result is not None, again.message
    assert again.result["dataset_id"] == made.id and again.result["report"] == made.report
    assert [each.id for each in datasets(ws)] == [made.id] and uploads(ws) == []


def test_a_file_that_is_deleted_while_it_is_saved_makes_a_dataset_all_the_same(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def adding(ws: Workspace, **given: Any) -> Dataset:
        drop_upload(ws, uploads(ws)[0].id, "bob")
        return add_dataset(ws, **given)

    monkeypatch.setattr(arrivals, "add_dataset", adding)
    job = brought_in(ws, SOUND)
    assert job.state == "done" and job.result is not None, job.message
    assert [each.id for each in datasets(ws)] == [job.result["dataset_id"]]


def test_what_is_no_model_is_deleted_and_what_may_load_later_is_kept(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = loaded(ws, BytesIO(b"PK\x03\x04 not really"))
    assert refused.state == "failed" and "damaged" in refused.message and uploads(ws) == []

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(arrivals, "unpack_run", full)
    kept = loaded(ws, BytesIO(b"PK\x03\x04 not really"))
    assert kept.state == "failed" and [each.suffix for each in uploads(ws)] == [".zip"]


def packed(folder: Path, **changed: object) -> BytesIO:
    """The run folder as a zip, with some documents replaced and the manifest made to fit, as a forger would."""
    files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    manifest = json.loads(files["manifest.json"])
    for name, document in changed.items():
        place = f"{name}.json"
        files[place] = json.dumps(document).encode()
        if place in manifest["files"]:
            manifest["files"][place] = hashlib.sha256(files[place]).hexdigest()
    files["manifest.json"] = json.dumps(manifest).encode()
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(f"my run/{name}", (2026, 1, 1, 0, 0, 0)), content)
    out.seek(0)
    return out


def loaded(ws: Workspace, archive: BytesIO) -> Job:
    kept = keep_upload(ws, "model.zip", archive, "ann", 1 << 26)
    request = {"upload_id": kept.id, "name": "Theirs"}
    return records.run_here(ws, "load_run", request, by="ann", label="Load")


@pytest.mark.slow
def test_an_uploaded_model_is_the_same_model(trained: Trained, ws: Workspace) -> None:
    home = run_folder(trained.ws, trained.run_id)
    job = loaded(ws, packed(home))
    assert job.state == "done" and job.result is not None, job.message
    made = run(ws, job.result["run_id"])
    assert made.name == "Theirs" and made.card == run(trained.ws, trained.run_id).card
    copied = run_folder(ws, made.id)
    assert (copied / "heads.safetensors").read_bytes() == (home / "heads.safetensors").read_bytes()
    assert uploads(ws) == []


@pytest.mark.slow
def test_forged_models_are_refused_and_leave_no_folder(trained: Trained, ws: Workspace) -> None:
    home = run_folder(trained.ws, trained.run_id)
    identity = json.loads((home / "backbone.json").read_text())
    cases = {
        "folder of the machine": packed(home, backbone={**identity, "name": "/etc"}),
        "card cannot be understood": packed(home, card={"metrics": 1}),
        "cannot be understood": packed(home, config={"fields": "<script>"}),
        "neither a zip": BytesIO(b"id,won,age\n"),
    }
    altered = packed(home)
    with zipfile.ZipFile(altered) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["my run/ranking.json"] = files["my run/ranking.json"].replace(b"1", b"2")
    cases["was altered"] = BytesIO()
    with zipfile.ZipFile(cases["was altered"], "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    cases["was altered"].seek(0)
    for words, forged in cases.items():
        job = loaded(ws, forged)
        assert job.state == "failed" and words in job.message, (words, job.message)
        assert str(ws.folder) not in job.message
    assert runs(ws) == [] and list((ws.folder / "runs").iterdir()) == [] and uploads(ws) == []


@pytest.mark.slow
def test_folders_of_the_server_are_chosen_by_name_alone(
    trained: Trained, ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(run_folder(trained.ws, trained.run_id), tmp_path / "models" / "spring")
    (tmp_path / "models" / "empty").mkdir()
    monkeypatch.setenv("LEADRANK_MODELS", str(tmp_path / "models"))
    assert arrivals.model_folders() == ["spring", arrivals.SHIPPED]
    for name in ("../models/spring", str(tmp_path / "models/spring"), "empty", ""):
        with pytest.raises(RunError, match="no model folder"):
            arrivals.model_folder(name)
    job = records.run_here(ws, "load_run", {"folder_name": "spring"}, by="ann", label="Load")
    assert job.state == "done" and job.result is not None, job.message
    assert run(ws, job.result["run_id"]).name == "spring"
