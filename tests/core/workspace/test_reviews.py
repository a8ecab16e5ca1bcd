"""Reviews are kept beside the data, withdrawn but never deleted, and later held against what came."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import inspect, text

from core.data.leads import Leads
from core.data.problems import Report
from core.data.reviews import Review as Said
from core.errors import LeadRankError
from core.workspace.actions import record_action
from core.workspace.audit import audit_trail
from core.workspace.datasets import add_dataset, leads_of
from core.workspace.reviews import add_review, as_said, outcomes_since, reviews_by_id, reviews_of, withdraw
from core.workspace.store import open_workspace
from core.workspace.tables import Review
from core.workspace.upgrade import MIGRATIONS, upgrade

PAIR = Said("prefer", chosen="L0001", rejected="L0002", reason="talk", by="ana")


def test_a_review_is_kept_with_the_scores_of_its_time(ws, dataset, make_run):
    run = make_run()
    made = add_review(ws, dataset.id, PAIR, note="she asked twice", run_id=run.id, scores=(0.1, 0.9))
    (found,) = reviews_of(ws, dataset.id)
    assert (found.id, found.chosen_score, found.rejected_score, found.decided) == (made.id, 0.1, 0.9, True)
    (said,) = as_said([found])
    assert said.reason == "What was said shows it: she asked twice" and said.by == "ana"
    assert audit_trail(ws)[0].what == "review: prefer"
    assert leads_of(ws, dataset.id).content_hash == dataset.sha256


def test_withdrawn_and_never_deleted(ws, dataset):
    made = add_review(ws, dataset.id, PAIR)
    withdraw(ws, made.id, "bo")
    assert reviews_of(ws, dataset.id) == [] and len(reviews_of(ws, dataset.id, withdrawn=True)) == 1
    assert [row.withdrawn_by for row in reviews_by_id(ws, dataset.id, [made.id])] == ["bo"]
    assert audit_trail(ws)[0].what == "review withdrawn"
    with pytest.raises(LeadRankError, match="withdrawn already, by bo"):
        withdraw(ws, made.id, "cy")
    with pytest.raises(TypeError, match="nothing but its stop or withdrawal"), ws.session() as session:
        session.get_one(Review, made.id).chosen = "L0003"
    with pytest.raises(TypeError, match="written once"), ws.session() as session:
        session.delete(session.get_one(Review, made.id))
    with pytest.raises(LeadRankError, match="no such review"):
        withdraw(ws, 99, "cy")
    with pytest.raises(LeadRankError, match="not of this dataset"):
        reviews_by_id(ws, dataset.id, [made.id, 99])


@pytest.mark.parametrize(
    ("said", "note", "why"),
    [
        (Said("prefer", chosen="L0001", rejected="L0002", by="ana"), "", "needs a reason"),
        (Said("skip_lead", lead_id="L0001", reason="other"), " ", "write a few words"),
        (Said("skip_lead", lead_id="L0001", reason="talk"), "x" * 2001, "make it shorter"),
        (Said("skip_lead", lead_id="nobody", reason="talk"), "", "no lead 'nobody'"),
        (Said("relabel", lead_id="L0001", stage="moon", reason="stage"), "", "the stage must be one of"),
    ],
)
def test_what_is_not_whole_is_told_and_not_kept(ws, dataset, said, note, why):
    with pytest.raises(LeadRankError, match=why):
        add_review(ws, dataset.id, said, note=note)
    assert reviews_of(ws, dataset.id, withdrawn=True) == []


def keep(ws, leads, name):
    return add_dataset(ws, name=name, source_name="x", leads=leads, report=Report(len(leads), (), ()), by="ana")


def test_outcomes_come_from_later_files_of_the_same_leads_and_from_people(ws, leads):
    unknown = leads.roles.assign(converted=np.nan)
    first = keep(ws, Leads(unknown, leads.features, leads.schema), "May")
    assert not add_review(ws, first.id, PAIR).decided
    ids = ["L0001", "L0002", "L0003"]
    assert outcomes_since(ws, first.id, ids).empty
    record_action(ws, first.id, ["L0003"], "won", by="ana")
    assert outcomes_since(ws, first.id, ids)["outcome"].to_dict() == {"L0003": 1.0}
    other = leads.roles.assign(customer_id="somebody else")
    keep(ws, Leads(other, leads.features, leads.schema), "Other leads of the same numbers")
    assert outcomes_since(ws, first.id, ids)["outcome"].to_dict() == {"L0003": 1.0}
    keep(ws, leads, "June")
    known = outcomes_since(ws, first.id, ids)
    assert known.loc[ids, "outcome"].tolist() == leads.converted[1:4].tolist()
    assert known.loc[ids, "stage"].tolist() == leads.stage[1:4].tolist()


def test_an_outcome_of_one_of_the_two_or_one_that_people_marked_was_known_before(ws, leads):
    unknown = leads.roles.assign(converted=np.nan)
    unknown.loc[unknown["lead_id"] == "L0001", "converted"] = 1.0
    first = keep(ws, Leads(unknown, leads.features, leads.schema), "May")
    assert add_review(ws, first.id, PAIR).decided
    others = Said("prefer", chosen="L0003", rejected="L0004", reason="talk", by="ana")
    assert not add_review(ws, first.id, others).decided
    record_action(ws, first.id, ["L0004"], "lost", by="ana")
    assert add_review(ws, first.id, others).decided
    record_action(ws, first.id, ["L0004"], "reopened", by="ana")
    assert not add_review(ws, first.id, others).decided


def test_a_workspace_of_the_version_before_is_brought_up(tmp_path: Path):
    older = tmp_path / "older"
    shutil.copytree(MIGRATIONS, older, ignore=shutil.ignore_patterns("__pycache__", "v0003*"))
    import core.workspace.store as store

    engine = store._engine(f"sqlite:///{tmp_path / 'x.db'}")
    upgrade(engine, tmp_path, older)
    assert "review" not in inspect(engine).get_table_names()
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO person (email, name, role) VALUES ('a@b', 'A', 'admin')"))
    engine.dispose()
    ws = open_workspace(tmp_path, f"sqlite:///{tmp_path / 'x.db'}")
    assert "review" in inspect(ws.engine).get_table_names()
    with ws.engine.connect() as connection:
        assert connection.execute(text("SELECT role FROM person")).all() == [("admin",)]
