"""What would move a lead, in words, as a table and as JSON: always as the model's view, never as a promise."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd

from core.counterfactuals import MOST_TOGETHER, Change, Move, Moves, least
from core.data.prompts import shown_name, shown_value

VIEW = "This is what the model would say of such a lead. It is no promise that the customer acts so."
QUOTED = 120
"""Characters of a turn that are quoted."""
MOST_LISTED = 8
"""Changes either way of a lead whose goal is reached. Source: ours."""

Place = Callable[[float], int]
"""The rank of the lead once its score moves so far."""


def in_words(change: Change) -> str:
    """One change.

    Example:
        >>> in_words(Change("field", "calls_30d", 6.0, 2.0)), in_words(Change("field", "city", "Ulm"))
        ('Calls in 30 days: 2 → 6', 'City: not known → Ulm')
        >>> in_words(Change("said", "one turn more", "I order it.", speaker="Customer"))
        'One turn more: Customer says “I order it.”'
    """
    if change.kind == "field":
        before = "not known" if change.before is None else shown_value(change.before)
        return f"{_large(shown_name(change.name))}: {before} → {shown_value(change.value)}"
    words = str(change.value)
    words = words if len(words) <= QUOTED else words[: QUOTED - 1] + "…"
    who = change.speaker or "Somebody"
    if change.kind == "said":
        return f"One turn more: {who} says “{words}”"
    return f"Had turn {(change.turn or 0) + 1} not been said: {who}, “{words}”"


def doubts(move: Move) -> str:
    """Where a move goes beyond what the model saw, as a sentence; "" where that is not known of it."""
    found = [
        f"hardly any lead that the model learned from has this {shown_name(name)}" for name in dict.fromkeys(move.unmet)
    ]
    kinds = {change.kind for change in move.changes}
    found += ["the added sentence is made up"] if "said" in kinds else []
    found += ["without that turn the talk has a gap"] if "turn" in kinds else []
    return _large("; ".join(found)) + "." if found else ""


def reached(moves: Moves, place: Place, top: int) -> bool:
    """Whether a lead that should go up is where it should be already."""
    return moves.choice.up and place(0.0) <= top


def headline(moves: Moves, place: Place, top: int) -> str:
    """How the lead gets among the first `top`, or what pulls it down most.

    Raises:
        LeadRankError: `place` cannot tell a rank.
    """
    now = place(0.0)
    if reached(moves, place, top):
        return f"It stands at {now:,}, among the first {top:,} already: the goal is reached."
    if not moves.steps:
        return f"No change that was tried moves it {'up' if moves.choice.up else 'down'} from rank {now:,}."
    strongest = moves.steps[-1]
    if not moves.choice.up:
        return f"It stands at {now:,}. {_together(strongest)} would take it down to rank {place(strongest.score):,}."
    found = least(moves, place, top)
    if found is None:
        return (
            f"No plausible change would lift it among the first {top:,}, nor would {MOST_TOGETHER} together: from rank "
            f"{now:,} the best that was found takes it to {place(strongest.score):,}."
        )
    return f"{_together(found)} would lift it from rank {now:,} to {place(found.score):,}, among the first {top:,}."


def set_to_show(moves: Moves, place: Place, top: int) -> Move | None:
    """The set that the headline speaks of; None where nothing moves the lead, or has to."""
    if reached(moves, place, top):
        return None
    found = least(moves, place, top) if moves.choice.up else None
    return found or (moves.steps[-1] if moves.steps else None)


def notes(moves: Moves) -> list[str]:
    """What has to be known to read the answer."""
    found = [
        "Numbers are tried at values that leads of these data have (5, 25, 50, 75 and 95 of 100 lie at or below), "
        "categories where at least 1 lead in 100 has them. Text fields stay as they are.",
        "Sets are found step by step, so a smaller one may exist. Whether all of a set ever occurs together is not "
        "checked.",
    ]
    if moves.untried:
        found.append(
            f"{moves.untried:,} single changes were not tried, since reading them would have taken too long; "
            "leave out some kinds of change to reach them."
        )
    return found


def table(moves: Moves, place: Place) -> pd.DataFrame:
    """All single changes that were tried, the strongest first; chances 0..1."""
    now = place(0.0)
    rows = [
        (in_words(m.changes[0]), now, place(m.score), moves.probability, m.probability, m.score, doubts(m))
        for m in moves.singles
    ]
    columns = ["Change", "Rank now", "Rank then", "Chance now", "Chance then", "Rank score moves by", "Note"]
    return pd.DataFrame(rows, columns=columns)


def as_text(moves: Moves, place: Place, top: int) -> str:
    """For a terminal."""
    shown = set_to_show(moves, place, top)
    lines = [headline(moves, place, top), *(f"  - {in_words(change)}" for change in (shown.changes if shown else ()))]
    for heading, single in _lists(moves, place, top):
        lines += ["", heading]
        for move in single:
            now, then = place(0.0), place(move.score)
            rank = f"rank {now:,} → {then:,}, " if now != then or shown else ""
            chance = f"chance {moves.probability:.1%} → {move.probability:.1%}"
            lines.append(f"  {rank}{chance}: {in_words(move.changes[0])}")
            lines += [f"    {note}" for note in (doubts(move),) if note]
    return "\n".join([*lines, "", VIEW, *notes(moves)])


def _lists(moves: Moves, place: Place, top: int) -> list[tuple[str, list[Move]]]:
    """Single changes below their headings; where the goal is reached, what its chance would gain or lose by."""
    if not (reached(moves, place, top) and math.isfinite(moves.probability)):
        return [("One change alone:", moves.best())]
    lists = []
    for does, found in (("raise", moves.chances(True)), ("lower", moves.chances(False))):
        heading = f"What would {does} its chance most:" if found else f"Nothing that was tried would {does} its chance."
        lists.append((heading, found[:MOST_LISTED]))
    return lists


def to_dict(moves: Moves, place: Place, top: int) -> dict[str, Any]:
    """For programs."""

    def told(move: Move) -> dict[str, Any]:
        changes = [
            {
                "kind": c.kind,
                "name": c.name,
                "turn": c.turn,
                "speaker": c.speaker,
                "before": c.before,
                "value": c.value,
                "words": in_words(c),
            }
            for c in move.changes
        ]
        beyond = {"note": doubts(move), "hardly_met": list(move.unmet)}
        rank = place(move.score)
        return {"changes": changes, "rank": rank, "probability": move.probability, "score_change": move.score} | beyond

    found = least(moves, place, top) if moves.choice.up and not reached(moves, place, top) else None
    return {
        "rank": place(0.0),
        "probability": moves.probability,
        "direction": "up" if moves.choice.up else "down",
        "top": top,
        "headline": headline(moves, place, top),
        "least": told(found) if found else None,
        "single": [told(move) for move in moves.singles],
        "together": [told(move) for move in moves.steps],
        "untried": moves.untried,
        "readings": moves.readings,
        "view": VIEW,
        "notes": notes(moves),
    }


def _together(move: Move) -> str:
    number = len(move.changes)
    return {1: "One change", 2: "Two changes together", 3: "Three changes together"}[number]


def _large(words: str) -> str:
    return words[:1].upper() + words[1:]
