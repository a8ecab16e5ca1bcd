"""Comparisons as jobs: they go on from where they were, a budget ends them, and what tells the future stops them."""

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.benchmark.store import finished, read_results
from core.data.leads import Leads
from core.data.schema import Features
from core.jobs import processes, records
from core.jobs.benchmarks import benchmark_folder, future_columns_of
from core.jobs.running import run_job
from core.workspace.store import Workspace
from core.workspace.tables import Dataset, Job
from tests.core.jobs.kept import keep, with_open_leads
from tests.made import make_leads

LEAKED = "told_later"


@pytest.fixture(autouse=True)
def in_this_process(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(arguments: list[str], *_: Any) -> int:
        run_job(ws, arguments[1])
        return 2**22 + 1

    monkeypatch.setattr(processes, "start", start)


def fields_alone() -> Leads:
    """No words, so that nothing has to be read."""
    return with_open_leads(make_leads(words=False))


def with_leak() -> Leads:
    """A column that tells nine of ten outcomes is known too late."""
    made = fields_alone()
    told = np.nan_to_num(made.converted) + np.random.default_rng(0).normal(0, 0.1, len(made))
    schema = made.schema.__class__(
        made.schema.roles, Features(("a", LEAKED), ("city",)), made.schema.split, made.schema.funnel
    )
    return Leads(made.roles, made.features.assign(**{LEAKED: told}), schema)


def ask(data: Dataset, *arms: str, **more: Any) -> dict[str, Any]:
    usual = {"dataset_id": data.id, "arms": list(arms), "seeds": 2, "trials": 1, "capacity": 0.1, "minutes": None}
    return {**usual, "settings": {"device": "cpu"}, **more}


def done(ws: Workspace, request: dict[str, Any]) -> Job:
    return records.submit(ws, "benchmark", request, by="ann", label="Comparison")


def test_a_comparison_leaves_what_a_page_needs_and_no_more(ws: Workspace) -> None:
    job = done(ws, ask(keep(ws, fields_alone()), "newest", "logistic", "deepfm", "tfidf"))
    assert job.state == "done", (job.message, records.log_tail(ws, job.id))
    assert job.result == {"arms": 4, "trainings": 4, "left_out": 1}
    found = read_results(benchmark_folder(ws, job.id))
    assert [(one.arm, one.seed) for one in found.trials] == [
        ("newest", 0),
        ("logistic", 0),
        ("deepfm", 0),
        ("deepfm", 1),
    ]
    assert list(found.left_out) == ["tfidf"] and found.capacity == 0.1 and not found.waiting
    assert not (benchmark_folder(ws, job.id) / "work").exists()


def test_a_cancelled_comparison_goes_on_and_keeps_what_was_finished(ws: Workspace) -> None:
    request = ask(keep(ws, fields_alone()), "newest", "click", seeds=3, trials=4)
    threading.Thread(target=cancel_after_first, args=(ws,)).start()
    job = done(ws, request)
    assert job.state == "cancelled" and "from where it was" in job.message
    before = kept(ws, job)
    assert before and read_results(benchmark_folder(ws, job.id)).waiting
    again = records.resume(ws, job.id, "bo")
    assert (again.state, again.attempt) == ("done", 2), again.message
    after = kept(ws, job)
    assert len(after) > len(before) and {path: after[path] for path in before} == before


def cancel_after_first(ws: Workspace) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for job in records.jobs(ws, kind="benchmark"):
            if finished(benchmark_folder(ws, job.id))[0]:
                records.cancel(ws, job.id, "bo")
                return
        time.sleep(0.02)


def kept(ws: Workspace, job: Job) -> dict[Path, int]:
    """When each finished training was written."""
    return {path: path.stat().st_mtime_ns for path in benchmark_folder(ws, job.id).glob("arms/*/*.parquet")}


def test_a_spent_budget_interrupts_and_says_so(ws: Workspace) -> None:
    job = done(ws, ask(keep(ws, fields_alone()), "newest", "logistic", minutes=1e-9))
    assert job.state == "interrupted"
    assert "budget" in job.message and "1 of 2 trainings" in job.message


def test_a_language_model_that_cannot_be_had_holds_up_what_reads(ws: Workspace, tmp_path: Path) -> None:
    leads = with_open_leads(make_leads())
    place = str(tmp_path / "models" / "moved")
    job = done(ws, ask(keep(ws, leads), "newest", "deepfm+text", seeds=1, settings={"backbone": place}))
    assert job.state == "interrupted" and "1 of 2 trainings are done, and one way to rank is held up" in job.message
    assert "got='moved'" in job.message and str(tmp_path) not in job.message
    again = records.resume(ws, job.id, "bo")
    assert again.state == "interrupted" and list(read_results(benchmark_folder(ws, job.id)).held_up) == ["deepfm+text"]


def test_a_column_that_tells_the_future_stops_it_until_somebody_vouches(ws: Workspace) -> None:
    data = keep(ws, with_leak())
    refused = done(ws, ask(data, "newest", "logistic"))
    assert refused.state == "failed"
    assert LEAKED in refused.message and "vouch" in refused.message and "--allow" not in refused.message
    assert list(future_columns_of(ws, refused.id)) == [LEAKED]
    vouched = done(ws, ask(data, "newest", "logistic", allow=[LEAKED]))
    assert vouched.state == "done" and future_columns_of(ws, vouched.id) == {}


def test_other_refusals_are_told_as_they_are(ws: Workspace) -> None:
    job = done(ws, ask(keep(ws, fields_alone()), "newest", known_stage="stage"))
    assert job.state == "failed" and "stage" in job.message and future_columns_of(ws, job.id) == {}
