"""What is written once is neither changed nor deleted."""

import pytest

import core.workspace.actions
import core.workspace.audit
from core.workspace.actions import actions_of, record_action
from core.workspace.audit import audit_trail
from core.workspace.tables import AuditEvent, LeadAction


def test_actions_and_events_cannot_be_changed_or_deleted(ws, dataset):
    record_action(ws, dataset.id, ["L0001"], "called", by="ana")
    for kind, column in ((LeadAction, "note"), (AuditEvent, "who")):
        with pytest.raises(TypeError, match="written once"), ws.session() as session:
            setattr(session.query(kind).first(), column, "somebody else")
        with pytest.raises(TypeError, match="written once"), ws.session() as session:
            session.delete(session.query(kind).first())
    assert actions_of(ws, dataset.id, "L0001")[0].note == "" and "somebody else" not in {e.who for e in audit_trail(ws)}


@pytest.mark.parametrize("module", [core.workspace.actions, core.workspace.audit])
def test_no_function_changes_or_deletes_them(module):
    assert not [name for name in dir(module) if name in ("update", "delete")]
