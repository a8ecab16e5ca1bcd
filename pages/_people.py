"""For administrators: who may do what, models that were put away, and the audit trail."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.workspace import audit, people, runs
from core.workspace.store import Workspace
from core.workspace.tables import Run
from pages import _shared as shared

MAY = {
    "viewer": "sees Today, Queue, Lift and Why",
    "manager": "also marks and assigns leads, exports, and has leads scored again",
    "analyst": "also brings in leads, trains models and puts them in use",
    "admin": "also gives roles, and archives",
}
SHOWN = 200


def people_and_roles(ws: Workspace) -> None:
    """Who may sign in, with a form to give a role and to take one away."""
    with st.expander("People and roles", icon=":material/group:"):
        if not shared.sign_in_on():
            st.info(
                "Sign-in is off: everybody at this machine is administrator, and the app listens to this machine "
                "alone. README.md says how to turn sign-in on.",
                icon=":material/lock_open:",
            )
        listed = people.people(ws)
        if listed:
            rows = [{"E-mail": each.email, "Name": each.name, "Role": each.role} for each in listed]
            st.dataframe(pd.DataFrame(rows), hide_index=True, alt="People and their roles")
        else:
            st.caption("Nobody has a role of their own yet.")
        with st.form("give_role", clear_on_submit=True, border=False):
            email = st.text_input("E-mail address", max_chars=254, key="role_email")
            role = st.selectbox("Role", people.ROLES, format_func=lambda one: f"{one}: {MAY[one]}", key="role_role")
            if st.form_submit_button("Give the role", type="primary"):
                people.set_role(ws, email, role, shared.need("admin").email)
                st.rerun()
        if listed:
            gone = st.selectbox("Somebody who leaves", [each.email for each in listed], index=None, key="role_gone")
            if st.button("Take the access away", disabled=gone is None) and gone:
                people.remove_person(ws, gone, shared.need("admin").email)
                st.rerun()


def archived(ws: Workspace, found: Sequence[Run]) -> None:
    """Models that were put away, to bring back."""
    if not found:
        return
    with st.expander("Archived models", icon=":material/archive:"):
        names = shared.told_apart({each.id: each.name for each in found})
        chosen = st.selectbox("Archived model", list(names), format_func=names.__getitem__, key="archived_model")
        if st.button("Bring it back", icon=":material/unarchive:"):
            runs.archive_run(ws, chosen, shared.need("admin").email, archived=False)
            st.rerun()


def trail(ws: Workspace) -> None:
    """The latest events: who did what, and when. Read only when it is unfolded."""
    with st.expander("Audit trail", icon=":material/history:", key="trail", on_change="rerun") as fold:
        if not fold.open:
            return
        st.caption(f"The latest {SHOWN} events, newest first. Times are UTC.")
        rows = [
            {
                "When": each.at,
                "Who": each.who,
                "What": each.what,
                "Of": each.subject,
                "Details": str(each.details or ""),
            }
            for each in audit.audit_trail(ws, SHOWN)
        ]
        columns = ["When", "Who", "What", "Of", "Details"]
        st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True, alt="Audit trail, newest first")
