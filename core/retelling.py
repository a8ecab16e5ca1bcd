"""An attribution for the screen: without names and numbers of people, for and against apart.

The other way, with names, is `attribution.in_clear`.

A model reads masked text ("[name]") or, where its run says so, the text as it was. Which words carry how much stays the
same: several words that one placeholder stands for are summed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.attribution import sentence
from core.data.dialogue import Turn, parse_turns
from core.data.leads import Leads
from core.data.masking import Masked, mask
from core.proofs import shown
from core.scores import Attribution, Contribution

_VERDICT = re.compile(r" — speaks (?:for|against) this lead(?= \([+-])")


def turns_of(lead: Leads, *, masked: bool) -> tuple[Turn, ...]:
    """The dialogue of the one lead in `lead`, oldest turn first; masking keeps turns as they are parted."""
    dialogue = str(lead.dialogue.iat[0])
    return parse_turns(mask(dialogue).text if masked else dialogue)


def without_names(attribution: Attribution, lead: Leads) -> Attribution:
    """With `[name]`, `[phone]` and the like in their place; `lead`: the one that was explained, as it was brought in.

    An attribution of masked words comes back as it was.
    """
    dialogue = str(lead.dialogue.iat[0])
    hidden, shown = mask(dialogue), turns_of(lead, masked=True)
    turns, words = [], _of_fields(attribution, lead.schema.features.text)
    for turn in attribution.turns:
        own = [word for word in attribution.words if word.turn == turn.turn]
        told = shown[turn.turn] if turn.turn is not None and turn.turn < len(shown) else Turn(turn.speaker, turn.text)
        if told.words != turn.text:
            own = _hide(own, dialogue, hidden, _start(dialogue, turn.turn or 0))
        turns.append(replace(turn, text=told.words, speaker=told.speaker))
        words += [replace(word, speaker=told.speaker) for word in own]
    texts = lead.schema.features.text
    fields = (
        replace(field, text=mask(field.text).text) if field.name in texts else field for field in attribution.fields
    )
    return replace(attribution, turns=tuple(turns), words=tuple(words), fields=tuple(fields))


def _of_fields(attribution: Attribution, texts: Sequence[str]) -> list[Contribution]:
    """Words of fields, those of the fields `texts` masked."""
    told: list[Contribution] = []
    for field in attribution.fields:
        own = [word for word in attribution.words if word.turn is None and word.text == field.name]
        hidden = mask(field.text)
        told += _hide(own, field.text, hidden, 0) if field.name in texts and hidden.text != field.text else own
    return told


@dataclass(frozen=True)
class Reason:
    """A field or turn that moved the score, and how it is told; which way it speaks is not said in the words."""

    unit: Contribution
    words: str


def reasons_apart(attribution: Attribution, top: int = 5) -> tuple[list[Reason], list[Reason]]:
    """The `top` fields and turns that speak most for the lead and those that speak most against it, strongest first.

    Where reasons were proved, those alone whose proof holds.
    """

    def told(sign: int) -> list[Reason]:
        units = [c for c in (*attribution.fields, *attribution.turns) if c.value * sign > 0]
        words = attribution.words
        return [Reason(c, _VERDICT.sub("", sentence(c, words))) for c in shown(attribution, units, top)]

    return told(1), told(-1)


def for_and_against(attribution: Attribution, top: int = 5) -> tuple[list[str], list[str]]:
    """`reasons_apart` as sentences."""
    speaking, against = reasons_apart(attribution, top)
    return [reason.words for reason in speaking], [reason.words for reason in against]


def _hide(words: Sequence[Contribution], said: str, hidden: Masked, at: int) -> list[Contribution]:
    """Words of `said` from `at` on, those that a placeholder stands for as that placeholder, with their sum."""
    told: list[Contribution] = []
    latest = None
    for word in words:
        start = said.find(word.name, at)
        if start < 0:
            continue
        at = start + len(word.name)
        span = next((s for s in hidden.spans if s.original_start < at and start < s.original_end), None)
        if span is not None and span == latest:
            told[-1] = replace(told[-1], value=told[-1].value + word.value)
        else:
            told.append(word if span is None else replace(word, name=f"[{span.kind}]"))
        latest = span
    return told


def _start(dialogue: str, turn: int) -> int:
    """Where the words of a turn begin in a dialogue of one turn a line."""
    lines = dialogue.split("\n")
    before = sum(len(line) + 1 for line in lines[:turn])
    parsed = parse_turns(lines[turn]) if turn < len(lines) else ()
    return before + (len(lines[turn]) - len(parsed[0].words) if parsed else 0)
