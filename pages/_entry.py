"""The way in: the workspace made ready once, the sign-in page, and who is signed in."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.errors import LeadRankError, without_folders
from core.jobs.records import sweep
from core.jobs.shipped import bring_in_sample
from core.workspace.store import Workspace
from pages._access import User, secrets, sign_in_on, workspace
from pages._text import literal

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0072B2"/>'
    '<path d="M3 9h2v4H3zM7 6h2v7H7zM11 3h2v10h-2z" fill="#fff"/></svg>'
)
"""For the browser's tab. Streamlit would fetch one of its own icons from outside."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def start() -> None:
    """Once a process: mark jobs that died with an earlier app, and bring the sample into an empty workspace.

    An app without its sample is still an app: what went wrong is said above the page, which then runs.
    """
    ws = workspace()
    if trouble := _started(str(ws.folder), ws):
        st.warning(literal(without_folders(trouble)), icon=":material/warning:")


@st.cache_resource(show_spinner="Getting the sample leads and model ready")
def _started(folder: str, _ws: Workspace) -> str:
    sweep(_ws)
    try:
        bring_in_sample(_ws)
    except LeadRankError as error:
        return str(error)
    return ""


def sign_in() -> None:
    """The sign-in page: a button for each identity provider, or why somebody who is signed in is not let in."""
    st.title("Leads to call", anchor=False)
    if st.user.get("is_logged_in"):
        st.warning(
            f"You are signed in as {literal(st.user.get('email') or 'somebody without an e-mail address')}, but this "
            "address has no role here. Ask the administrator to add it.",
            title="Not known here",
            icon=":material/person_off:",
        )
        if st.button("Sign in as somebody else", icon=":material/logout:"):
            st.logout()
        return
    st.write("Sign in to see the leads.")
    providers: list[str | None] = [name for name, value in secrets("auth").items() if isinstance(value, Mapping)]
    for name in providers or [None]:
        label = "Sign in" if name is None else f"Sign in with {literal(name)}"
        if st.button(label, key=f"sign_in_{name}", icon=":material/login:", type="primary"):
            st.login(name)


def signed_in_as(someone: User) -> None:
    """Name, role and the way out, below the menu. While sign-in is off: a warning where others can reach the app."""
    if sign_in_on():
        with st.sidebar:
            st.caption(f"{literal(someone.name)} ({someone.role})")
            if st.button("Sign out", icon=":material/logout:", type="tertiary"):
                st.logout()
    elif st.get_option("server.address") not in LOOPBACK:
        st.warning(
            "Everybody who can reach this address is its administrator. Turn sign-in on, as README.md says, or start "
            "the app with --server.address=localhost.",
            title="Sign-in is off, and the app does not listen to this machine alone",
            icon=":material/lock_open:",
        )
