import io
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import streamlit as st
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from core.data.leads import Leads
from core.errors import LeadRankError
from core.exports import readable
from core.jobs import processes, records
from core.queue.build import build_queue
from core.queue.view import View
from core.scores import Scores
from core.workspace.actions import actions_of, lead_status, record_action
from core.workspace.audit import audit_trail
from core.workspace.people import set_role
from core.workspace.scorings import add_scoring, new_scoring_path, scoring_path, scorings
from core.workspace.store import open_workspace
from core.workspace.tables import Scoring
from pages._actions import digest, selected_ids, table_key
from pages._scored import open_queue
from tests.kept import fake_scores, keep_leads, keep_run, keep_scoring

APP = Path(__file__).resolve().parents[2] / "app.py"


@pytest.fixture
def kept(folder):
    """Workspace, dataset, leads and the scoring in use."""
    ws, dataset, leads = keep_leads(folder)
    run = keep_run(ws)
    return ws, dataset, leads, run, keep_scoring(ws, dataset, leads, run)


def queue_page(**query) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=60).run()
    at.switch_page("pages/queue.py")
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def sound(at: AppTest) -> AppTest:
    assert not at.exception, [e.message for e in at.exception]
    assert not at.error, [e.value for e in at.error]
    return at


def shown(at: AppTest) -> pd.DataFrame:
    return at.dataframe[0].value


def words(at: AppTest) -> str:
    return " ".join(str(e.value) for e in (*at.text, *at.markdown, *at.caption, *at.subheader, *at.info, *at.success))


def pick(at: AppTest, key: str, *rows: int) -> AppTest:
    """Tick rows of the table, as the browser would."""
    at.session_state[key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return sound(at.run())


def button(at: AppTest, label: str):
    return next(b for b in at.button if b.label == label)


def test_the_best_lead_stands_first_and_nothing_hidden_is_sent(kept):
    _, _, leads, _, _ = kept
    at = sound(queue_page())
    table = shown(at)
    best = leads.lead_id[leads.features["a"].idxmax()]
    assert table["lead_id"].iat[0] == best and table["rank"].tolist() == list(range(1, 26))
    assert set(table.columns) == {
        *("rank", "lead_id", "call_today", "shown:Name", "probability", "score", "reasons", "owner", "stage"),
        *("status", "snapshot_time"),
    }
    assert str(table["reasons"].iat[0]).startswith("For: a ")
    assert at.metric[0].value == "40 of 60"


def test_capacity_marks_the_cut_alone_and_per_sales_person(kept):
    table = shown(sound(queue_page(capacity="3")))
    assert (table["call_today"] == "● Call").sum() == 3 and table["call_today"].tolist()[3] == ""
    table = shown(sound(queue_page(capacity="2", each="1")))
    assert table[table["call_today"] == "● Call"]["owner"].value_counts().to_dict() == {"Ann": 2, "Bo": 2}


def test_a_view_can_be_shared_by_its_address(kept):
    at = sound(queue_page(**{"only.owner": "Ann", "sort": "probability", "order": "descending", "capacity": "5"}))
    table = shown(at)
    assert set(table["owner"]) == {"Ann"} and table["probability"].is_monotonic_decreasing
    assert at.selectbox(key="queue_sort").value == "probability" and "Ann" in words(at)
    at.text_input(key="queue_search").set_value("Person 4").run()
    assert at.query_params["search"] == "Person 4" and at.query_params["only.owner"] == "Ann"
    assert shown(at)["shown:Name"].str.contains("Person 4").all()


def test_an_address_of_other_leads_or_nonsense_does_no_harm(kept):
    at = sound(
        queue_page(**{"only.field:shoe": "44", "sort": "size", "page": "9999999", "capacity": "-3", "scoring": "x"})
    )
    assert "left out" in words(at) and len(shown(at))
    at = queue_page(chance_from="2")
    assert not at.exception and len(shown(at)) and any("address" in str(w.proto.title) for w in at.warning)


def test_nothing_found_leads_back(kept):
    at = sound(queue_page(search="nobody is called so"))
    assert not at.dataframe and "No lead fits" in words(at)
    button(at, "Clear filters").click().run()
    assert len(shown(sound(at))) == 25 and "search" not in at.query_params


def test_turning_the_page_asks_for_the_next_rows(kept):
    table = shown(sound(queue_page(page="3")))
    assert table["rank"].tolist() == list(range(51, 61))


def test_filters_show_values_of_the_file_and_write_to_the_address(kept):
    at = queue_page()
    at.session_state["filters"] = True
    at.run()
    box = at.multiselect(key="filter_field:city")
    assert sorted(option[0] for option in box.options) == ["x", "y", "z"]
    box.select("x").run()
    assert at.query_params["only.field:city"] == "x"


def test_without_leads_the_way_leads_on(folder):
    open_workspace(folder)
    at = sound(queue_page())
    assert "No leads yet" in words(at) and button(at, "Bring in leads")


def test_unranked_leads_are_scored_by_a_job_that_is_watched(folder, monkeypatch):
    ws, dataset, _ = keep_leads(folder)
    at = sound(queue_page())
    assert "No model is in use" in words(at)
    run = keep_run(ws)
    monkeypatch.setattr(processes, "start", lambda *_: 2**22 + 1)  # no process: the row is what the page sees
    monkeypatch.setattr(records, "sweep", lambda ws: [])
    at = sound(queue_page())
    button(at, "Score these leads").click().run()
    (job,) = records.jobs(ws, kind="score")
    assert job.request == {"run_id": run.id, "dataset_id": dataset.id, "part": "open", "reason": "first"}
    assert at.progress and not any(b.label == "Score these leads" for b in sound(at).button)


def test_a_damaged_ranking_is_told_in_plain_words(kept):
    ws, _, _, _, scoring = kept
    scoring_path(ws, scoring.id).write_bytes(b"PAR1 not really")
    at = queue_page()
    assert not at.exception and "score the leads again" in at.error[0].value and str(ws.folder) not in at.error[0].value


def test_a_selection_never_moves_to_another_lead_when_rows_reorder(kept):
    """Streamlit keeps the selection of a keyed table by position: with one key for all this test fails."""
    _, _, _, _, scoring = kept
    at = queue_page()
    first = shown(at)["lead_id"].tolist()
    pick(at, table_key(scoring, View(), 1, first), 0)
    assert first[0] in [t.value for t in at.text] and any(b.label == "Called" for b in at.button)
    at.selectbox(key="queue_sort").set_value("snapshot_time").run()
    assert shown(sound(at))["lead_id"].iat[0] != first[0]
    assert not any(b.label == "Called" for b in at.button)


def test_keys_of_tables_differ_by_scoring_view_page_and_order(kept):
    ws, dataset, leads, run, scoring = kept
    other = keep_scoring(ws, dataset, leads, run)
    keys = {
        table_key(scoring, View(), 1, ["a", "b"]),
        table_key(other, View(), 1, ["a", "b"]),
        table_key(scoring, View(search="x"), 1, ["a", "b"]),
        table_key(scoring, View(), 2, ["a", "b"]),
        table_key(scoring, View(), 1, ["b", "a"]),
        table_key(scoring, View(), 1, ["ab"]),
    }
    assert len(keys) == 6 and digest("a", "bc") != digest("ab", "c")
    assert selected_ids(pd.DataFrame({"lead_id": ["a", "b"]}), [1, 7]) == ["b"]


def test_a_click_meant_for_an_older_ranking_writes_nothing(kept):
    """The rows behind a position changed while the page stood open: the click finds no button for other leads."""
    ws, dataset, leads, run, scoring = kept
    at = queue_page()
    pick(at, table_key(scoring, View(), 1, shown(at)["lead_id"].tolist()), 0)
    late = button(at, "Called")
    keep_scoring(ws, dataset, leads, run, tilt=5.0)
    late.click().run()
    assert not at.exception and not len(lead_status(ws, dataset.id))


def test_a_new_ranking_is_shown_at_once(kept):
    """Nothing is cached by the dataset or by a frame, of which Streamlit hashes a sample."""
    ws, dataset, leads, run, _ = kept
    at = queue_page()
    before = shown(at)["lead_id"].tolist()
    second = keep_scoring(ws, dataset, leads, run, tilt=5.0)
    after = shown(sound(at.run()))
    assert after["lead_id"].tolist() != before
    with_scores = open_queue(ws, second).page(View(), 1, 25)
    assert after["lead_id"].tolist() == with_scores["lead_id"].tolist() and set(after["trend"]) <= {
        "↗ improving",
        "↘ declining",
        "→ steady",
    }


def test_marking_takes_leads_off_the_list_and_undo_adds_an_entry(kept):
    ws, dataset, _, _, scoring = kept
    at = queue_page()
    ids = shown(at)["lead_id"].tolist()
    pick(at, table_key(scoring, View(), 1, ids), 0, 2)
    next(t for t in at.text_input if t.label.startswith("Note")).set_value("wants blue")
    button(at, "Called").click().run()
    status = lead_status(ws, dataset.id).set_index("lead_id")
    assert status["status"].to_dict() == {ids[0]: "called", ids[2]: "called"} and set(status["note"]) == {"wants blue"}
    assert not {ids[0], ids[2]} & set(shown(sound(at))["lead_id"]) and "2 leads marked as called" in words(at)
    button(at, "Undo").click().run()
    assert sound(at) and shown(at)["lead_id"].tolist() == ids
    assert [action.kind for action in actions_of(ws, dataset.id, ids[0])] == ["reopened", "called"]


def test_undo_leaves_what_somebody_else_did_since(kept):
    ws, dataset, _, _, scoring = kept
    at = queue_page()
    ids = shown(at)["lead_id"].tolist()
    pick(at, table_key(scoring, View(), 1, ids), 0)
    button(at, "Called").click().run()
    record_action(ws, dataset.id, [ids[0]], "won", by="ann@example.com")
    button(at, "Undo").click().run()
    assert actions_of(ws, dataset.id, ids[0])[0].kind == "won" and not at.exception


def test_leads_go_to_another_sales_person(kept):
    ws, dataset, _, _, scoring = kept
    at = queue_page()
    ids = shown(at)["lead_id"].tolist()
    pick(at, table_key(scoring, View(), 1, ids), 0)
    next(s for s in at.selectbox if s.label == "Sales person").set_value("Ann").run()
    button(at, "Assign").click().run()
    assert lead_status(ws, dataset.id)["assigned_to"].tolist() == ["Ann"] and sound(at)
    assert shown(at)["owner"].iat[0] == "Ann"


def test_earlier_scorings_can_be_looked_at_and_put_back(kept):
    ws, dataset, leads, run, first = kept
    keep_scoring(ws, dataset, leads, run, tilt=5.0)
    at = sound(queue_page(scoring=first.id))
    assert shown(at)["lead_id"].iat[0] == leads.lead_id[leads.features["a"].idxmax()]
    assert "earlier scoring" in words(at)
    button(at, "Put it in use").click().run()
    assert "scoring" not in at.query_params and "earlier scoring" not in words(sound(at))


def test_a_viewer_may_look_but_neither_act_nor_export(kept):
    ws, _, _, _, scoring = kept
    set_role(ws, "vi@example.com", "viewer", by="x")
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.secrets["auth"] = {"redirect_uri": "x", "cookie_secret": "x", "client_id": "x", "client_secret": "x"}
    at.user = {"is_logged_in": True, "email": "vi@example.com", "name": "Vi"}
    at.run()
    at.switch_page("pages/queue.py").run()
    pick(at, table_key(scoring, View(), 1, shown(at)["lead_id"].tolist()), 0)
    assert not {"Called", "Assign", "Score again"} & {b.label for b in at.button} and not at.get("download_button")
    assert "Sales managers can" in words(at)


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


def test_equal_words_in_the_box_of_scorings_are_told_apart(kept):
    ws, dataset, leads, run, first = kept
    keep_scoring(ws, dataset, leads, run, tilt=5.0)
    third = keep_scoring(ws, dataset, leads, run, tilt=9.0)
    with ws.session() as session:
        session.execute(update(Scoring).values(made=first.made))
    at = queue_page()
    wanted = [each.id for each in scorings(ws, dataset.id) if each.id != third.id][1]
    assert len(set(at.selectbox(key="scoring_box").options)) == 3
    at.selectbox(key="scoring_box").set_value(wanted).run()
    assert at.query_params["scoring"] in (wanted, [wanted])


def test_a_value_that_reads_like_another_is_chosen_for_itself(kept):
    ws, dataset, leads, run, _ = kept
    odd = leads.features.assign(city=["(none)", ""] * 30)
    keep_scoring(ws, dataset, Leads(leads.roles, odd, leads.schema), run)
    at = queue_page()
    at.session_state["filters"] = True
    at.run()
    box = at.multiselect(key="filter_field:city")
    assert len(set(box.options)) == 2


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


@pytest.mark.parametrize("query", [{"capacity": "²"}, {"capacity": "9" * 5000}, {"only.status": "won"}])
def test_odd_addresses_do_not_block_the_queue(kept, query):
    assert len(shown(sound(queue_page(**query)))) == 25


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
