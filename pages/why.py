"""Why: one lead. Where it stands, what moved it there, leads like it, and what a change would do."""

from __future__ import annotations

import streamlit as st

from core.data.masking import masked_leads
from core.workspace.datasets import leads_of
from pages import _shared as shared
from pages._above import TAB as BESIDE
from pages._above import above
from pages._actions import action_bar, undo_bar
from pages._explained import explained
from pages._history import history
from pages._lead_figures import figures
from pages._lead_head import instant_reasons, other_lead, who_it_is
from pages._likely import broken_here, likely_here
from pages._scored import open_queue, ranked, scoring_notes
from pages._sheet import sheet_button
from pages._try import try_a_change
from pages._unmask import open_text_switch

REASONS, ALIKE, CHANGE, BEFORE = "Reasons in full", "Similar leads", "Try a change", "History"

st.title("Why", anchor=False)
shared.need("viewer")
with shared.guard():
    head = st.container(horizontal=True, vertical_alignment="bottom")
    dataset, scoring = ranked(
        head,
        "why_dataset",
        "Bring in a file of leads, and each can be looked at here.",
        "Once they are scored, this page tells why a lead stands where it stands.",
    )
    ws = shared.workspace()
    scoring_notes(scoring)
    queue = open_queue(ws, scoring)
    with head:
        row = other_lead(queue)
    lead = leads_of(ws, dataset.id, [row["lead_id"]])
    undo_bar(scoring)
    who_it_is(row, scoring.part)
    likely = likely_here(scoring, row["probability"])
    figures(queue, row, likely, broken_here(scoring))
    with st.container(horizontal=True, vertical_alignment="center"):
        action_bar(scoring, queue, [row["lead_id"]])
        sheet_button(scoring, queue, row, likely)
    instant_reasons(row)
    if "beside" in st.query_params:  # a comparison that is found again after a refresh, or opened by its address
        st.session_state.setdefault("why_section", BESIDE)
    section = st.segmented_control(
        "What to look at",
        [REASONS, BESIDE, ALIKE, CHANGE, BEFORE],
        default=None if "why_section" in st.session_state else REASONS,
        required=True,
        key="why_section",
        label_visibility="collapsed",
    )
    if section == BESIDE:
        above(dataset, scoring, queue, row, lead)
    elif section == ALIKE:
        from pages._likes import likes  # scikit-learn: not before it is needed

        likes(dataset, lead)
    elif section == BEFORE:
        history(dataset, row["lead_id"])
    else:
        open_text = open_text_switch(dataset, row["lead_id"])
        if section == CHANGE:
            try_a_change(queue, scoring, lead if open_text else masked_leads(lead), row)
        else:
            explained(dataset, scoring, lead, open_text, queue, row)
