"""Which of a model's three scores orders the queue, and how what is told of the words belongs together; in words."""

from __future__ import annotations

QUEUE_BY = {
    "pairwise": "Of a lead's three scores the queue goes by the rank score, which is here the score that compares the "
    "lead with others (pairwise); the third is that of its own chance (pointwise).",
    "pointwise": "Of a lead's three scores the queue goes by the rank score, which is here that of the lead's own "
    "chance of an order (pointwise): what moves the one moves the other.",
    "blend": "Of a lead's three scores the queue goes by the rank score, a mix of the two others: of the one that "
    "compares the lead with others (pairwise) and of the one of its own chance of an order (pointwise).",
}
"""By a run's decision `rank_by`."""
TOGETHER = (
    "What was said counts exactly as a whole; how it parts among single turns is one method's estimate, in points of "
    "the score that is explained, so the turns need not add up to it."
)


def queue_head(rank_by: str) -> str:
    """The head that is explained unless another is asked for: the queue's own; of a blend the one that compares leads.

    Example:
        >>> [queue_head(rank_by) for rank_by in QUEUE_BY]
        ['pairwise', 'pointwise', 'pairwise']
    """
    return "pointwise" if rank_by == "pointwise" else "pairwise"


def queue_by(card: object) -> str:
    """The sentence of a run's card; "" where it does not tell.

    Example:
        >>> queue_by({"decisions": {"rank_by": "blend"}})[:57], queue_by({})
        ("Of a lead's three scores the queue goes by the rank score", '')
    """
    decisions = card.get("decisions") if isinstance(card, dict) else None
    return QUEUE_BY.get(str(decisions.get("rank_by")), "") if isinstance(decisions, dict) else ""
