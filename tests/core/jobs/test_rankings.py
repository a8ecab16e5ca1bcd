"""Which leads are scored, what is kept of it and found again, and the reasons for one of them."""

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core import scoring as door
from core.__main__ import main
from core.bulk.shards import open_shards
from core.data.leads import Leads
from core.data.schema import Features, Split
from core.errors import LeadRankError
from core.jobs import ledger, rankings, records
from core.jobs.running import run_job
from core.queue.store import Queue
from core.workspace.datasets import leads_of
from core.workspace.explanations import explanation_path
from core.workspace.runs import run_folder, scores_folder
from core.workspace.scorings import scoring_in_use, scoring_path, scorings
from tests.core.jobs.conftest import Trained
from tests.core.jobs.kept import keep, wait, with_open_leads
from tests.made import make_leads


def with_split(leads: Leads, split: Split) -> Leads:
    return Leads(leads.roles, leads.features, replace(leads.schema, split=split))


def test_open_leads_come_first_then_the_test_part_then_all() -> None:
    leads = make_leads(120)
    few = rankings.choose_rows(with_open_leads(leads, 7), "open")
    assert few.part == "open" and few.rows.tolist() == list(range(113, 120)) and not few.note
    test = rankings.choose_rows(leads, "open")
    assert test.part == "test" and len(test.rows) == 36 and "test part were scored instead" in test.note
    whole = rankings.choose_rows(with_split(leads, Split(1.0, 0)), "open")
    assert whole.part == "all" and len(whole.rows) == 120 and "All leads" in whole.note
    assert rankings.choose_rows(leads, "test").note == "" and len(rankings.choose_rows(leads, "all").rows) == 120
    with pytest.raises(LeadRankError, match="no test part"):
        rankings.choose_rows(with_split(leads, Split(1.0, 0)), "test")
    with pytest.raises(LeadRankError, match="open, test or all"):
        rankings.choose_rows(leads, "some")


def test_a_model_reads_its_own_columns_or_says_which_are_lacking() -> None:
    leads = make_leads(50)
    more = Leads(
        leads.roles, leads.features.assign(b=1.0), replace(leads.schema, features=Features(("b", "a"), ("city",)))
    )
    read = rankings.as_read_by(more, leads.schema)
    assert list(read.features) == ["a", "city"] and read.schema == leads.schema
    with pytest.raises(LeadRankError, match=r"'b' \(numeric\)"):
        rankings.as_read_by(leads, more.schema)


def test_explanations_are_kept_by_content_and_head() -> None:
    one, other = (make_leads(3).take(np.array([row])) for row in (0, 1))
    same = make_leads(3).take(np.array([0]))
    changed = Leads(one.roles.assign(dialogue="Customer: Yes"), one.features, one.schema)
    told = ((one, "pairwise"), (one, "pointwise"), (other, "pairwise"), (changed, "pairwise"), (same, "pairwise"))
    keys = [rankings.explanation_key(lead, head) for lead, head in told]
    assert keys[0] == keys[-1]
    assert len(set(keys)) == 4


@pytest.mark.slow
def test_a_second_scoring_keeps_the_first_and_tells_the_trend(trained: Trained) -> None:
    ws, data = trained.ws, trained.data
    first = scoring_in_use(ws, data.id)
    assert first is not None
    request = {"run_id": trained.run_id, "dataset_id": data.id, "part": "open", "reason": "manual"}
    job = records.run_here(ws, "score", request, by="ann", label="Score")
    assert job.state == "done" and job.result is not None, job.message
    now = scoring_in_use(ws, data.id)
    assert now is not None and now.id == job.result["scoring_id"] != first.id
    assert job.result["read"] == 0, "the model read them when it was trained"
    assert first.id in {each.id for each in scorings(ws, data.id)} and scoring_path(ws, first.id).is_file()
    frame = pd.read_parquet(scoring_path(ws, now.id))
    assert set(frame["lead_id"]) == set(leads_of(ws, data.id).lead_id[-20:])
    assert frame["rank"].tolist() == list(range(1, 21)) and frame["previous_rank"].tolist() == frame["rank"].tolist()
    assert set(frame["trend"]) == {"steady"} and (frame["reasons"] != "[]").any()
    assert Queue(scoring_path(ws, now.id)).lead(str(frame["lead_id"][0]))["rank"] == 1
    beside = records.run_here(ws, "score", {**request, "use": False}, by="ann", label="Score")
    assert beside.state == "done" and beside.result is not None, beside.message
    used = scoring_in_use(ws, data.id)
    assert used is not None and used.id == now.id and len(scorings(ws, data.id)) == 3


def in_one_go(trained: Trained, leads: Leads) -> pd.DataFrame:
    return door.score(leads, door.load_scorer(run_folder(trained.ws, trained.run_id))).frame


def assert_ranked(trained: Trained, scoring_id: str, expected: pd.DataFrame) -> None:
    """Exactly one row for each lead, to the last bit as the model says it."""
    columns = ["lead_id", "score", "probability", "rank", "pointwise_logit", "pairwise_score"]
    found = pd.read_parquet(scoring_path(trained.ws, scoring_id), columns=columns)
    pd.testing.assert_frame_equal(found, expected[columns], check_dtype=False, check_exact=True)


@pytest.fixture
def two_cores() -> Iterator[None]:
    """This thread, and processes that it starts, may use two cores: one process scores then, on any machine."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system cannot hold a process to two cores")
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:2])
    yield
    os.sched_setaffinity(0, allowed)


@pytest.mark.slow
@pytest.mark.usefixtures("two_cores")
def test_a_killed_scoring_goes_on_from_what_is_done(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    ws, many = trained.ws, make_leads(400, seed=3)
    data = keep(ws, many, "Many")
    request = {"run_id": trained.run_id, "dataset_id": data.id, "part": "all", "reason": "manual"}
    before = set(scores_folder(ws, trained.run_id).iterdir())
    job = records.submit(ws, "score", request, by="ann", label="Score")

    def done() -> list[Path]:
        begun = [path for path in scores_folder(ws, trained.run_id).iterdir() if path.is_dir() and path not in before]
        return sorted(begun[0].glob("scores-*.parquet")) if begun else []

    while len(done()) < 3:
        assert records.job(ws, job.id).state in ledger.ACTIVE, records.log_tail(ws, job.id)
        time.sleep(0.01)
    os.kill(wait(ws, job.id, "running").pid or 0, signal.SIGKILL)
    monkeypatch.setattr(records, "SILENT_SECONDS", 0.0)
    while not records.sweep(ws):
        time.sleep(0.05)
    kept = {path: path.stat().st_mtime_ns for path in done()}
    shards = open_shards(next(iter(kept)).parent)
    assert shards is not None and records.job(ws, job.id).state == "interrupted"
    assert 3 <= len(kept) < len(shards.sizes) and set(shards.sizes) == {50}
    assert ledger.again(ws, records.job(ws, job.id), "ann") and run_job(ws, job.id)
    ended = records.job(ws, job.id)
    assert ended.state == "done" and ended.result is not None, ended.message
    assert ended.result["read"] == 400 - 50 * len(kept) and (ended.phase, ended.attempt) == ("write the queue", 2)
    told = [event for event in records.job_events(ws, job.id) if event.phase == "score leads"]
    assert (told[-1].done, told[-1].total) == (400, 400)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert_ranked(trained, ended.result["scoring_id"], in_one_go(trained, many))
    assert not list(shards.folder.glob("leads-*")), "the words of the leads are not kept twice"


@pytest.mark.slow
def test_of_leads_that_come_again_only_changed_ones_are_read(trained: Trained) -> None:
    ws, leads = trained.ws, make_leads(90, seed=4)
    request = {"run_id": trained.run_id, "part": "all", "reason": "manual"}

    def scored(leads: Leads, name: str) -> int:
        data = keep(ws, leads, name)
        job = records.run_here(ws, "score", {**request, "dataset_id": data.id}, by="ann", label="Score")
        assert job.state == "done" and job.result is not None, job.message
        assert_ranked(trained, job.result["scoring_id"], in_one_go(trained, leads))
        return int(job.result["read"])

    assert scored(leads.take(np.arange(80)), "May") == 80
    roles, features = leads.roles.copy(), leads.features.copy()
    roles.loc[3, "dialogue"] = "Customer: Call me again"
    features.loc[50, "a"] = 9.0
    roles["owner"] = "somebody"  # no model reads it
    june = Leads(roles, features, leads.schema).take(np.arange(1, 90))
    assert scored(june, "June") == 12  # two changed, ten are new
    shelf = [path for path in scores_folder(ws, trained.run_id).iterdir() if path.is_dir()]
    assert all(not list(path.glob("leads-*")) for path in shelf)


@pytest.mark.slow
def test_reasons_are_found_once_and_read_back(trained: Trained) -> None:
    ws, data = trained.ws, trained.data
    lead = leads_of(ws, data.id).take(np.array([-1]))
    lead_id = str(lead.lead_id.iat[0])
    request = {"run_id": trained.run_id, "dataset_id": data.id, "lead_id": lead_id, "head": "pairwise"}
    assert rankings.read_explanation(ws, trained.run_id, lead, "pairwise") is None
    job = records.run_here(ws, "explain", request, by="ann", label="Explain")
    assert job.state == "done" and job.result is not None, job.message
    found = rankings.read_explanation(ws, trained.run_id, lead, "pairwise")
    assert found is not None and found.lead_id == lead_id and {c.name for c in found.fields} == {"a", "city"}
    assert found.unchanged is not None and found.unchanged.logit == pytest.approx(found.logit, abs=1e-4)
    assert rankings.read_explanation(ws, trained.run_id, lead, "pairwise", first=True) is None
    path = explanation_path(ws, trained.run_id, job.result["key"])
    before = path.stat().st_mtime_ns
    again = records.run_here(ws, "explain", request, by="bob", label="Explain")
    assert again.state == "done" and again.id != job.id and path.stat().st_mtime_ns == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    rankings.keep_explanation(ws, trained.run_id, lead, found, first=True)
    assert rankings.read_explanation(ws, trained.run_id, lead, "pairwise", first=True) == found
    assert len(list(path.parent.iterdir())) == 2 and path.stat().st_mtime_ns == before


@pytest.mark.slow
def test_leads_that_the_model_cannot_read_are_refused_in_words(trained: Trained) -> None:
    ws = trained.ws
    other = keep(ws, make_leads(60, fields=False), "No fields")
    request = {"run_id": trained.run_id, "dataset_id": other.id, "part": "all", "reason": "manual"}
    job = records.run_here(ws, "score", request, by="ann", label="Score")
    assert job.state == "failed" and "'a' (numeric)" in job.message
    assert scorings(ws, other.id) == [] and not list((ws.folder / "scorings").glob("*.part"))


@pytest.mark.slow
def test_rescore_scores_what_the_model_can_read_and_says_what_it_left_out(
    trained: Trained, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ws = trained.ws
    monkeypatch.setenv("LEADRANK_WORKSPACE", str(ws.folder))
    known = keep(ws, make_leads(60), "All known")
    strange = keep(ws, with_open_leads(make_leads(60, fields=False)), "Other columns")
    assert main(["rescore", "--json"]) == 0
    said = {entry["dataset"]: entry for entry in json.loads(capsys.readouterr().out)["datasets"]}
    assert said[trained.data.id]["state"] == "done" and "20 leads" in said[trained.data.id]["said"]
    assert said[known.id]["state"] == "skipped" and "no lead is open" in said[known.id]["said"]
    assert said[strange.id]["state"] == "skipped" and "'a' (numeric)" in said[strange.id]["said"]
    newest = scorings(ws, trained.data.id)[0]
    assert newest.reason == "schedule" and newest.in_use
    assert records.jobs(ws, kind="score")[0].by == "schedule"
    assert main(["rescore", "--dataset", strange.id]) == 2 and "'a' (numeric)" in capsys.readouterr().out
