"""The main reasons of a place, proved, each as one line that the person concerned can read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.data.leads import Leads
from core.data.speakers import customer
from core.disclosure.hiding import HIDDEN, Hiding, is_of_staff, is_personal
from core.disclosure.wording import field_words, value_words
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
    """What the model says of the lead without it."""


def told_reasons(
    attribution: Attribution,
    lead: Leads,
    hide: Hiding,
    *,
    rank: int | None = None,
    place_of: Callable[[float], int] | None = None,
) -> tuple[Told, ...]:
    """The strongest fields and turns whose proof holds, strongest first; those without which nothing that can be told
    changes are left out.

    Args:
        attribution: With its proofs; without any there is nothing to tell.
        lead: The one that was explained, as it was brought in.
        rank: Where it stands.
        place_of: The place that it would have, once its score moves so far.
    """
    bare = without_names(attribution, lead)
    speakers = [turn.speaker for turn in turns_of(lead, masked=True)]
    them = customer(speakers)
    units, found = (*bare.fields, *bare.turns), []
    for unit in shown(bare, units, len(units)):
        if without := _without(bare, unit, rank, place_of):
            words = _field(unit, lead, hide) if unit.kind == "field" else _turn(unit, them, hide)
            found.append(Told(words, unit.value > 0, without))
    return tuple(found[:MOST])


def _field(unit: Contribution, lead: Leads, hide: Hiding) -> str:
    if is_of_staff(unit.name):
        return f"Who looks after you: {field_words(unit.name)}"
    hidden = unit.text and is_personal(unit.name)
    value = HIDDEN if hidden else hide(value_words(unit.text, unit.name in lead.schema.features.categorical))
    return f"{field_words(unit.name)}: {value or 'not known'}"


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
    if rank is not None and place_of is not None and (place := place_of(proof.score - now.score)) != rank:
        return f"place {place:,} instead of {rank:,}"
    before, after = f"{now.probability:.1%}", f"{proof.probability:.1%}"
    # The place may move one way while the chance moves the other: then neither would say what is meant.
    same_way = (proof.probability < now.probability) == (unit.value > 0)
    return f"a chance of {after} instead of {before}" if before != after and same_way else ""
