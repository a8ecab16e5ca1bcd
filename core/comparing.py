"""Why lead A stands above lead B, in sentences that anybody understands, and as plain values for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from core.attribution import from_dict as attribution_from_dict
from core.attribution import quoted
from core.attribution import to_dict as attribution_to_dict
from core.data.prompts import shown_name
from core.errors import LeadRankError
from core.pair_proofs import pair_proof_of, proved
from core.pair_reasons import TOLERANCE, Compared, PairProof, PairReasons, TierPart
from core.proofs import LEAST_SHOWN, strongest

MAIN = 3
"""Reasons in the first sentence. Source: more are not kept in mind."""
CLEAR = 0.6
"""Chance that the first lead is the better one below which the two are told as nearly a tie. Source: ours."""
WORTH_TELLING = 0.1
"""Share of what was taught from which a tier is named."""
PAIRS = "the model's score for pairs"
"""What is split, as it is called."""
QUEUES = {
    "pointwise": "the queue goes by each lead's own chance alone",
    "blend": "the queue also counts each lead's own chance",
}
"""What sets the queue apart from it, by what it is ordered by."""
HOW_CHECKED = (
    "The points are an estimate of each one's share; what is told after them is what the model really says once it is "
    "left out, so the two may differ."
)


def shown(found: PairReasons, top: int) -> list[Compared]:
    """The `top` parts of the largest size, largest first, without those that do not hold or read 0.00."""
    return strongest([c for c in found.contributions if proved(found, c) is not False], top)


def sentences(found: PairReasons) -> list[str]:
    """Two sentences: what parts the two leads most, and what chance the model gives their order."""
    found = _first_on_top(found)
    first, second = found.a.lead_id, found.b.lead_id
    speaking = [c for c in shown(found, len(found.contributions)) if c.value > 0 and _nameable(found, c)][:MAIN]
    sure = (
        f"The model rates the chance that {first} is the better lead at {_percent(found.probability)}, a figure that "
        "was not checked against outcomes."
    )
    verb = "would come before" if found.against_queue else "stands above"
    if found.difference < LEAST_SHOWN or not (speaking or found.proofs):
        return [f"The model sees leads {first} and {second} as equal: nothing puts one of them first.", sure]
    if not speaking:
        return [f"Lead {first} {verb} lead {second}, but no field or turn could be proved to be why.", sure]
    because = _listed([_told(c, "", f" of lead {second}") for c in speaking])
    if found.probability < CLEAR:
        return [f"It is nearly a tie: lead {first} {verb} lead {second} by little, because of {because}.", sure]
    return [f"Lead {first} {verb} lead {second} mainly because of {because}.", sure]


def taught(found: PairReasons) -> str:
    """Which tiers of the funnel teach this order, strongest first; or why that is not known."""
    if not found.tiers:
        return found.unknown
    told = sorted(_first_on_top(found).tiers, key=lambda part: -part.value)
    whole = sum(max(part.value, 0.0) for part in told)
    if whole <= 0:
        return f"No step of the funnel {'taught' if found.tiers_sum else 'pushes'} this order more than the other."
    of = " of what pairs taught for it" if found.tiers_sum else " of their push towards it"
    named = ", ".join(
        f"{part.words or 'what no step of the funnel accounts for'} ({part.value / whole:.0%}{'' if number else of})"
        for number, part in enumerate(told)
        if part.value / whole >= WORTH_TELLING
    )
    contrary = [part.words for part in told[::-1] if part.words and -part.value / whole >= WORTH_TELLING]
    if found.tiers_sum:
        text = f"This order was taught mainly by pairs of past leads: {named}."
        against = f" Pairs of {_listed(contrary)} taught the opposite, less strongly." if contrary else ""
    else:
        text = f"Of the pairs of past leads that taught the model, these push most towards this order: {named}."
        against = f" Pairs of {_listed(contrary)} push the other way." if contrary else ""
    return text + against


def notes(found: PairReasons) -> list[str]:
    """What must be known to read the reasons rightly; [] where there is nothing."""
    told, counted = [], QUEUES.get(found.rank_by, "the queue goes by another score")
    if found.against_queue:
        above = found.a.lead_id if found.queue_difference > 0 else found.b.lead_id
        told.append(
            f"The queue has lead {above} above the other all the same: {counted}, and this compares the two leads."
        )
    elif found.rank_by in QUEUES and abs(found.queue_difference - found.difference) >= LEAST_SHOWN:
        told.append(
            f"What is split here is {PAIRS}, in which the two are {abs(found.difference):.2f} apart; in the rank score "
            f"they are {abs(found.queue_difference):.2f} apart, since {counted}."
        )
    if wrong := sum(proved(found, c) is False for c in found.contributions):
        one = wrong == 1
        told.append(
            f"{wrong} {'other looks' if one else 'others look'} like {'a reason' if one else 'reasons'} and "
            f"{'is' if one else 'are'} not shown: without {'it' if one else 'them'} the two leads stay as far apart, "
            "or move the other way."
        )
    if not found.converged:
        told.append(f"These figures are rough: their sum is off by {found.relative_error:.0%}.")
    for each in (found.a, found.b):
        if each.truncated_turns:
            turns = "oldest turn" if each.truncated_turns == 1 else f"{each.truncated_turns} oldest turns"
            told.append(
                f"The {turns} of lead {each.lead_id} did not fit into the model's token limit and count nothing."
            )
    return told


def to_dict(found: PairReasons) -> dict[str, Any]:
    """JSON-able: what programs read, the sentences for people, and each lead's own reasons under `explained`."""
    return {
        "lead_a": found.a.lead_id,
        "lead_b": found.b.lead_id,
        "difference": found.difference,
        "probability_a_above_b": found.probability,
        "contributions": [{**asdict(c), **_evidence(found, c)} for c in found.contributions],
        "convergence": {
            "relative_error": found.relative_error,
            "tolerance": TOLERANCE,
            "converged": found.converged,
        },
        "sentences": sentences(found),
        "tiers": [asdict(part) for part in found.tiers],
        "tiers_sum": found.tiers_sum,
        "taught": taught(found),
        "notes": notes(found),
        "rank_by": found.rank_by,
        "queue_difference": found.queue_difference,
        "unknown": found.unknown,
        "proofs": [asdict(proof) for proof in found.proofs],
        "explained": {"a": attribution_to_dict(found.a), "b": attribution_to_dict(found.b)},
    }


def from_dict(document: dict[str, Any]) -> PairReasons:
    """What `to_dict` wrote, read back; all that follows from it is computed anew.

    Raises:
        LeadRankError: the document is something else.
    """
    try:
        a, b = (attribution_from_dict(document["explained"][name]) for name in ("a", "b"))
        tiers = tuple(TierPart(**entry) for entry in document["tiers"])
        difference, rank_by = float(document["queue_difference"]), str(document["rank_by"])
        tiers_sum = bool(document.get("tiers_sum", True))  # older versions knew of no other
        proofs = tuple(PairProof(**entry) for entry in document.get("proofs", ()))
        return PairReasons(a, b, difference, rank_by, tiers, tiers_sum, str(document["unknown"]), proofs)
    except (KeyError, TypeError, ValueError) as error:
        raise LeadRankError(
            f"expected a comparison as it was kept, however: {error!r} in it is missing or wrong; compare again"
        ) from error


def as_text(found: PairReasons, top: int = 8) -> str:
    """A short report: the sentences, what taught the order, the strongest contributions, notes."""
    a, b, parts = found.a.lead_id, found.b.lead_id, shown(found, top)
    rest = found.difference - sum(c.value for c in parts)
    lines = [
        *sentences(found),
        taught(found),
        f"What parts them, in points of {PAIRS} (+ for {a}, - for {b}; {found.difference:+.2f} in all):",
        *(f"  {c.value:+.2f}  {_told(c, f' of lead {a}', f' of lead {b}')}{_without(found, c)}" for c in parts),
        f"  {rest:+.2f}  everything else" if abs(rest) >= LEAST_SHOWN else "",
        HOW_CHECKED if any(pair_proof_of(found, c) for c in parts) else "",
        *notes(found),
    ]
    return "\n".join(line for line in lines if line)


def consequence(found: PairReasons, c: Compared) -> str:
    """What becomes of the order without one part, in a few words; "" where that was not tried."""
    proof = pair_proof_of(found, c)
    if proof is None:
        return ""
    before, after = found.difference, proof.difference
    if before * after < 0:
        return f"without it {found.b.lead_id if before > 0 else found.a.lead_id} would come first"
    return f"without it they are {abs(after):.2f} apart, not {abs(before):.2f}"


def _without(found: PairReasons, c: Compared) -> str:
    return f"; {consequence(found, c) or 'not checked'}" if found.proofs else ""


def _evidence(found: PairReasons, c: Compared) -> dict[str, Any]:
    """The difference without one part, and whether that proves it: null where it was not tried."""
    proof = pair_proof_of(found, c)
    return {"difference_without": None if proof is None else proof.difference, "proved": proved(found, c)}


def _nameable(found: PairReasons, c: Compared) -> bool:
    """Whether a sentence may give it as the reason: where any was proved, it has to be, if it can."""
    return not found.proofs or c.kind == "shape" or proved(found, c) is True


def _first_on_top(found: PairReasons) -> PairReasons:
    """The same with the lead that comes first as A."""
    return found if found.difference >= 0 else found.turned()


def _told(c: Compared, of_a: str, of_b: str) -> str:
    """One contribution in a few words; `of_a`, `of_b`: whose turn it is."""
    if c.kind == "shape":
        return "the length of the conversations and what is not told"
    if c.kind == "field":
        return f"{shown_name(c.name)} ({quoted(c.text)})"
    who = f"{c.speaker or 'somebody'}{of_a if c.lead == 'a' else of_b}"
    return f'what {who} said ("{quoted(c.text)}")'


def _listed(clauses: Sequence[str]) -> str:
    """All of them in one line.

    >>> _listed(["a", "b", "c"]), _listed(["a"])
    ('a, b and c', 'a')
    """
    return clauses[0] if len(clauses) == 1 else f"{', '.join(clauses[:-1])} and {clauses[-1]}"


def _percent(share: float) -> str:
    """Never all of it.

    >>> _percent(0.834), _percent(0.999), _percent(0.5)
    ('83%', 'more than 99%', '50%')
    """
    return f"{share:.0%}" if share < 0.995 else "more than 99%"
