"""Which of a model's two parts reasons are told of: the one that orders the queue, unless the other is asked for."""

from __future__ import annotations

import streamlit as st

from core.workspace.runs import run
from pages import _shared as shared

_BOTH = {"pairwise": "Its place in the queue", "pointwise": "Its chance of an order"}
HEADS = {
    "pairwise": _BOTH,
    "blend": _BOTH,
    "pointwise": {"pointwise": "Its place in the queue and its chance of an order"},
}
"""What is explained, by what orders the queue: the logit of one of the model's two heads, the queue's own first."""
ORDER = {
    "pairwise": "",
    "blend": "The queue goes by a mix of two parts of the model: how the lead compares with others, which is explained "
    "under its place, and its own chance. A reason is shown for its place only where the mix moves with it.",
    "pointwise": "The queue goes by the chance of an order: what moves the one moves the other.",
}


def which_head(run_id: str) -> tuple[str, bool]:
    """Which head is explained, that of the queue unless another is asked for; and whether the queue goes by it."""
    rank_by = run(shared.workspace(), run_id).card.get("decisions", {}).get("rank_by", "pairwise")
    heads = HEADS[rank_by]
    head = first = next(iter(heads))
    if len(heads) > 1:
        asked = st.segmented_control(
            "What moved",
            list(heads),
            default=first,
            format_func=heads.__getitem__,
            key="why_head",
            required=True,
            help="The model compares leads, and estimates the chance of each by itself; each has its own reasons.",
        )
        head = asked or first
    if ORDER[rank_by]:
        st.caption(ORDER[rank_by])
    return head, head == first
