"""What a person says of a pair of leads, or of one lead, in a small window: in which order, left out, or other data."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.data.prompts import shown_name
from core.data.reviews import Review
from core.data.schema import schema_from_dict
from core.errors import LeadRankError
from core.queue.titles import column_words
from core.workspace.datasets import leads_of
from core.workspace.reviews import LONGEST_NOTE, REASONS, add_review
from core.workspace.tables import Dataset
from pages import _shared as shared
from pages._scored import open_queue, pick_scoring, scored_lead

AS_IS = "As the file has it"
KEPT = (
    "It is kept beside the data, which stay as they are. It changes no ranking by itself: on the Train page it can be "
    "used for the next model."
)


@dataclass(frozen=True)
class Seen:
    """Which model was looked at, and its scores of the chosen and the rejected lead."""

    run_id: str
    scores: tuple[float, float] | None = None


def order_button(dataset: Dataset, upper_id: str, lower_id: str) -> None:
    """A button that puts the lower one of two leads of the ranking that the page shows above the other; for analysts
    alone, else nothing."""
    if shared.may("analyst") and st.button(
        shared.literal(f"{lower_id} should be above {upper_id}"),
        icon=":material/swap_vert:",
        key=f"order_{upper_id}_{lower_id}",
        help="Kept as a reviewed pair: see the Pairs page.",
    ):
        correct_order(dataset, lower_id, upper_id, looked_at(dataset, lower_id, upper_id))


@st.dialog("Put two leads in order")
def correct_order(dataset: Dataset, chosen_id: str, rejected_id: str, seen: Seen | None) -> None:
    """Say that `chosen_id` should stand above `rejected_id`; for analysts."""
    with shared.guard():
        shared.need("analyst")
        st.markdown(f"**{shared.literal(chosen_id)}** should stand above **{shared.literal(rejected_id)}**.")
        above, below = leads_of(shared.workspace(), dataset.id, [chosen_id, rejected_id]).converted
        if below == 1 and above == 0:
            st.warning(
                "The file says that the second one ordered and the first did not. Where that is wrong, say so with "
                "'The data are wrong'; this puts the two in order against what came.",
                icon=":material/warning:",
            )
        said = Review("prefer", chosen=chosen_id, rejected=rejected_id)
        _ask_why(dataset, said, seen, usual="talk")


@st.dialog("Leave out")
def leave_out(dataset: Dataset, said: Review, seen: Seen) -> None:
    """Say that a pair, or a lead, is not to be learned from."""
    with shared.guard():
        shared.need("analyst")
        if said.lead_id:
            st.markdown(f"Lead **{shared.literal(said.lead_id)}** is in no pair any more.")
            st.caption("Its own outcome still teaches the chance of an order.")
        else:
            pair = f"**{shared.literal(said.chosen)}** and **{shared.literal(said.rejected)}**"
            st.markdown(f"{pair} are not compared any more.")
        _ask_why(dataset, said, seen, usual="duplicate")


@st.dialog("The data are wrong")
def relabel(dataset: Dataset, lead_id: str, seen: Seen) -> None:
    """Say which stage the lead reached, or whether it ordered."""
    with shared.guard():
        shared.need("analyst")
        st.markdown(f"What is right for lead **{shared.literal(lead_id)}**?")
        stages = schema_from_dict(dataset.schema).funnel.stages
        names = {"": AS_IS} | {stage: shown_name(stage) for stage in stages}
        stage = st.selectbox(column_words("stage"), list(names), format_func=names.__getitem__, key="review_stage")
        outcomes = {None: AS_IS, 1.0: "It ordered", 0.0: "It did not order"}
        ordered = st.selectbox("Order", list(outcomes), format_func=outcomes.__getitem__, key="review_outcome")
        if not stage and ordered is None:
            st.caption("Choose a stage, an outcome, or both.")
            return
        said = Review("relabel", lead_id=lead_id, stage=stage or "", converted=ordered)
        _ask_why(dataset, said, seen, usual="stage")


def _ask_why(dataset: Dataset, said: Review, seen: Seen | None, usual: str) -> None:
    """The reason, a note, and the button that keeps it."""
    reason = st.selectbox(
        "Why",
        list(REASONS),
        index=list(REASONS).index(usual),
        format_func=REASONS.__getitem__,
        key=f"review_reason_{said.action}",
    )
    note = st.text_area("In your words", max_chars=LONGEST_NOTE, key=f"review_note_{said.action}", height=80)
    st.caption(KEPT)
    if not st.button("Keep this", type="primary", icon=":material/check:", key=f"review_keep_{said.action}"):
        return
    who = shared.need("analyst")
    told = Review(
        said.action, said.chosen, said.rejected, said.lead_id, said.stage, said.converted, str(reason), who.email
    )
    add_review(
        shared.workspace(),
        dataset.id,
        told,
        note=note or "",
        run_id=seen.run_id if seen else None,
        scores=seen.scores if seen else None,
    )
    st.toast("Kept. The next training can use it.", icon=":material/check:")
    st.rerun()


def looked_at(dataset: Dataset, chosen_id: str, rejected_id: str) -> Seen | None:
    """What the ranking that the page shows, which may be an earlier one, says of both leads; None without one."""
    ws = shared.workspace()
    scoring = pick_scoring(dataset)
    if scoring is None:
        return None
    try:
        rows = [scored_lead(open_queue(ws, scoring), lead_id) for lead_id in (chosen_id, rejected_id)]
    except LeadRankError:  # its file is gone: what is said of the pair holds all the same
        return None
    scores = [float(row["score"]) for row in rows if row is not None]
    return Seen(scoring.run_id, (scores[0], scores[1]) if len(scores) == 2 else None)
