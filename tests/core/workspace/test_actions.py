"""What people did with leads, and how things are after it."""

import pytest

from core.errors import LeadRankError
from core.workspace.actions import actions_of, latest, lead_status, record_action, standing, take_back
from core.workspace.audit import audit_trail


def test_the_last_of_each_says_how_things_are(ws, dataset):
    def act(lead_ids, kind, by="ana", **more):
        record_action(ws, dataset.id, lead_ids, kind, by=by, **more)

    act(["L0001", "L0002"], "called", note="no answer")
    act(["L0001"], "assigned", assigned_to="Bo", by="cy")
    act(["L0002"], "won")
    act(["L0003"], "note", note="=1+1 <b>ring in May</b>")
    act(["L0004"], "lost")
    act(["L0004"], "reopened", by="bo")
    act(["L0005"], "assigned", assigned_to="Bo")
    act(["L0005"], "assigned")
    act(["L0005"], "not_now")
    found = lead_status(ws, dataset.id).set_index("lead_id")
    assert list(found.columns) == ["status", "assigned_to", "note", "by", "at"]
    assert found["status"].to_dict() == {
        "L0001": "called",
        "L0002": "won",
        "L0003": "open",
        "L0004": "open",
        "L0005": "not_now",
    }
    assert found["assigned_to"].tolist() == ["Bo", "", "", "", ""]
    assert found["note"].tolist() == ["no answer", "no answer", "=1+1 <b>ring in May</b>", "", ""]
    assert found["by"].tolist() == ["cy", "ana", "ana", "bo", "ana"]


def test_no_actions(ws, dataset):
    empty = lead_status(ws, dataset.id)
    assert len(empty) == 0 and list(empty.columns) == ["lead_id", "status", "assigned_to", "note", "by", "at"]


def test_one_lead_s_actions_newest_first(ws, dataset):
    for kind in ("called", "not_now", "called"):
        record_action(ws, dataset.id, ["L0001", "L0002"], kind, by="ana")
    found = actions_of(ws, dataset.id, "L0001")
    assert [action.kind for action in found] == ["called", "not_now", "called"]
    assert {action.lead_id for action in found} == {"L0001"} and found[0].at >= found[-1].at
    assert actions_of(ws, dataset.id, "' OR 1=1 --") == []


def test_a_lead_named_twice_is_written_once(ws, dataset):
    record_action(ws, dataset.id, ["L0001", "L0001"], "called", by="ana")
    assert len(actions_of(ws, dataset.id, "L0001")) == 1
    event = audit_trail(ws)[0]
    assert (event.what, event.subject, event.details["leads"]) == ("lead action: called", "L0001", 1)


@pytest.mark.parametrize(
    ("lead_ids", "kind", "more", "message"),
    [
        (["L0001"], "sold", {}, "an action must be one of"),
        (["L0001"], "note", {"note": " "}, "a note must have words"),
        (["L0001"], "note", {"note": "x" * 10_001}, "make it shorter"),
        (["L0001"], "called", {"assigned_to": "Bo"}, "only the action 'assigned'"),
        ([], "called", {}, "at least one lead"),
        (["L0001", "L9"], "called", {}, "there is no lead 'L9'"),
    ],
)
def test_what_is_refused_leaves_nothing(ws, dataset, lead_ids, kind, more, message):
    with pytest.raises(LeadRankError, match=message):
        record_action(ws, dataset.id, lead_ids, kind, by="ana", **more)
    assert len(lead_status(ws, dataset.id)) == 0 and audit_trail(ws)[0].what == "dataset added"


def test_datasets_that_are_none(ws):
    with pytest.raises(LeadRankError, match="no such dataset"):
        record_action(ws, "0" * 32, ["L0001"], "called", by="ana")
    for call in (lead_status, lambda ws, id: actions_of(ws, id, "L0001")):
        with pytest.raises(LeadRankError, match="no such dataset"):
            call(ws, "../x")


def test_many_leads_at_once(ws, dataset, leads):
    record_action(ws, dataset.id, leads.lead_id.tolist(), "assigned", by="ana", assigned_to="Bo")
    found = lead_status(ws, dataset.id)
    assert len(found) == 40 and set(found["assigned_to"]) == {"Bo"} and set(found["status"]) == {"open"}


@pytest.mark.parametrize(("kind", "more"), [("won", {}), ("reopened", {}), ("assigned", {"assigned_to": "Cy"})])
def test_an_action_is_taken_back_by_another_unless_somebody_acted_since(ws, dataset, kind, more):
    ids = ["L0001", "L0002", "L0003"]
    record_action(ws, dataset.id, ["L0002"], "called", by="ana")
    record_action(ws, dataset.id, ["L0002"], "assigned", by="ana", assigned_to="Bo")
    before = standing(ws, dataset.id, ids)
    assert before == {"L0001": ("open", ""), "L0002": ("called", "Bo"), "L0003": ("open", "")}
    assert latest(ws, dataset.id, ids)["L0001"] == 0
    record_action(ws, dataset.id, ids, kind, by="ana", **more)
    after = latest(ws, dataset.id, ids)
    assert after == {lead_id: actions_of(ws, dataset.id, lead_id)[0].id for lead_id in ids}
    record_action(ws, dataset.id, ["L0003"], "lost", by="bo")
    assert take_back(ws, dataset.id, kind, before, after, by="ana", note="Taken back") == 1
    found = standing(ws, dataset.id, ids)
    assert {id: found[id] for id in ids[:2]} == {id: before[id] for id in ids[:2]} and found["L0003"][0] == "lost"
    assert [len(actions_of(ws, dataset.id, id)) for id in ids] == [2, 4, 2]
    assert actions_of(ws, dataset.id, "L0001")[0].note == "Taken back"
