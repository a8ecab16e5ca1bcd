"""What the queue's columns are called: the same words on the screen, in files for people and in the audit trail."""

from __future__ import annotations

from core.data.prompts import shown_name

TITLES = {
    "rank": "Rank",
    "lead_id": "Lead",
    "probability": "Chance",
    "score": "Rank score",
    "trend": "Trend",
    "reasons": "Why: strongest reasons",
    "owner": "Sales person",
    "note": "Last note",
    "by": "Noted by",
    "at": "Noted at",
    "stage": "Stage",
    "status": "Status",
    "call_today": "Call today",
    "snapshot_time": "Date",
    "previous_rank": "Rank before",
    "previous_probability": "Chance before",
    "pointwise_logit": "Score for an order",
    "pairwise_score": "Score for the order of calls",
}
"""The queue's own columns; those of the file go by their own names."""


def column_words(column: str) -> str:
    """What a column of the queue is called; "" where its own name has no letter to show.

    Example:
        >>> column_words("field:days_since_last_call"), column_words("probability"), column_words("shown:Name")
        ('Days since last call', 'Chance', 'Name')
    """
    known = TITLES.get(column)
    if known:
        return known
    words = shown_name(column.removeprefix("field:").removeprefix("shown:"))
    return words[:1].upper() + words[1:]
