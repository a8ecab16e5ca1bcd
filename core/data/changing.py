"""One lead with something changed: another field, another dialogue, or one unit of it left out. The data stay as they
are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import pandas as pd

from core.data.dialogue import Turn
from core.data.leads import Leads
from core.data.prompts import shown_name
from core.errors import LeadRankError

MOST_CHARACTERS = 5_000
"""Longest turn or text that may be tried: more than any that is spoken, less than what would keep the model busy."""


class Unit(Protocol):
    """A field or a turn: what reasons are told in, such as `core.scores.Contribution`."""

    @property
    def kind(self) -> str:
        """`field` or `turn`."""
        ...

    @property
    def name(self) -> str:
        """The field's column; of a turn how it is called."""
        ...

    @property
    def turn(self) -> int | None:
        """0-based position in the whole dialogue; None for fields."""
        ...


def changed_lead(lead: Leads, fields: Mapping[str, object], turns: Sequence[Turn] | None = None) -> Leads:
    """A copy of the one lead in `lead` with some fields and, where `turns` is given, another dialogue.

    Args:
        lead: One lead.
        fields: New values by feature column: a number, or None where unknown; text for the others, "" where missing.
        turns: The whole new dialogue, oldest first; turns without words are left out.

    Raises:
        LeadRankError: no such field, a value of the wrong kind, or text that is too long.
    """
    features = lead.schema.features
    row = lead.features.copy()
    for name, value in fields.items():
        if name not in features.columns():
            raise LeadRankError(f"expected a field of these leads, however: got '{name}'")
        if name in features.numeric:
            row[name] = _number(name, value)
        else:
            row[name] = pd.Series([_text(shown_name(name), value)], dtype=row[name].dtype)
    roles = lead.roles.copy()
    if turns is not None:
        said = ((turn.speaker.strip(), _text("a turn", turn.words)) for turn in turns)
        lines = [f"{speaker}: {words}" if speaker else words for speaker, words in said if words]
        roles["dialogue"] = pd.Series(["\n".join(lines)], dtype=roles["dialogue"].dtype)
    return replace(lead, roles=roles, features=row)


def without(lead: Leads, *units: Unit, unread: int = 0) -> Leads:
    """A copy of the one lead in `lead` without those turns, and with those fields not known; all else to the letter.

    Args:
        unread: oldest turns that a token limit left out. They go as well, so that none of them comes in for the unit.

    Raises:
        LeadRankError: the lead has no such field or turn.
    """
    lines = [line for line in str(lead.dialogue.iat[0]).split("\n") if line.strip()]
    gone = set(range(unread))
    for unit in units:
        if unit.kind == "turn" and unit.turn is not None and 0 <= unit.turn < len(lines):
            gone.add(unit.turn)
        elif unit.kind != "field":
            raise LeadRankError(
                f"expected a field or one of the {len(lines)} turns of lead '{lead.lead_id.iat[0]}', however: got "
                f"{unit.kind} '{unit.name}'"
            )
    unknown = {unit.name: None for unit in units if unit.kind == "field"}
    bare = changed_lead(lead, unknown) if unknown else lead
    return _saying(bare, [line for number, line in enumerate(lines) if number not in gone]) if gone else bare


def with_turn(lead: Leads, turn: Turn) -> Leads:
    """A copy of the one lead in `lead` in which `turn` is said at the end; all else to the letter.

    Raises:
        LeadRankError: nothing is said, or it is too long.
    """
    words = _text("a turn", turn.words)
    if not words:
        raise LeadRankError("a turn needs words, however: got none; say something")
    speaker = " ".join(turn.speaker.split())
    said = f"{speaker}: {words}" if speaker else words
    before = str(lead.dialogue.iat[0]).rstrip("\n")
    dialogue = f"{before}\n{said}" if before else said
    return replace(lead, roles=lead.roles.assign(dialogue=pd.Series([dialogue], dtype=lead.dialogue.dtype)))


def _saying(lead: Leads, lines: Sequence[str]) -> Leads:
    dialogue = pd.Series(["\n".join(lines)], dtype=lead.dialogue.dtype)
    return replace(lead, roles=lead.roles.assign(dialogue=dialogue))


def one_table(leads: Sequence[Leads]) -> Leads:
    """Several copies of one lead as leads of one schema, in order, called "0", "1" and so on, since ids are unique."""
    roles = pd.concat([one.roles for one in leads], ignore_index=True)
    return Leads(
        roles.assign(lead_id=[str(number) for number in range(len(roles))]),
        pd.concat([one.features for one in leads], ignore_index=True),
        leads[0].schema,
    )


def _number(name: str, value: object) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise LeadRankError(f"{shown_name(name)} must be a number, or empty, however: got={value!r}")
    return float(value)


def _text(what: str, value: object) -> str:
    """One line: a line break would begin another turn."""
    text = " ".join(str(value or "").split())
    if len(text) > MOST_CHARACTERS:
        raise LeadRankError(
            f"{what} may have at most {MOST_CHARACTERS:,} characters, however: got={len(text):,}; shorten it"
        )
    return text
