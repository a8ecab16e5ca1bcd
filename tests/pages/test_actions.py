import pandas as pd
from streamlit.testing.v1 import AppTest

from core.queue.view import View
from core.workspace.actions import actions_of, lead_status, record_action
from core.workspace.people import set_role
from pages._actions import digest, selected_ids, table_key
from tests.kept import keep_scoring
from tests.queue_page import APP, button, pick, queue_page, shown, sound, words


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
