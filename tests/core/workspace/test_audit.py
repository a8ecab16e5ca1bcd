"""The audit trail."""

import pytest

from core.workspace.audit import add_event, audit_trail, note_event


def test_newest_first_up_to_a_limit_and_of_one_kind(ws):
    for number in range(5):
        note_event(ws, "ana", "download" if number % 2 else "sign-in", str(number), {"rows": number})
    assert [event.subject for event in audit_trail(ws)] == ["4", "3", "2", "1", "0"]
    assert [event.subject for event in audit_trail(ws, limit=2)] == ["4", "3"]
    assert [event.subject for event in audit_trail(ws, what="download")] == ["3", "1"]
    assert audit_trail(ws)[0].details == {"rows": 4} and audit_trail(ws)[0].at.tzinfo is None


def test_an_event_of_something_that_failed_is_not_kept(ws):
    with pytest.raises(ZeroDivisionError), ws.session() as session:
        add_event(session, "ana", "test")
        session.flush()
        1 / 0  # noqa: B018
    assert audit_trail(ws) == []


def test_a_name_cannot_forge_a_second_line(ws):
    note_event(ws, "ana\nroot: all is well", "test")
    assert audit_trail(ws)[0].who == "ana root: all is well"
