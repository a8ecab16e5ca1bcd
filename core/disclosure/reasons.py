"""The main reasons of a place, each as one line that the person concerned can read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.data.leads import Leads
from core.data.prompts import shown_name
from core.data.speakers import customer
from core.disclosure.hiding import HIDDEN, Hiding, is_personal
from core.proofs import proof_of, shown
from core.retelling import turns_of, without_names
from core.scores import Attribution, Contribution

MOST = 5
QUOTED = 160
"""Most characters of a turn that are quoted."""


@dataclass(frozen=True)
class Told:
    """One reason, without names and numbers of people."""

    words: str
    helps: bool
    """Whether it moves the lead towards the top."""
    without: str
    """What the model says of the lead without it; "" where that was not worked out."""


def told_reasons(
    attribution: Attribution,
    lead: Leads,
    hide: Hiding,
    *,
    rank: int | None = None,
    place_of: Callable[[float], int] | None = None,
) -> tuple[Told, ...]:
    """The strongest fields and turns, strongest first; where reasons were proved, those alone whose proof holds.

    Args:
        lead: The one that was explained, as it was brought in.
        rank: Where it stands.
        place_of: The place that it would have, once its score moves so far.
    """
    bare = without_names(attribution, lead)
    speakers = [turn.speaker for turn in turns_of(lead, masked=True)]
    them = customer(speakers)
    found = []
    for unit in shown(bare, (*bare.fields, *bare.turns), MOST):
        words = _field(unit, hide) if unit.kind == "field" else _turn(unit, them, hide)
        found.append(Told(words, unit.value > 0, _without(bare, unit, rank, place_of)))
    return tuple(found)


def _field(unit: Contribution, hide: Hiding) -> str:
    value = HIDDEN if unit.text and is_personal(unit.name) else hide(unit.text)
    return f"{shown_name(unit.name)}: {value or 'not known'}"


def _turn(unit: Contribution, them: str | None, hide: Hiding) -> str:
    who = "Somebody" if not unit.speaker or them is None else "You" if unit.speaker == them else "Our side"
    said = hide(unit.text)
    return f"{who} said: “{said if len(said) <= QUOTED else said[: QUOTED - 1].rstrip() + '…'}”"


def _without(
    attribution: Attribution, unit: Contribution, rank: int | None, place_of: Callable[[float], int] | None
) -> str:
    proof, now = proof_of(attribution, unit), attribution.unchanged
    if proof is None or now is None:
        return ""
    if rank is not None and place_of is not None:
        place = place_of(proof.score - now.score)
        return f"place {place:,} instead of {rank:,}" if place != rank else f"place {rank:,} as now"
    before, after = f"{now.probability:.1%}", f"{proof.probability:.1%}"
    return f"a chance of {after} instead of {before}" if before != after else f"a chance of {before} as now"
