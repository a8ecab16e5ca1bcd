"""Jobs in real processes, as an app starts them: to the end, twice at once, stopped, killed, and on again."""

import os
import threading
from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import update

from core.data.schema import Features, Roles, Schema, schema_to_dict
from core.errors import LeadRankError
from core.jobs import ledger, records
from core.workspace.audit import audit_trail
from core.workspace.datasets import datasets, leads_of, shown_of
from core.workspace.ids import utc_now
from core.workspace.runs import run_folder, run_in_use
from core.workspace.scorings import scorings
from core.workspace.store import Workspace
from core.workspace.tables import Job
from core.workspace.uploads import keep_upload, uploads
from tests.core.jobs.conftest import Trained
from tests.core.jobs.kept import wait

SCHEMA = schema_to_dict(Schema(Roles("id", converted="won"), Features(("age",))))
FILE = b"id,won,age,phone\n" + b"".join(b"%d,%d,%d,0%d\n" % (i, i % 2, i, i) for i in range(200))


def request_for(ws: Workspace, content: bytes = FILE) -> dict:
    kept = keep_upload(ws, "leads <b>.csv", BytesIO(content), "ann", 1 << 26)
    return {"upload_id": kept.id, "name": "My leads", "schema": SCHEMA, "shown": ["phone"]}


def test_an_import_asked_for_by_many_at_once_is_done_once(ws: Workspace) -> None:
    request = request_for(ws)
    got: list[Job] = []
    threads = [
        threading.Thread(target=lambda: got.append(records.submit(ws, "import", request, by="ann", label="Import")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({job.id for job in got}) == 1
    done = wait(ws, got[0].id)
    assert done.state == "done" and done.result is not None and done.result["valid"], done.message
    assert done.pid != os.getpid() and records.log_tail(ws, done.id).count("attempt 1") == 1
    made = datasets(ws)
    assert [d.id for d in made] == [done.result["dataset_id"]] and made[0].source_name == "leads <b>.csv"
    assert len(leads_of(ws, made[0].id)) == 200
    assert shown_of(ws, made[0].id)["phone"].tolist()[:3] == ["00", "01", "02"]
    assert uploads(ws) == []


def test_a_job_that_fails_says_why(ws: Workspace) -> None:
    request = {**request_for(ws), "upload_id": "0" * 32}
    failed = wait(ws, records.submit(ws, "import", request, by="ann", label="Import").id)
    assert failed.state == "failed" and "upload it again" in failed.message
    with pytest.raises(LeadRankError, match="kind of work"):
        records.submit(ws, "dance", {}, by="ann", label="")
    with pytest.raises(LeadRankError, match="no such job"):
        records.job(ws, "../../x")


def test_a_real_process_stops_when_asked(ws: Workspace) -> None:
    rows = b"".join(b"%d,%d,%d,0%d\n" % (i, i % 2, i, i) for i in range(400_000))
    started = records.submit(ws, "import", request_for(ws, b"id,won,age,phone\n" + rows), by="ann", label="Import")
    wait(ws, started.id, "running", *records.ENDED)
    records.cancel(ws, started.id, "ann")
    stopped = wait(ws, started.id)
    assert stopped.state == "cancelled" and datasets(ws) == [] and len(uploads(ws)) == 1


@pytest.mark.slow
def test_a_killed_training_goes_on_in_the_same_folder_to_its_end(trained: Trained) -> None:
    ws, done = trained.ws, trained.done
    assert trained.second_click.id == done.id
    killed = trained.killed
    assert killed.state == "interrupted" and "goes on" in killed.message and killed.active_key is None
    assert done.state == "done" and done.attempt == 2, (done.message, records.log_tail(ws, done.id))
    assert trained.folders == [trained.run_id] and run_folder(ws, trained.run_id).is_dir()
    assert not (run_folder(ws, trained.run_id) / ".work").exists()
    current = run_in_use(ws)
    assert current is not None and (current.id, current.name) == (trained.run_id, "First model")
    ranked = scorings(ws, trained.data.id)[-1]  # the oldest: other tests add theirs
    assert (ranked.part, ranked.reason, ranked.leads) == ("open", "new model", 20)
    told = {name for event in records.job_events(ws, done.id) for name in event.figures}
    assert {"total", "validation_auc"} <= told
    assert records.resume(ws, done.id, "ann").state == "done"  # what is done stays done


def put(ws: Workspace, **values: object) -> Job:
    """A job as another process left it."""
    made = ledger.insert(ws, "score", {"n": str(values)}, "ann", "Score")
    with ws.session() as session:
        session.execute(update(Job).where(Job.id == made.id).values(**values))
    return made


def test_sweep_tells_the_dead_from_the_living(ws: Workspace) -> None:
    now, here = utc_now(), ledger.this_host()
    old, quiet = now - timedelta(minutes=10), now - timedelta(seconds=11)
    running = {"state": "running", "started": now, "heartbeat": now, "host": here, "pid": os.getpid()}
    living = [
        put(ws, **running),
        put(ws, **{**running, "host": "elsewhere", "pid": 4_000_000}),
        put(ws, heartbeat=now),
        put(ws, **{**running, "pid": 4_000_000}),  # in another container of the same name, where it is alive
        put(ws, heartbeat=now, host=here, pid=4_000_000),
        put(ws, **{**running, "heartbeat": quiet}),  # slow
    ]
    dead = [
        put(ws, **{**running, "pid": 4_000_000, "heartbeat": quiet}),
        put(ws, heartbeat=quiet, host=here, pid=4_000_000),
        put(ws, **{**running, "host": "elsewhere", "heartbeat": old}),
        put(ws, **{**running, "started": old - timedelta(days=400), "heartbeat": old}),  # a stranger has the pid
        put(ws, heartbeat=old),
    ]
    assert {job.id for job in records.sweep(ws)} == {job.id for job in dead}
    assert {records.job(ws, job.id).state for job in dead} == {"interrupted"}
    assert {job.id for job in records.jobs(ws, active=True)} == {job.id for job in living}
    assert records.sweep(ws) == []


def test_a_queued_job_is_cancelled_at_once(ws: Workspace) -> None:
    made = put(ws, heartbeat=utc_now())
    assert records.cancel(ws, made.id, "ann").state == "cancelled"
    assert records.cancel(ws, made.id, "bob").state == "cancelled"
    assert not ledger.claim(ws, made.id)
    assert [(event.who, event.subject) for event in audit_trail(ws, what="work stopped")] == [("ann", made.id)]


def test_the_nightly_scoring_and_a_click_at_that_moment_are_one(ws: Workspace) -> None:
    request = {"run_id": "r", "dataset_id": "d", "part": "open"}
    first = ledger.insert(ws, "score", {**request, "reason": "manual"}, "ann", "Score")
    got = records.run_here(ws, "score", {**request, "reason": "schedule"}, by="schedule", label="Score")
    assert got.id == first.id and got.request["reason"] == "manual" and len(records.jobs(ws)) == 1
    assert ledger.insert(ws, "score", {**request, "part": "all", "reason": "manual"}, "ann", "Score").id != first.id


def test_an_ended_job_gives_way_to_the_same_work_begun_anew(ws: Workspace) -> None:
    first = ledger.insert(ws, "score", {"a": 1}, "ann", "Score")
    assert ledger.end(ws, first.id, "failed", "no", expected=("queued",))
    second = ledger.insert(ws, "score", {"a": 1}, "ann", "Score")
    assert records.resume(ws, first.id, "ann").id == second.id
    assert records.job(ws, first.id).state == "failed"
