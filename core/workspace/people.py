"""Who may do what: four roles, each of which may do all that those before it may."""

from __future__ import annotations

from sqlalchemy import func, select

from core.errors import LeadRankError
from core.workspace.audit import add_event
from core.workspace.ids import one_line
from core.workspace.store import Workspace
from core.workspace.tables import Person

ROLES = ("viewer", "manager", "analyst", "admin")


def allowed(role: str | None, needed: str) -> bool:
    """Whether `role` includes `needed`; nobody's role (None) includes none.

    Example:
        >>> allowed("analyst", "manager"), allowed("viewer", "manager"), allowed(None, "viewer")
        (True, False, False)
    """
    return role in ROLES and ROLES.index(role) >= ROLES.index(needed)


def role_of(ws: Workspace, email: str) -> str | None:
    """None for somebody who is not known here."""
    with ws.session(reading=True) as session:
        person = session.get(Person, _address(email))
        return person.role if person else None


def people(ws: Workspace) -> list[Person]:
    """Everybody, by address."""
    with ws.session(reading=True) as session:
        return list(session.scalars(select(Person).order_by(Person.email)))


def set_role(ws: Workspace, email: str, role: str, by: str, name: str = "") -> Person:
    """Give a role, to a new person too.

    Raises:
        LeadRankError: no such role, no e-mail address, or nobody would be left as admin.
    """
    if role not in ROLES:
        raise LeadRankError(f"a role must be one of {', '.join(ROLES)}, however: got='{role}'")
    address = _address(email)
    if not 3 <= len(address) <= 254 or "@" not in address[1:-1]:
        raise LeadRankError("an e-mail address such as ana@example.com is needed, however: this is none; mend it")
    with ws.session() as session:
        person = session.get(Person, address, with_for_update=True)
        before = person.role if person else None
        if person is None:
            person = Person(email=address, role=role)
            session.add(person)
        elif before == "admin" and role != "admin":
            admins = session.scalar(select(func.count()).where(Person.role == "admin"))
            if admins == 1:
                raise LeadRankError(f"{address} is the only admin; make somebody else an admin first")
        person.role = role
        person.name = one_line(name)[:200] or person.name or ""
        add_event(session, by, "role given", address, {"before": before, "after": role})
    return person


def remove_person(ws: Workspace, email: str, by: str) -> None:
    """Take somebody's access away.

    Raises:
        LeadRankError: nobody would be left as admin, or there is no such person.
    """
    address = _address(email)
    with ws.session() as session:
        person = session.get(Person, address, with_for_update=True)
        if person is None:
            raise LeadRankError("there is no such person; look at the list again")
        if person.role == "admin" and session.scalar(select(func.count()).where(Person.role == "admin")) == 1:
            raise LeadRankError(f"{address} is the only admin; make somebody else an admin first")
        session.delete(person)
        add_event(session, by, "person removed", address, {"before": person.role, "after": None})


def _address(email: str) -> str:
    return one_line(email).lower()
