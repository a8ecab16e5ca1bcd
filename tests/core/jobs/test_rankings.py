"""Which leads are scored, with what is kept of it, and the reasons for one of them."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.__main__ import main
from core.data.leads import Leads
from core.data.schema import Features, Split
from core.errors import LeadRankError
from core.jobs import rankings, records
from core.queue.store import Queue
from core.workspace.datasets import leads_of
from core.workspace.explanations import explanation_path
from core.workspace.scorings import scoring_in_use, scoring_path, scorings
from tests.core.jobs.conftest import Trained
from tests.core.jobs.kept import keep, with_open_leads
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
