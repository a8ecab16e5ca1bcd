"""The audit trail: who did what, and when. It only grows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.workspace.ids import one_line
from core.workspace.store import Workspace
from core.workspace.tables import AuditEvent


def note_event(ws: Workspace, who: str, what: str, subject: str = "", details: dict[str, Any] | None = None) -> None:
    """Note something that has no function of its own here, such as a download. `what`: a few plain words."""
    with ws.session() as session:
        add_event(session, who, what, subject, details)


def add_event(session: Session, who: str, what: str, subject: str = "", details: dict[str, Any] | None = None) -> None:
    """`note_event` within a transaction: the event is kept if, and only if, what it tells of is."""
    session.add(AuditEvent(who=one_line(who)[:320], what=what[:80], subject=subject, details=details or {}))


def audit_trail(ws: Workspace, limit: int = 200, what: str | None = None) -> list[AuditEvent]:
    """The latest events, newest first; of one kind only with `what`."""
    query = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(limit)
    with ws.session(reading=True) as session:
        return list(session.scalars(query if what is None else query.where(AuditEvent.what == what)))
