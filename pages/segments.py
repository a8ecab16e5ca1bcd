"""Segments: who comes because of a campaign, who comes anyway, and whom to send the next one."""

from __future__ import annotations

import streamlit as st

from core.workspace.segmentations import Segmentation, segmentations
from pages import _shared as shared
from pages._segment_find import find
from pages._segment_plan import plan_section
from pages._segment_result import head, months_section, proof_section, sizes_section

WHO, PROOF, MONTHS, NEXT = "Who they are", "How far to believe it", "Month by month", "The next campaign"


def chosen(found: list[Segmentation]) -> Segmentation:
    """The newest, or an earlier one that is asked for."""
    if len(found) == 1:
        return found[0]
    words = shared.told_apart({one.id: f"found {shared.ago(one.made)}" for one in found})
    id = st.selectbox(
        "Which", list(words), format_func=words.__getitem__, key=f"segments_which_{found[0].id}", width=260
    )
    return next(one for one in found if one.id == id)


shared.need("manager")
st.title("Segments", anchor=False)
st.text("Who comes because of a campaign, who comes anyway, and whom to send the next one.")

with shared.guard():
    with st.container(horizontal=True, vertical_alignment="bottom"):
        dataset = shared.pick_dataset("segment_dataset")
        if dataset is None:
            shared.empty(
                "No leads yet",
                "Bring in a file of leads with clicks or sources, and this page tells whom campaigns brought.",
                "leads",
                "Bring in leads",
            )
            st.stop()
        kept = segmentations(shared.workspace(), dataset.id)
        found = chosen(kept) if kept else None
    if found is None:
        with st.container(border=True):
            st.subheader("Two questions first", anchor=False)
            st.write(
                "Tell by which columns it shows that a lead came, and that a campaign brought it. Where that label is "
                "missing, as clicks often are, it is filled in as far as it can be proved."
            )
            find(dataset, None)
        st.stop()
    head(found)
    section = st.segmented_control(
        "What to look at",
        [WHO, PROOF, MONTHS, NEXT],
        default=WHO,
        required=True,
        key="segments_section",
        label_visibility="collapsed",
        persist_state="session",
    )
    if section == WHO:
        sizes_section(dataset, found)
    elif section == PROOF:
        proof_section(found)
    elif section == MONTHS:
        months_section(dataset, found)
    else:
        plan_section(dataset, found)
    with st.expander(f"Found {shared.ago(found.made)}: change the rules and find them again", icon=":material/rule:"):
        find(dataset, found)
