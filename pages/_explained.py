"""Why a lead scores as it does: first reasons, soon proved, every word on demand by a job; in words and colours.

All is kept by model and content, so that the second look is at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from core import scoring as door
from core.attribution import in_clear
from core.charts.reasons import bars, conversation, largest, legend
from core.data.dialogue import Turn
from core.data.leads import Leads
from core.errors import LeadRankError
from core.jobs import records
from core.jobs.ledger import ACTIVE
from core.jobs.rankings import as_read_by, keep_explanation, read_explanation
from core.proofs import prove, refuted
from core.queue.store import Queue
from core.retelling import turns_of, without_names
from core.scores import Attribution
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared
from pages._how_long import how_long
from pages._model import model_of
from pages._reasons import reasons_with_proofs
from pages._trust import caution
from pages._which_head import which_head

POINTS = {
    "pairwise": "In points of the part of the model that compares leads. The rank score is made from it, on another "
    "scale, so the figures differ from the exact ones above.",
    "pointwise": "In points of the part of the model that estimates the chance: the more points, the higher it is.",
}


def explained(
    dataset: Dataset, scoring: Scoring, lead: Leads, open_text: bool, queue: Queue, row: dict[str, Any]
) -> None:
    """First reasons at once, then each proved; every word where that was worked out; the conversation in any case.

    Of a model whose reasons failed their check, what was proved and nothing else.
    """
    head, ranks = which_head(scoring.run_id)
    own = caution(scoring.run_id)
    reasons, rest = st.container(), st.empty()
    with rest.container():  # there to be read while the reasons are worked out
        _said(conversation(turns_of(lead, masked=not open_text)))
    ws = shared.workspace()
    full = read_explanation(ws, scoring.run_id, lead, head)
    with reasons:
        early, place = st.empty(), st.empty()

        def draw(found: Attribution, checking: bool = False) -> Attribution:
            told = in_clear(found, lead) if open_text else without_names(found, lead)
            if not checking:
                early.empty()  # drawn in the place of another, a container keeps what it is shorter by
            with (early if checking else place).container():
                reasons_with_proofs(told, queue, row, ranks=ranks, checking=checking, own=own)
            return told

        found = _proved(scoring, lead, head, full, draw)
        told = None if found is None else draw(found)
        if full is None and own:
            _ask_for_it(dataset, scoring, lead, head)
    if told is not None and own:
        with rest.container():
            _in_colours(told, turns_of(lead, masked=not open_text), head)


def _proved(
    scoring: Scoring,
    lead: Leads,
    head: str,
    full: Attribution | None,
    draw: Callable[[Attribution, bool], object],
) -> Attribution | None:
    """The reasons that are known by now, else first ones, drawn before they are proved; both are kept. None where the
    model cannot be had."""
    ws, run_id = shared.workspace(), scoring.run_id
    found = full or read_explanation(ws, run_id, lead, head, first=True)
    if found is not None and found.unchanged is not None:
        return found
    try:
        with model_of(run_id) as model:
            read = as_read_by(lead, model.scorer.schema)
            if found is None:
                with st.spinner("Reading this lead for its first reasons …", show_time=True):
                    found = door.first_reasons(model.scorer, read, str(lead.lead_id.iat[0]), head=head)
                keep_explanation(ws, run_id, lead, found, first=True)
            draw(found, True)
            with st.spinner("Checking each reason: the same lead without it …", show_time=True):
                found = prove(model.rescorer(read), found)
        keep_explanation(ws, run_id, lead, found, first=full is None)
    except LeadRankError as error:
        st.warning(f"The reasons could not be checked: {shared.literal(str(error))}", icon=":material/rule:")
    return found


def _in_colours(told: Attribution, turns: Sequence[Turn], head: str) -> None:
    scale = largest(told)
    if scale > 0:  # else nothing held that would be drawn
        st.html(legend(scale))
        st.caption(POINTS[head])
    _said(conversation(turns, told, scale))
    st.subheader("Fields", anchor=False)
    shown = bars([field for field in told.fields if not refuted(told, field)], scale)
    st.html(shown) if shown else st.caption("No field moved the score by 0.01 or more.")
    if told.unchanged is not None:
        st.caption("The strongest of all this was checked by leaving it out; what did not hold is left out here too.")


def _said(shown: str) -> None:
    st.subheader("What was said", anchor=False)
    st.html(shown) if shown else st.caption("No conversation is known of this lead.")


def _ask_for_it(dataset: Dataset, scoring: Scoring, lead: Leads, head: str) -> None:
    ws, lead_id = shared.workspace(), str(lead.lead_id.iat[0])
    request = {"run_id": scoring.run_id, "dataset_id": dataset.id, "lead_id": lead_id, "head": head}
    job = next((job for job in records.jobs(ws, kind="explain") if job.request == request), None)
    if job is not None and job.state != "done":
        shared.watch_job(job.id, "Every word was worked out.", role="viewer")
        if job.state in ACTIVE:
            return
    if st.button("Work out every word", icon=":material/query_stats:"):
        with shared.guard():
            by = shared.need("viewer").email
            records.submit(ws, "explain", request, by=by, label="Work out every word of a lead")
            st.rerun()
    st.caption(
        "These are first reasons, from a quick look. Every word takes longer, in the background. "
        f"{how_long('explain', 'The last leads')}All of it is kept: the next look is at once."
    )
