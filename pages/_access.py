"""The workspace that this app works on, who is looking at it, and what their role lets them do."""

from __future__ import annotations

import contextlib
import logging
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from core.errors import LeadRankError, without_folders
from core.workspace import people, trials
from core.workspace.audit import note_event
from core.workspace.store import Workspace, open_workspace
from pages._text import literal

log = logging.getLogger("leadrank.app")

LOCAL = "local"
"""Who acts while sign-in is off: the one person at the machine, since the server then listens to localhost alone."""

WHO_MAY = {"viewer": "anybody", "manager": "sales managers", "analyst": "analysts", "admin": "administrators"}
"""Each role in the words of a refusal."""


@dataclass(frozen=True)
class User:
    """Who is looking at the page."""

    email: str
    """Lower case; `local` while sign-in is off."""
    name: str
    """As the identity provider tells it: text from outside."""
    role: str
    """viewer, manager, analyst or admin."""


@st.cache_resource(show_spinner=False)
def _workspace(folder: str | None, url: str | None) -> Workspace:
    return open_workspace()


def workspace() -> Workspace:
    """The workspace that the environment names, opened once a process.

    Raises:
        LeadRankError: The folder or database cannot be used.
    """
    return _workspace(os.environ.get("LEADRANK_WORKSPACE"), os.environ.get("LEADRANK_DATABASE"))


def secrets(section: str) -> Mapping[str, Any]:
    """A section of .streamlit/secrets.toml; empty when the section or the file is missing."""
    try:
        return st.secrets.get(section, {})
    except FileNotFoundError:
        return {}


def sign_in_on() -> bool:
    """Whether people must sign in: an [auth] section in .streamlit/secrets.toml decides."""
    return bool(secrets("auth"))


def visitor() -> User | None:
    """Who is looking; None when nobody is signed in, or somebody whom this workspace does not know.

    The role is read from the workspace each time: one that an administrator took away is gone with the next click.
    """
    _through_app()
    if not sign_in_on():
        return User(LOCAL, LOCAL, "admin")
    if not st.user.get("is_logged_in") or not st.user.get("email") or st.user.get("email_verified") is False:
        return None
    email = str(st.user["email"]).strip().lower()
    name = str(st.user.get("name") or "")
    role = people.signed_in(workspace(), email, name) or _first_sign_in(email, name)
    return User(email, name or email, role) if role else None


def _through_app() -> None:
    """Run again through app.py when a page was opened without it.

    Until app.py has called `st.navigation` once in a process, Streamlit takes a folder called `pages` for a list of
    pages and opens one on its own: a link to /why that is the first visit after a start would show it without menu.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


def _first_sign_in(email: str, name: str) -> str | None:
    """The role that [roles] in the secrets gives to an unknown e-mail address, kept in the workspace from then on.

    An address whose access was taken away is known, and gets none.

    Without a line for the address and without `default`, nobody is let in: with a public identity provider, a
    default of our own would open the leads to everybody who has an account there.
    """
    given = {str(key).strip().lower(): str(role).strip().lower() for key, role in secrets("roles").items()}
    role = given.get(email, given.get("default"))
    if role is None:
        return None
    if role not in people.ROLES:
        log.error("secrets.toml: [roles] must give one of %s, however: got=%r", ", ".join(people.ROLES), role)
        return None
    return people.welcome(workspace(), email, role, name)


def user() -> User:
    """Who is looking; stops the page when nobody is signed in (app.py shows the way in)."""
    someone = visitor()
    if someone is None:
        st.error("Sign in to go on.", icon=":material/lock:")
        st.stop()
    return someone


def may(role: str) -> bool:
    """Whether the user's role is `role` or above: to show a button or not; `need` is what guards the act itself."""
    someone = visitor()
    return someone is not None and people.allowed(someone.role, role)


def need(role: str, *, in_trial: bool = False) -> User:
    """Stop the page, in plain words, when the user's role is lower than `role`; call it at the top of a page and again
    right before any write, since a page may have been open for hours. Returns the user.

    `in_trial`: the page is for the people of a running field trial too. All others stay closed to those who take part
    in one, administrators apart: who sees both rankings is in neither half.
    """
    someone = user()
    if not in_trial and someone.role != "admin" and trials.seat(workspace(), someone.email) is not None:
        st.info(
            "You take part in a field trial, so your calls are on a page of their own until it is over.",
            icon=":material/experiment:",
        )
        st.page_link("pages/calls.py", label="My calls", icon=":material/call:")
        st.stop()
    if not people.allowed(someone.role, role):
        note_event(workspace(), someone.email, "refused", role)
        st.error(
            f"This is for {WHO_MAY[role]}. You are signed in as {someone.role}. An administrator can change that "
            "on the Models page, under People.",
            title="Not open to your role",
            icon=":material/lock:",
        )
        st.stop()
    return someone


def in_trial() -> bool:
    """Whether somebody is to find calls of a running field trial: its people, and those who look after them."""
    someone = visitor()
    if someone is None or not trials.any_runs(workspace()):
        return False
    return may("manager") or trials.seat(workspace(), someone.email) is not None


@contextlib.contextmanager
def guard() -> Iterator[None]:
    """Turn an error into words on the page; what stands inside the block ends there, the rest of the page goes on.

    A LeadRankError says itself what to do. Anything else is a mistake of ours: it is logged in full under a reference
    number, and the page shows that number alone, never a traceback or a path. `st.stop`, `st.rerun` and
    `st.switch_page` are no `Exception` in Streamlit and pass through.
    """
    try:
        yield
    except LeadRankError as error:
        st.error(literal(without_folders(str(error))), icon=":material/error:")
    except Exception:
        reference = uuid.uuid4().hex[:8]
        log.exception("Reference %s", reference)
        st.error(
            f"Something went wrong on our side. Try again; if it stays, tell your administrator the reference "
            f"**{reference}**: the server's log has the details under it.",
            icon=":material/error:",
        )
