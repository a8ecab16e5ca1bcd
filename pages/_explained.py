"""The full explanation of one lead: made on demand by a job, kept by model and content, shown in words and colours."""

from __future__ import annotations

import streamlit as st

from core.attribution import in_clear, notes
from core.charts.reasons import bars, conversation, largest, legend
from core.data.leads import Leads
from core.jobs import records
from core.jobs.ledger import ACTIVE
from core.jobs.rankings import read_explanation
from core.retelling import for_and_against, turns_of, without_names
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared

HEADS = {"pairwise": "Its place in the queue", "pointwise": "Its chance of an order"}
"""What is explained: the logit of one of the model's two heads."""
POINTS = {
    "pairwise": "In points of the part of the model that compares leads. The rank score is made from it, on another "
    "scale, so the figures differ from the exact ones above.",
    "pointwise": "In points (log odds) of the part of the model that estimates the chance.",
}


def explained(dataset: Dataset, scoring: Scoring, lead: Leads, open_text: bool) -> None:
    """The explanation if it is there, else the button that has it made; the conversation in any case."""
    head = st.segmented_control(
        "What moved",
        list(HEADS),
        default="pairwise",
        format_func=HEADS.__getitem__,
        key="why_head",
        required=True,
        help="The model ranks by comparing leads, and estimates the chance by itself; each has its own reasons.",
    )
    found = read_explanation(shared.workspace(), scoring.run_id, lead, head or "pairwise")
    if found is None:
        _ask_for_it(dataset, scoring, lead, head or "pairwise")
        _said(conversation(turns_of(lead, masked=not open_text)))
        return
    told = in_clear(found, lead) if open_text else without_names(found, lead)
    for note in notes(told):
        st.warning(shared.literal(note), icon=":material/straighten:")
    speaking, against = for_and_against(told)
    for column, title, lines in zip(
        st.columns(2), ("Speaks for this lead", "Speaks against it"), (speaking, against), strict=True
    ):
        with column, st.container(border=True, height="stretch"):
            st.subheader(title, anchor=False)
            st.markdown("\n".join(f"{n}. {shared.literal(line)}" for n, line in enumerate(lines, 1)) or "Nothing.")
    scale = largest(told)
    st.html(legend(scale))
    st.caption(POINTS[head or "pairwise"])
    _said(conversation(turns_of(lead, masked=not open_text), told, scale))
    st.subheader("Fields", anchor=False)
    shown = bars(told.fields, scale)
    st.html(shown) if shown else st.caption("No field moved the score by 0.01 or more.")


def _said(shown: str) -> None:
    st.subheader("What was said", anchor=False)
    st.html(shown) if shown else st.caption("No conversation is known of this lead.")


def _ask_for_it(dataset: Dataset, scoring: Scoring, lead: Leads, head: str) -> None:
    ws, lead_id = shared.workspace(), str(lead.lead_id.iat[0])
    request = {"run_id": scoring.run_id, "dataset_id": dataset.id, "lead_id": lead_id, "head": head}
    job = next((job for job in records.jobs(ws, kind="explain") if job.request == request), None)
    if job is not None and job.state != "done":
        shared.watch_job(job.id, "The reasons are there.", role="viewer")
        if job.state in ACTIVE:
            return
    st.write("See which words and which fields moved this lead, one by one.")
    if st.button("Work out the reasons", type="primary", icon=":material/query_stats:"):
        with shared.guard():
            by = shared.need("viewer").email
            records.submit(ws, "explain", request, by=by, label="Work out the reasons of a lead")
            st.rerun()
    st.caption("It takes 20 to 40 seconds on two processor cores. The reasons are kept: the next look is at once.")
