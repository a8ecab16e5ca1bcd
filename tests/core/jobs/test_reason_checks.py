"""A model's reasons are checked by a job, and its card tells."""

import hashlib

from core import trust
from core.archives import pack_run, unpack_run
from core.jobs import records
from core.scoring import load_scorer
from core.workspace.audit import audit_trail
from core.workspace.runs import run_folder
from tests.core.jobs.conftest import Trained
from tests.core.jobs.kept import wait


def test_the_card_tells_what_was_measured_and_the_run_stays_whole(trained: Trained, tmp_path) -> None:
    request = {"run_id": trained.run_id, "dataset_id": trained.data.id, "sample": 10}
    # Nobody asked for it: the training had it queued.
    (queued,) = records.jobs(trained.ws, kind="faithfulness")
    assert (queued.request, queued.by) == (request, "ann") and "First model" in queued.label
    done = wait(trained.ws, queued.id, *records.ENDED, seconds=300)
    assert done.state == "done", done.message
    folder = run_folder(trained.ws, trained.run_id)
    found = trust.read(folder)
    assert found is not None and found.leads == 10 and found.draws == 20
    assert done.result == {"passed": found.passed, "verdict": trust.verdict(found), "card_left_as_it_was": ""}
    assert trust.verdict(found) in (folder / "README.md").read_text("utf-8")
    (event,) = audit_trail(trained.ws, what="reasons checked")
    digest = hashlib.sha256((folder / trust.FILE).read_bytes()).hexdigest()
    assert (event.who, event.subject, event.details["sha256"]) == ("ann", trained.run_id, digest)
    archive = tmp_path / "run.zip"
    archive.write_bytes(pack_run(folder))
    unpack_run(archive, tmp_path)
    load_scorer(tmp_path)
    assert trust.read(tmp_path) == found
    small = records.run_here(trained.ws, "faithfulness", request | {"sample": 2}, by="ann", label="Check the reasons")
    assert "not 2" in str(small.result) and trust.read(folder) == found
    assert len(audit_trail(trained.ws, what="reasons checked")) == 1
