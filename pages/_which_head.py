"""Which of a model's two parts reasons are told of: the one that orders the queue, unless the other is asked for."""

from __future__ import annotations

import streamlit as st

from core.ordering import QUEUE_BY
from core.workspace.runs import run
from pages import _shared as shared

_BOTH = {"pairwise": "Its place in the queue", "pointwise": "Its chance of an order"}
HEADS = {
    "pairwise": _BOTH,
    "blend": _BOTH,
    "pointwise": {"pointwise": "Its place in the queue and its chance of an order"},
}
"""What is explained, by what orders the queue: the logit of one of the model's two heads, the queue's own first."""
MIXED = "Under its place the comparison is explained; a reason is shown only where the mix moves with it."


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
    st.caption(f"{QUEUE_BY[rank_by]} {MIXED if rank_by == 'blend' else ''}")
    return head, head == first
