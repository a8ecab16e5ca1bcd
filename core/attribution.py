"""Why a lead got its score, in words that a sales manager reads, and as plain values for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, asdict, dataclass, fields, replace
from typing import Any

from core.data.dialogue import parse_turns
from core.data.leads import Leads
from core.data.masking import PLACEHOLDER, Masked, mask, unmask
from core.data.prompts import shown_name, shown_value
from core.errors import LeadRankError
from core.proofs import LEAST_SHOWN, SURE, consequence, dropped, shown, strongest, sureness
from core.scores import Attribution, Contribution, Proof

QUOTED = 80
"""Most characters of a turn that are quoted."""
MARKS = ".,;:!?…\"'“”„«»()。，、；：！？（）「」"
"""Marks that are no part of a word."""


def reasons(attribution: Attribution, top: int = 5) -> list[str]:
    """The `top` fields and turns that moved the score most, a sentence each, strongest first.

    Where reasons were proved, those alone whose proof holds.

    Example:
        >>> field = Contribution("field", "days_since_last_call", "2", 0.41)
        >>> turn = Contribution("turn", "turn 1", "No, thanks.", -0.22, 0, "Customer")
        >>> for line in reasons(Attribution("L1", "pairwise", 1.0, 0.81, 0.0, True, 32, (field,), (turn,), ())):
        ...     print(line)
        days since last call: 2 — speaks for this lead (+0.41)
        Customer said "No, thanks." — speaks against this lead (-0.22)
    """
    return [sentence(c, attribution.words) for c in _shown(attribution, top)]


def notes(attribution: Attribution) -> list[str]:
    """What must be known to read the reasons rightly; [] where there is nothing."""
    found = []
    if not attribution.converged and attribution.steps == 1:
        found.append(
            "The points are a first estimate, after a single look: what is marked sure has a sure direction, not a "
            "sure size."
        )
    elif not attribution.converged:
        error = f"{attribution.relative_error:.0%} after {attribution.steps} steps"
        found.append(f"These figures are rough: their sum is off by {error}.")
    if left := attribution.truncated_turns:
        turns = "oldest turn" if left == 1 else f"{left} oldest turns"
        found.append(f"The {turns} did not fit into the model's token limit and could not move the score.")
    if gone := dropped(attribution):
        one = gone == 1
        found.append(
            f"{gone} {'other looks' if one else 'others look'} like {'a reason' if one else 'reasons'} and "
            f"{'is' if one else 'are'} not shown: without {'it' if one else 'them'} the score stays the same, or moves "
            "the other way."
        )
    return found


def unexplained(attribution: Attribution) -> float:
    """What fields and turns leave of `logit - baseline_logit`, in units of the logit; 0 were the integral exact."""
    explained = sum(c.value for c in (*attribution.fields, *attribution.turns))
    return attribution.logit - attribution.baseline_logit - explained


def to_dict(attribution: Attribution, top: int = 5) -> dict[str, Any]:
    """JSON-able: everything in the attribution, with reasons and notes."""
    return {
        **asdict(attribution),
        "unexplained": unexplained(attribution),
        "reasons": reasons(attribution, top),
        "notes": notes(attribution),
    }


def from_dict(document: dict[str, Any]) -> Attribution:
    """What `to_dict` wrote, read back; reasons and notes are computed anew when asked for.

    Raises:
        LeadRankError: the document is something else.
    """
    try:
        # What older versions did not keep yet has a default.
        values = {f.name: document[f.name] for f in fields(Attribution) if f.name in document or f.default is MISSING}
        parts: dict[str, Any] = {
            name: tuple(Contribution(**{**entry, "value": float(entry["value"])}) for entry in values[name])
            for name in ("fields", "turns", "words")
        }
        parts["proofs"] = tuple(Proof(**entry) for entry in values.get("proofs", ()))
        parts["unchanged"] = Proof(**values["unchanged"]) if values.get("unchanged") else None
    except (KeyError, TypeError, ValueError) as error:
        raise LeadRankError(
            f"expected an explanation as it was kept, however: {error!r} in it is missing or wrong; explain again"
        ) from error
    return Attribution(**{**values, **parts})


def in_clear(attribution: Attribution, leads: Leads) -> Attribution:
    """The same reasons with the words that were really said in place of [name] and the like, for who may read them.

    Args:
        leads: with the lead as the dataset has it, not masked.

    Raises:
        LeadRankError: the lead is not there, or says something else than what was explained.
    """
    row = leads.row_of(attribution.lead_id)
    told = (*attribution.fields, *attribution.turns)
    if not any(PLACEHOLDER.search(f"{c.speaker} {c.text}") for c in told):
        return attribution
    sources = _sources(leads, row)
    begun = {key: source.start for key, source in sources.items()}

    def clear(c: Contribution) -> Contribution:
        if c.kind == "field":
            return replace(c, text=shown_value(sources[c.name].original)) if c.name in sources else c
        key = c.turn if c.turn is not None else c.text
        source, start = sources[key], begun[key]
        if c.kind == "turn":
            if not source.masked.text.startswith(c.text, source.start):
                raise ValueError
            said = unmask([c.text], source.masked, source.original, source.start)[0]
            return replace(c, text=said, speaker=source.speaker)
        # The words of one source come in the order in which they stand.
        begun[key] = source.masked.text.index(c.name, start) + len(c.name)
        said = unmask([c.name], source.masked, source.original, start)[0]
        return replace(c, name=said, speaker=source.speaker)

    try:
        fields_, turns, words = (
            tuple(map(clear, part)) for part in (attribution.fields, attribution.turns, attribution.words)
        )
    except (KeyError, ValueError):
        raise LeadRankError(
            f"expected the words of lead '{attribution.lead_id}' as they were explained, however: it says something "
            "else now; explain it again"
        ) from None
    return replace(attribution, fields=fields_, turns=turns, words=words)


@dataclass(frozen=True)
class _Source:
    """A masked text, the original, and of a turn where its words begin in the masked one, and who really speaks."""

    masked: Masked
    original: str
    start: int = 0
    speaker: str = ""


def _sources(leads: Leads, row: int) -> dict[int | str, _Source]:
    """By the number of the turn, and by text field."""
    names = leads.schema.features.text
    found: dict[int | str, _Source] = {
        name: _Source(mask(text), text) for name in names for text in [str(leads.features[name].iat[row])]
    }
    dialogue = str(leads.dialogue.iat[row])
    masked, end = mask(dialogue), 0
    for number, line in enumerate(line.strip() for line in masked.text.split("\n") if line.strip()):
        start = masked.text.index(line, end)
        end, turn = start + len(line), parse_turns(line)[0]
        speaker = unmask([turn.speaker], masked, dialogue, start)[0]
        found[number] = _Source(masked, dialogue, end - len(turn.words), speaker)
    return found


def as_text(attribution: Attribution, top: int = 5) -> str:
    """A short report: the score, its reasons with their proofs, the words that moved it most, notes."""
    told = [line for c in _shown(attribution, top) for line in _with_proof(attribution, c)]
    words = [f'"{_bare(c.name)}" {c.value:+.2f}' for c in strongest(attribution.words, 2 * top)]
    lines = [
        f"Why lead {attribution.lead_id} has the {attribution.head} score {attribution.logit:+.2f} "
        f"({attribution.baseline_logit:+.2f} for a lead that says nothing):",
        *(_how_to_read(attribution, top) if told else []),
        *(told or ["  nothing in it moves the score away from that of a lead that says nothing"]),
        *([f"Words that moved it most: {', '.join(words)}"] if words else []),
        *notes(attribution),
    ]
    return "\n".join(lines)


def _shown(attribution: Attribution, top: int) -> list[Contribution]:
    return shown(attribution, (*attribution.fields, *attribution.turns), top)


def _how_to_read(attribution: Attribution, top: int) -> list[str]:
    """On which scales the reasons are told, and what their marks mean."""
    found, now = [], attribution.unchanged
    if now is not None:
        # Of a queue that goes by the explained head alone the two scores are one.
        other = "" if abs(now.score - now.logit) < LEAST_SHOWN else " (on another scale)"
        then = "chance" if attribution.head == "pointwise" else f"rank score{other} and chance"
        found.append(
            f"In brackets an estimate in points of the {attribution.head} score; below it what the model's {then} "
            "really would be without it."
        )
    marks = {sureness(attribution, c) for c in _shown(attribution, top)}
    return found + [f"{mark.capitalize()}: {text[0].lower()}{text[1:]}" for mark, text in SURE.items() if mark in marks]


def _bare(word: str) -> str:
    """Without the marks around it.

    Example:
        >>> _bare("enquiry."), _bare("“Mm,”"), _bare("[name]"), _bare("…")
        ('enquiry', 'Mm', '[name]', '…')
    """
    return word.strip(MARKS) or word


def _with_proof(attribution: Attribution, c: Contribution) -> list[str]:
    sure = sureness(attribution, c)
    lines = [f"  {sentence(c, attribution.words)}{f', {sure}' if sure else ''}"]
    return lines + [f"      {proof}" for proof in [consequence(attribution, c)] if proof]


def sentence(c: Contribution, words: Sequence[Contribution]) -> str:
    """A field or turn as a reason; `words`: those of the whole attribution."""
    verdict = f"speaks {'for' if c.value > 0 else 'against'} this lead ({c.value:+.2f})"
    if c.kind == "field":
        return f"{shown_name(c.name)}: {quoted(c.text) or 'not known'} — {verdict}"
    said = f'{c.speaker or "somebody"} said "{quoted(c.text)}" — {verdict}'
    agreeing = [word for word in words if word.turn == c.turn and word.value * c.value > 0]
    # The end of a long turn is not quoted, and the words that count may stand there.
    if len(c.text) > QUOTED and agreeing:
        said += f', above all "{_bare(max(agreeing, key=lambda word: abs(word.value)).name)}"'
    return said


def quoted(text: str) -> str:
    """As much of it as is quoted."""
    return text if len(text) <= QUOTED else text[: QUOTED - 1].rstrip() + "…"
