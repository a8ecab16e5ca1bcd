"""What was found, in the words of a person who sells."""

from __future__ import annotations

from typing import Any

import pandas as pd

from core.data.prompts import shown_name
from core.ranking import LEVEL
from core.talk.fields import BENDS, BY_VALUE, FALLS, RISES
from core.talk.findings import Findings, rows_of
from core.talk.outcomes import AGREE, DISLIKED_ALONE, LIKED_ALONE

BY = {"customer": "by the customer", "specialist": "by the specialist", "somebody": "by either side"}
WAYS = {
    RISES: "the higher, the better",
    FALLS: "the lower, the better",
    BENDS: "up and down along its range",
    BY_VALUE: "it depends on the value",
    "": "which way cannot be told",
}
VERDICTS = {
    AGREE: "The model and the orders agree.",
    LIKED_ALONE: "The model likes it, the orders do not.",
    DISLIKED_ALONE: "The model dislikes it, the orders do not mind.",
}


def points(value: float, low: float, high: float) -> str:
    """How a score is moved, with its range.

    Example:
        >>> points(0.4, 0.3, 0.5), points(-0.4, -0.9, -0.1)
        ('lifts the score by 0.40 points (0.30 to 0.50)', 'lowers the score by 0.40 points (0.10 to 0.90)')
        >>> points(0.1, -0.1, 0.3)
        'does not move the score for sure (−0.10 to +0.30 points)'
    """
    if low <= 0 <= high:
        return f"does not move the score for sure ({_signed(low)} to {_signed(high)} points)"
    verb = "lifts" if value > 0 else "lowers"
    near, far = sorted((abs(low), abs(high)))
    return f"{verb} the score by {abs(value):.2f} points ({near:.2f} to {far:.2f})"


def kind_sentence(kind: dict[str, Any]) -> str:
    """A row of `Findings.kinds` in a sentence.

    Example:
        >>> kind_sentence({"talk": "test drive, this week", "side": "customer", "share": 0.18, "leads": 40,
        ...                "value": 0.4, "low": 0.3, "high": 0.5})
        'Talk about “test drive, this week” by the customer: in 18% of conversations, lifts the score by 0.40 points \
(0.30 to 0.50).'
    """
    moves = (
        points(kind["value"], kind["low"], kind["high"])
        if pd.notna(kind["value"])
        else f"too few of the leads looked at to tell what it does to the score ({kind['leads']:.0f})"
    )
    return f"Talk about “{kind['talk']}” {BY[kind['side']]}: in {kind['share']:.0%} of conversations, {moves}."


def field_sentence(field: dict[str, Any]) -> str:
    """A row of `Findings.fields` in a sentence."""
    return (
        f"{_large(shown_name(field['name']))} moves scores by {field['importance']:.2f} points on average "
        f"({field['low']:.2f} to {field['high']:.2f}), {WAYS[field['direction']]}; it is among the five main reasons "
        f"of {field['main']:.0%} of leads."
    )


def alone_sentence(kind: dict[str, Any], outcome: dict[str, Any]) -> str:
    """Talk that the model leans on and that does not go with orders; rows of `Findings.kinds` and `.outcomes`."""
    return (
        f"{VERDICTS[outcome['verdict']]} Talk about “{kind['talk']}” {BY[kind['side']]} "
        f"{points(kind['value'], kind['low'], kind['high'])}, yet it was said in {outcome['said_won']:.0%} of won and "
        f"{outcome['said_lost']:.0%} of lost leads. An analyst should look at it."
    )


def drift_sentence(kind: dict[str, Any], trend: dict[str, Any]) -> str:
    """Talk that comes up more often than it did, or less; rows of `Findings.kinds` and `.trends`."""
    more = "more" if trend["last"] > trend["first"] else "less"
    return (
        f"Talk about “{kind['talk']}” {BY[kind['side']]} comes up {more} often than it did: in {trend['first']:.0%} of "
        f"conversations at first, {trend['last']:.0%} lately."
    )


def alone(found: Findings) -> list[str]:
    """A sentence for each kind of talk on which the model and the orders do not agree."""
    if found.outcomes.empty:
        return []
    by_kind = {row["kind"]: row for row in rows_of(found.kinds)}
    odd = found.outcomes[found.outcomes["verdict"].isin([LIKED_ALONE, DISLIKED_ALONE])]
    return [alone_sentence(by_kind[row["kind"]], row) for row in rows_of(odd)]


def drifting(found: Findings) -> list[str]:
    """A sentence for each kind of talk whose share changed beyond chance, the largest change first."""
    if found.trends.empty:
        return []
    by_kind = {row["kind"]: row for row in rows_of(found.kinds)}
    moved = found.trends[found.trends["drifts"]]
    moved = moved.iloc[(moved["first"] - moved["last"]).abs().argsort()[::-1]]
    return [drift_sentence(by_kind[row["kind"]], row) for row in rows_of(moved)]


def headline(found: Findings) -> list[str]:
    """The three sentences to begin with, fewer where there is less to say: the field that moves scores most, the talk
    that does, what an analyst or manager should know besides; else the next fields."""
    said = [field_sentence(row) for row in rows_of(found.fields.head(1))]
    if len(found.kinds):
        sure = found.kinds[found.kinds["p_holm"] < 1 - LEVEL]
        said += [kind_sentence(row) for row in rows_of(sure.head(1))]
        rest = [kind_sentence(row) for row in rows_of(sure.iloc[1:2])]
        said += [*alone(found), *drifting(found), *rest][:1]
    return [*said, *(field_sentence(row) for row in rows_of(found.fields.iloc[1:3]))][:3]


def told(found: Findings, most: int = 10) -> list[str]:
    """All of it as lines for a terminal: the `most` strongest fields and kinds of talk, then what does not agree, what
    drifts, and what could not be told."""
    facts = found.facts
    lines = [
        f"Reasons of {facts['sampled']:,} leads, chosen from {facts['leads']:,}; the score's spread is "
        f"{facts['spread']:.2f} points, and reasons add up to it within {facts['miss']:.2f} on average."
    ]
    lines += [field_sentence(row) for row in rows_of(found.fields.head(most))]
    lines += [kind_sentence(row) for row in rows_of(found.kinds.head(most))]
    return [*lines, *alone(found), *drifting(found), *found.untold.values()]


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _large(words: str) -> str:
    return words[:1].upper() + words[1:]
