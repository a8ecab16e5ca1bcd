"""The part of a model's card on its reasons: what was measured of them, or the button that has it measured."""

from __future__ import annotations

import streamlit as st

from core import trust
from core.jobs import records
from core.jobs.ledger import ACTIVE
from core.workspace.runs import run_folder
from core.workspace.tables import Run
from pages import _shared as shared

SAMPLE = 20
"""Leads that the button measures on."""


def caution(run_id: str) -> bool:
    """Say what has to be known before any reason of the model is read; whether they may be shown as the model's own."""
    found = trust.read(run_folder(shared.workspace(), run_id))
    told = shared.literal(trust.caution(found))
    if found is None:
        st.caption(f":material/rule: {told} The page Models has the check.")
    elif told:
        st.warning(told, icon=":material/warning:")
    return found is None or found.passed


def reasons(run: Run) -> None:
    """Figures, verdict and button; for analysts."""
    ws = shared.workspace()
    st.markdown(f"**{trust.TITLE}**")
    job = next((one for one in records.jobs(ws, kind="faithfulness") if one.request["run_id"] == run.id), None)
    if job is not None and job.state != "cancelled":
        job = shared.watch_job(job.id, "The reasons were checked.", role="analyst")
    found = trust.read(run_folder(ws, run.id))
    if found is None:
        st.caption(
            "Not measured yet. The check leaves out the strongest reasons of some test leads and looks whether the "
            "score follows, more than when fields and turns are left out at random."
        )
    else:
        (st.success if found.passed else st.warning)(trust.verdict(found))
        for line in trust.sentences(found):
            st.caption(shared.literal(line))
        with st.expander("All figures of the check", icon=":material/table:"):
            st.dataframe(trust.table(found), hide_index=True, alt="How faithful each way to give reasons is")
    if job is not None and job.state in ACTIVE:
        return
    left = str((job.result or {}).get("card_left_as_it_was", "")) if job is not None else ""
    if job is not None and left:
        st.info(shared.literal(f"{(job.result or {}).get('verdict')} {left}"), icon=":material/info:")
    if run.dataset_id is None:
        st.caption("The leads that it was tested on are not in this workspace, so it cannot be checked here.")
    elif st.button("Check the reasons", icon=":material/fact_check:", key=f"check_reasons_{run.id}"):
        asked = {"run_id": run.id, "dataset_id": run.dataset_id, "sample": SAMPLE}
        by = shared.need("analyst").email
        records.submit(ws, "faithfulness", asked, by=by, label=f"Check the reasons of {run.name}")
        st.rerun()
