"""Datasets: kept whole, found again, put away."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.leads import Leads
from core.data.problems import Problem, Report
from core.data.schema import Split, schema_from_dict
from core.errors import LeadRankError
from core.workspace import datasets as kept
from core.workspace.audit import audit_trail
from tests.made import make_leads


def add(ws, leads, **more):
    given: dict[str, Any] = {"name": "May", "source_name": "x.csv", "report": Report(len(leads), (), ()), "by": "ana"}
    return kept.add_dataset(ws, leads=leads, **(given | more))


def test_what_is_kept_is_what_was_given(ws, leads, dataset):
    found = kept.dataset(ws, dataset.id)
    assert (found.name, found.source_name, found.made_by, found.leads) == ("May", "leads.csv", "ana", 40)
    assert found.converted == int(leads.converted.sum()) and found.open_leads == 0
    assert found.newest == leads.roles["snapshot_time"].max() and found.sha256 == leads.content_hash
    assert schema_from_dict(found.schema) == leads.schema and found.shown == ["phone"]
    back = kept.leads_of(ws, dataset.id)
    pd.testing.assert_frame_equal(back.roles, leads.roles)
    pd.testing.assert_frame_equal(back.features, leads.features)
    assert back.schema == leads.schema and back.content_hash == leads.content_hash
    assert kept.leads_of(ws, dataset.id, ["L0007", "L0003"]).lead_id.tolist() == ["L0007", "L0003"]
    assert kept.shown_of(ws, dataset.id, ["L0003"])["phone"].tolist() == ["+49 170 0000003"]


def test_leads_that_are_open(ws):
    leads = make_leads(48)
    schema = leads.schema
    young = Leads(
        leads.roles, leads.features, type(schema)(schema.roles, schema.features, Split(maturity_days=1), schema.funnel)
    )
    assert add(ws, young).open_leads == int((leads.converted[24:] != 1).sum()) < 24


def test_no_outcome_and_no_date(ws):
    leads = make_leads(5)
    roles = leads.roles.assign(converted=np.nan, snapshot_time=pd.Series([pd.NaT] * 5, dtype="datetime64[us]"))
    row = kept.dataset(ws, add(ws, Leads(roles, leads.features, leads.schema)).id)
    assert row.converted is None and row.newest is None and row.open_leads == 5


def test_the_report_is_kept(ws, leads):
    report = Report(40, (), (Problem("age", "not a number", "write one", (2, 5), 3),))
    assert kept.dataset(ws, add(ws, leads, report=report).id).report == report.to_dict()


def test_newest_first_and_the_archived_apart(ws, leads):
    rows = [add(ws, leads, name=name) for name in ("one", "two", "three")]
    kept.archive_dataset(ws, rows[1].id, "bo")
    assert [row.name for row in kept.datasets(ws)] == ["three", "one"]
    assert [row.name for row in kept.datasets(ws, archived=True)] == ["three", "two", "one"]
    kept.archive_dataset(ws, rows[1].id, "bo", archived=False)
    assert len(kept.datasets(ws)) == 3
    assert [event.what for event in audit_trail(ws)][:2] == ["dataset brought back", "dataset archived"]


def test_a_new_name_is_noted_with_the_old_one(ws, dataset):
    assert kept.rename_dataset(ws, dataset.id, " June\n2026 ", "bo").name == "June 2026"
    assert kept.dataset(ws, dataset.id).name == "June 2026"
    event = audit_trail(ws)[0]
    assert (event.who, event.subject, event.details) == ("bo", dataset.id, {"before": "May", "after": "June 2026"})


@pytest.mark.parametrize("name", ["", " \n", "x" * 201])
def test_names_that_are_none(ws, leads, dataset, name):
    with pytest.raises(LeadRankError, match="the name of a dataset must have 1 to 200 characters"):
        add(ws, leads, name=name)
    with pytest.raises(LeadRankError, match="1 to 200"):
        kept.rename_dataset(ws, dataset.id, name, "bo")
    assert [row.name for row in kept.datasets(ws)] == ["May"]
    assert len(list((ws.folder / "datasets").iterdir())) == 1


@pytest.mark.parametrize("id", ["0" * 32, "../../etc/passwd", "", "' OR 1=1 --"])
def test_ids_that_are_none(ws, dataset, id):
    calls = (
        lambda: kept.dataset(ws, id),
        lambda: kept.leads_of(ws, id),
        lambda: kept.shown_of(ws, id),
        lambda: kept.rename_dataset(ws, id, "x", "bo"),
        lambda: kept.archive_dataset(ws, id, "bo"),
    )
    for call in calls:
        with pytest.raises(LeadRankError, match="there is no such dataset"):
            call()


def test_a_row_that_cannot_be_written_leaves_no_file(ws, leads):
    with ws.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE audit_event")
    with pytest.raises(LeadRankError, match="no such table"):
        add(ws, leads)
    assert not list((ws.folder / "datasets").iterdir()) and kept.datasets(ws) == []


def test_a_file_that_is_gone(ws, dataset):
    next((ws.folder / "datasets").iterdir()).unlink()
    with pytest.raises(LeadRankError, match="missing or damaged"):
        kept.leads_of(ws, dataset.id)


def test_rows_go_by_the_number_that_the_report_told(ws, leads, dataset):
    found = kept.rows_of(ws, dataset.id, [2, 9])
    assert found.index.tolist() == [2, 9]
    assert found["lead_id"].tolist() == ["L0000", "L0007"]
    assert found["phone"].tolist() == ["+49 170 0000000", "+49 170 0000007"]
    names = leads.schema.funnel.stages
    assert found["stage"].tolist() == [names[leads.stage[0]], names[leads.stage[7]]]


def test_decided_leads_are_the_newest_whose_outcome_is_final(ws):
    """Of 72 leads an hour apart, half of the outcomes unknown, those of the last day are open unless they ordered."""
    made = make_leads(72)
    schema = replace(made.schema, split=Split(maturity_days=1))
    converted = made.roles["converted"].where(np.arange(72) % 2 == 0)
    leads = Leads(made.roles.assign(converted=converted), made.features, schema)
    row = add(ws, leads)
    final = [n for n in range(0, 72, 2) if n < 48 or made.converted[n] == 1]
    assert any(n >= 48 for n in final) and len(final) == 72 - row.open_leads
    newest = [f"L{n:04d}" for n in reversed(final)]
    assert kept.decided_leads(ws, row.id, 1000).lead_id.tolist() == newest
    few = kept.decided_leads(ws, row.id, 5)
    assert few.lead_id.tolist() == newest[:5] and few.dialogue.tolist() == [
        made.dialogue[int(i[1:])] for i in newest[:5]
    ]
    with pytest.raises(LeadRankError, match="no such dataset"):
        kept.decided_leads(ws, "0" * 32, 5)
