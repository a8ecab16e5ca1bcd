"""How a job's process ends, whatever the work does; the work here is a line of each test."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import update

from core.errors import LeadRankError
from core.jobs import folders, ledger, records, running
from core.jobs.task import Outcome, Task, Work
from core.progress import Event
from core.workspace.audit import audit_trail
from core.workspace.store import Workspace
from core.workspace.tables import Job


@pytest.fixture
def done_by(ws: Workspace, monkeypatch: pytest.MonkeyPatch):
    """Run a job whose work is the given function."""

    def do(work: Work, **request: object) -> Job:
        monkeypatch.setitem(running.WORK, "score", work)
        return records.run_here(ws, "score", request, by="ann@example.org", label="Score")

    return do


def failing(error: Exception) -> Work:
    def work(task: Task) -> Outcome:
        raise error

    return work


def test_a_job_that_ends_well_has_its_result_and_its_last_figures(ws: Workspace, done_by) -> None:
    def work(task: Task) -> Outcome:
        for place in range(1, 101):
            task.watch(Event("count", place, 100, 1.0, {"loss": 1 / place, "bad": float("nan")}))
        return Outcome({"answer": 42}, "One lead had no date.")

    job = done_by(work)
    assert (job.state, job.result, job.message) == ("done", {"answer": 42}, "One lead had no date.")
    assert (job.phase, job.done, job.total, job.figures["loss"]) == ("count", 100, 100, 0.01)
    assert job.active_key is None and job.seconds_left is None and job.ended >= job.started
    history = records.job_events(ws, job.id)
    assert [event.done for event in history] == list(range(1, 101)) and history[0].figures["bad"] is None
    assert "count" in records.log_tail(ws, job.id)
    assert [event.what for event in audit_trail(ws)] == ["work started"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (LeadRankError("give more leads"), "give more leads"),
        (MemoryError(), "memory is too small"),
        (OSError(28, "No space left on device", "/secret/place"), "No space left on device"),
        (ZeroDivisionError("division by zero"), "reference"),
    ],
)
def test_failures_are_told_in_words_and_logged_in_full(ws: Workspace, done_by, error: Exception, words: str) -> None:
    job = done_by(failing(error))
    assert job.state == "failed" and words in job.message
    assert "/secret" not in job.message and "Traceback" not in job.message
    assert ("reference" not in job.message) or job.id in job.message
    assert "Traceback" in records.log_tail(ws, job.id)


def test_paths_of_the_server_stay_out_of_messages(ws: Workspace, done_by) -> None:
    job = done_by(
        failing(LeadRankError(f"no run at '{ws.folder}/runs/x' below {ws.folder}/runs, {ws.folder}: mend it"))
    )
    assert job.message == "no run at 'x' below runs, ws: mend it"


def test_so_do_those_outside_the_workspace(ws: Workspace, done_by, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADRANK_MODELS", "/srv/my data/models")
    cause = "[Errno 2] No such file: '/srv/my data/models/q/config.json', nor /srv/my data/models/q/x.json"
    job = done_by(failing(LeadRankError(f"cannot load 'q' from /srv/hidden/q: {cause}")))
    assert job.message == "cannot load 'q' from q: [Errno 2] No such file: 'config.json', nor q/x.json"


def test_a_language_model_that_cannot_be_read_tells_its_name_alone(ws: Workspace, done_by, tmp_path: Path) -> None:
    from core.neural.backbones import load_backbone

    hidden = tmp_path / "my hidden" / "model"
    hidden.mkdir(parents=True)

    def work(task: Task) -> Outcome:
        load_backbone(str(hidden))
        return Outcome({})

    for files in ({}, {"config.json": "{}", "model.safetensors": "x", "tokenizer.json": "{}"}):
        for name, content in files.items():
            (hidden / name).write_text(content)
        job = done_by(work)
        assert job.state == "failed" and "'model'" in job.message and "reference" not in job.message
        assert "hidden" not in job.message and str(tmp_path) not in job.message


def test_a_stop_is_noticed_at_the_next_report_and_nothing_half_made_stays(ws: Workspace, done_by) -> None:
    half = ws.folder / "scorings" / "half.parquet"

    def work(task: Task) -> Outcome:
        task.half_made(half)
        half.write_text("half")
        records.cancel(ws, task.job.id, "bob@example.org")
        try:
            while True:
                task.watch(Event("work", 1, 10))
                time.sleep(0.01)
        except Exception:  # what swallows errors must not swallow a stop
            return Outcome({})

    job = done_by(work)
    assert job.state == "cancelled" and "as asked" in job.message and not half.exists()
    assert ledger.STOP_ASKED in [event.phase for event in records.job_events(ws, job.id)]
    assert ("bob@example.org", "work stopped") in [(event.who, event.what) for event in audit_trail(ws)]


def test_a_terminated_process_says_that_it_was_interrupted(ws: Workspace, done_by) -> None:
    def work(task: Task) -> Outcome:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)
        return Outcome({})

    before = signal.getsignal(signal.SIGTERM)
    job = done_by(work)
    assert job.state == "interrupted" and "started again" in job.message
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_job_that_was_given_up_is_left_to_whoever_has_it_now(ws: Workspace, done_by) -> None:
    """Taken for dead on another machine and begun again there: this process must not spoil that."""

    def work(task: Task) -> Outcome:
        with ws.session() as session:
            session.execute(update(Job).where(Job.id == task.job.id).values(attempt=2))
        while True:
            task.watch(Event("work", 1, 10))
            time.sleep(0.01)

    job = done_by(work)
    assert (job.state, job.attempt, job.message) == ("running", 2, "")


def test_of_ten_that_want_one_job_one_does_it(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []

    def work(task: Task) -> Outcome:
        done.append(1)
        return Outcome({})

    monkeypatch.setitem(running.WORK, "score", work)
    made = ledger.insert(ws, "score", {}, "ann", "Score")
    began: list[bool] = []
    threads = [threading.Thread(target=lambda: began.append(running.run_job(ws, made.id))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(began) == [False] * 9 + [True] and done == [1]


DEAF = """
import sys, time
from pathlib import Path
from core.jobs import ledger, records, reporting, running
from core.progress import Event
from core.workspace.store import open_workspace
reporting.GRACE_SECONDS = 0.5
def work(task):
    half = task.ws.folder / "scorings" / "half.parquet"
    task.half_made(half)
    half.write_text("half")
    records.cancel(task.ws, task.job.id, "bob")
    task.watch(Event("deaf", 1, 2))
    time.sleep(60)
running.WORK["score"] = work
ws = open_workspace(Path(sys.argv[1]))
made = ledger.insert(ws, "score", {}, "ann", "Score")
print(made.id, flush=True)
running.run_job(ws, made.id)
"""


def test_work_that_does_not_listen_is_ended(ws: Workspace, tmp_path: Path) -> None:
    command = [sys.executable, "-c", DEAF, str(ws.folder)]
    began = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=40, start_new_session=True, check=False)
    job = records.job(ws, done.stdout.decode().strip())
    assert done.returncode == -signal.SIGKILL and time.monotonic() - began < 30
    assert job.state == "cancelled" and job.active_key is None
    assert not (ws.folder / "scorings" / "half.parquet").exists()


def test_what_a_killed_process_left_beside_a_half_made_file_goes(ws: Workspace) -> None:
    scorings = ws.folder / "scorings"
    for name in ("a.parquet", "a.parquet.part", ".a.parquet.part", "a.parquet.leads/000.arrow", "aa.parquet", "b.part"):
        (scorings / name).parent.mkdir(parents=True, exist_ok=True)
        (scorings / name).touch()
    folders.note_partial(ws, "1" * 32, scorings / "a.parquet")
    folders.remove_partials(ws, "1" * 32)
    assert sorted(path.name for path in scorings.iterdir()) == ["aa.parquet", "b.part"]


def test_half_made_folders_go_and_whole_ones_stay(ws: Workspace, done_by) -> None:
    folder = ws.folder / "runs" / "a"

    def work(task: Task) -> Outcome:
        task.half_made(folder)
        (folder / "deep").mkdir(parents=True)
        if task.request["fail"]:
            raise LeadRankError("no")
        task.whole()
        return Outcome({})

    done_by(work, fail=True)
    assert not folder.exists()
    done_by(work, fail=False)
    assert folder.exists() and not (folders.job_folder(ws, records.jobs(ws)[0].id) / "partial.txt").exists()
