import io

import openpyxl
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.errors import LeadRankError
from core.exports import readable
from core.queue.build import build_queue
from core.queue.view import View
from core.scores import Scores
from core.workspace.actions import record_action
from core.workspace.audit import audit_trail
from core.workspace.people import set_role
from core.workspace.scorings import add_scoring, new_scoring_path
from tests.kept import fake_scores, keep_leads, keep_run
from tests.queue_page import APP, queue_page, shown, sound, words


def test_files_hold_exactly_what_is_shown(kept):
    """Every page of the table together, their columns too: a note on the last page is a column of the file."""
    ws, dataset, _, _, _ = kept
    pages = [shown(sound(queue_page(sort="snapshot_time", page=str(page)))) for page in (1, 2, 3)]
    record_action(ws, dataset.id, [str(pages[2]["lead_id"].iat[-1])], "note", by="ann@example.com", note="call in May")
    pages = [shown(sound(queue_page(sort="snapshot_time", page=str(page)))) for page in (1, 2, 3)]
    assert "note" not in pages[0] and "note" in pages[2]
    seen = {name for page in pages for name in page.columns}
    ids = [lead for page in pages for lead in page["lead_id"]]
    at = queue_page(sort="snapshot_time")
    told = pd.read_csv(io.BytesIO(taken(at, "CSV")), dtype=str)
    assert set(told.columns) == {readable_name(name) for name in seen} and told["Lead"].tolist() == ids
    assert told[readable_name("note")].dropna().tolist() == ["call in May"]
    sheet = openpyxl.load_workbook(io.BytesIO(taken(at, "Excel"))).active
    rows = list(sheet.iter_rows(values_only=True))
    assert set(rows[0]) == set(told.columns) and [row[rows[0].index("Lead")] for row in rows[1:]] == ids
    for label in ("Salesforce", "HubSpot"):
        assert pd.read_csv(io.BytesIO(taken(at, label))).iloc[:, 0].tolist() == ids


def test_who_took_a_file_is_noted_with_what_it_holds_and_a_role_taken_away_holds_at_once(kept):
    ws, dataset, *_ = kept
    set_role(ws, "ma@example.com", "manager", by="x")
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.secrets["auth"] = {"redirect_uri": "x", "cookie_secret": "x", "client_id": "x", "client_secret": "x"}
    at.user = {"is_logged_in": True, "email": "ma@example.com", "name": "Ma"}
    at.run()
    at.switch_page("pages/queue.py")
    for name, value in View(search="Bo", to_call=True, sort="probability", descending=True).to_query().items():
        at.query_params[name] = value
    at.query_params["capacity"] = "7"
    sound(at.run())
    taken(at, "CSV")
    (event,) = audit_trail(ws, what="download")
    assert event.who == "ma@example.com" and f"dataset {dataset.id} as CSV" in event.subject
    assert 'search "Bo"; only today\'s calls, 7 in all; by probability, highest first' in event.subject
    set_role(ws, "ma@example.com", "viewer", by="x")
    with pytest.raises(LeadRankError, match="for sales managers"):
        taken(at, "CSV")
    assert len(audit_trail(ws, what="download")) == 1


def taken(at: AppTest, label: str) -> bytes:
    """The file behind a button, made as the server does when the button is pressed."""
    return next(make for name, make in MADE if name == label)()


def readable_name(column: str) -> str:
    return readable(pd.DataFrame({column: [""]})).columns[0]


MADE: list = []


@pytest.fixture(autouse=True)
def deferred(monkeypatch):
    """The callables that the page hands to Streamlit, which AppTest does not run; the newest first."""
    MADE.clear()
    drawn = st.download_button

    def noticed(label, data, *args, **kwargs):
        if callable(data):
            MADE.insert(0, (label, data))
        return drawn(label, data, *args, **kwargs)

    monkeypatch.setattr(st, "download_button", noticed)


def test_a_file_that_cannot_be_made_says_why_without_folders_or_our_mistakes(kept, monkeypatch):
    ws, _, _, _, _ = kept
    at = sound(queue_page())
    with pytest.raises(LeadRankError, match="finds a lead by its GUID"):
        taken(at, "Dynamics 365")

    def broken(*args):
        raise OSError(f"No space left on device: '{ws.folder}/x'")

    monkeypatch.setattr("core.exports.to_csv", broken)
    with pytest.raises(LeadRankError, match="reference") as caught:
        taken(at, "CSV")
    assert str(ws.folder) not in str(caught.value)


def test_what_no_lead_of_the_view_may_lack_is_judged_by_all_of_them(folder):
    """The chance of a lead on the third page is missing."""
    ws, dataset, leads = keep_leads(folder)
    run, scores = keep_run(ws), fake_scores(leads)
    frame = scores.frame.assign(probability=scores.frame["probability"].where(scores.frame["rank"] != 60))
    id, path = new_scoring_path(ws)
    build_queue(path, Scores(frame), leads)
    add_scoring(ws, id, run_id=run.id, dataset_id=dataset.id, part="open", reason="first", by="x", leads=60)
    at = sound(queue_page())
    off = {getattr(b, "label", ""): b.proto.disabled for b in at.get("download_button")}
    assert off["Salesforce"] and off["HubSpot"] and not off["CSV"]


def test_where_outcomes_are_known_the_queue_tells_no_stage(folder):
    """The last stage is the order itself."""
    ws, dataset, leads = keep_leads(folder)
    run = keep_run(ws)
    id, path = new_scoring_path(ws)
    build_queue(path, fake_scores(leads), leads)
    add_scoring(ws, id, run_id=run.id, dataset_id=dataset.id, part="test", reason="first", by="x", leads=60)
    at = queue_page(**{"only.stage": "lock_in", "sort": "stage"})
    at.session_state["filters"] = True
    at = sound(at.run())
    assert "stage" not in shown(at).columns and len(shown(at)) == 25 and "ordered by Stage" in words(at)
    assert not [box for box in at.multiselect if box.key == "filter_stage"]
    assert "Stage" not in pd.read_csv(io.BytesIO(taken(at, "CSV"))).columns


def test_files_are_offered_and_none_is_noted_before_it_is_taken(kept):
    ws, _, _, _, _ = kept
    at = sound(queue_page())
    assert {getattr(b, "label", "") for b in at.get("download_button")} >= {
        "CSV",
        "Excel",
        "Salesforce",
        "HubSpot",
        "Dynamics 365",
    }
    assert not [event for event in audit_trail(ws) if event.what == "download"]
