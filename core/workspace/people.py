"""Who may do what: four roles, each of which may do all that those before it may."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from core.errors import LeadRankError
from core.workspace.audit import add_event
from core.workspace.ids import LONGEST_NAME, one_line
from core.workspace.store import Workspace
from core.workspace.tables import Person

ROLES = ("viewer", "manager", "analyst", "admin")
REMOVED = "removed"
"""Kept in the place of a role for somebody whose access was taken away: whoever is merely unknown may get a first role
by signing in."""
FIRST_SIGN_IN = "first sign-in"
"""Who gave the role that the settings of the app give."""


def allowed(role: str | None, needed: str) -> bool:
    """Whether `role` includes `needed`; nobody's role (None) includes none.

    Example:
        >>> allowed("analyst", "manager"), allowed("viewer", "manager"), allowed(None, "viewer")
        (True, False, False)
    """
    return role in ROLES and ROLES.index(role) >= ROLES.index(needed)


def role_of(ws: Workspace, email: str) -> str | None:
    """None for somebody who is not known here, or not any more."""
    with ws.session(reading=True) as session:
        person = session.get(Person, _address(email))
        return person.role if person and person.role != REMOVED else None


def people(ws: Workspace) -> list[Person]:
    """Everybody who may sign in, by address."""
    with ws.session(reading=True) as session:
        return list(session.scalars(select(Person).where(Person.role != REMOVED).order_by(Person.email)))


def signed_in(ws: Workspace, email: str, name: str) -> str | None:
    """`role_of` somebody who has just signed in; `name` is kept, for the list of people."""
    address, name = _address(email), one_line(name)[:LONGEST_NAME]
    with ws.session(reading=True) as session:
        person = session.get(Person, address)
    if person is None or person.role == REMOVED:
        return None
    if name and person.name != name:
        with ws.session() as session:
            session.execute(update(Person).where(Person.email == address).values(name=name))
    return person.role


def welcome(ws: Workspace, email: str, role: str, name: str) -> str | None:
    """Give a first role, unless somebody decided on this address before; returns the role that it has now.

    Raises:
        LeadRankError: no such role, or no e-mail address.
    """
    with ws.session(reading=True) as session:
        known = session.get(Person, _address(email)) is not None
    if not known:
        with suppress(IntegrityError):  # two clicks at once: the other one was first
            set_role(ws, email, role, FIRST_SIGN_IN, name, new=True)
    return role_of(ws, email)


def set_role(ws: Workspace, email: str, role: str, by: str, name: str = "", *, new: bool = False) -> Person:
    """Give a role, to a new person too, or to one whose access was taken away. `new`: to a new person alone.

    Raises:
        LeadRankError: no such role, no e-mail address, or nobody would be left as admin.
        IntegrityError: `new`, and the address is in the list already.
    """
    if role not in ROLES:
        raise LeadRankError(f"a role must be one of {', '.join(ROLES)}, however: got='{role}'")
    address = _address(email)
    if not 3 <= len(address) <= 254 or "@" not in address[1:-1]:
        raise LeadRankError("an e-mail address such as ana@example.com is needed, however: this is none; mend it")
    with ws.session() as session:
        person = None if new else session.get(Person, address, with_for_update=True)
        before = person.role if person else None
        if person is None:
            person = Person(email=address, role=role)
            session.add(person)
        elif before == "admin" and role != "admin":
            admins = session.scalar(select(func.count()).where(Person.role == "admin"))
            if admins == 1:
                raise LeadRankError(f"{address} is the only admin; make somebody else an admin first")
        person.role = role
        person.name = one_line(name)[:LONGEST_NAME] or person.name or ""
        add_event(session, by, "role given", address, {"before": before, "after": role})
    return person


def remove_person(ws: Workspace, email: str, by: str) -> None:
    """Take somebody's access away, for good: signing in anew does not bring it back, only `set_role` does.

    Raises:
        LeadRankError: nobody would be left as admin, or there is no such person.
    """
    address = _address(email)
    with ws.session() as session:
        person = session.get(Person, address, with_for_update=True)
        if person is None or person.role == REMOVED:
            raise LeadRankError("there is no such person; look at the list again")
        if person.role == "admin" and session.scalar(select(func.count()).where(Person.role == "admin")) == 1:
            raise LeadRankError(f"{address} is the only admin; make somebody else an admin first")
        add_event(session, by, "person removed", address, {"before": person.role, "after": None})
        person.role = REMOVED


def _address(email: str) -> str:
    return one_line(email).lower()
