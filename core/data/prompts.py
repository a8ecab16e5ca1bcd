"""One lead as one prompt, section by section, with the place of every field value and every turn kept.

    instruction | field lines | "Calls with the customer, oldest first:" | turns, newest last | question "... Answer:"
                                                                    ^ dropped from the oldest end to fit `max_tokens`

Source: prompt of the authors' code in English (method 1.3): instruction, fields, talk, no chat template.
# DIFF: newest talk stands last, next to the question, and the oldest is dropped; the authors put the newest first and
# cut the end of the prompt, which cuts the question's neighbourhood.
# DIFF: the question ends in "Answer:", so that the next token is Yes or No; the authors append a padding token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.dialogue import parse_turns
from core.data.leads import Leads
from core.errors import ConfigError

INSTRUCTION = (
    "You are a sales expert. From the following information judge whether this customer will place an order.\n"
)
FIELDS_TITLE = "Customer information:\n"
DIALOGUE_TITLE = "Calls with the customer, oldest first:\n"
QUESTION = "Will this customer place an order? Answer:"

Tokenize = Callable[[Sequence[str]], tuple[list[list[int]], list[list[tuple[int, int]]]]]
"""Texts to (token ids, character offsets) per text, without special tokens and never reading any from the text."""


@dataclass(frozen=True)
class Part:
    """A piece of the lead that can be given as a reason: a field's value or a turn."""

    kind: str
    name: str
    text: str
    turn: int | None = None
    speaker: str = ""


@dataclass(frozen=True)
class Tokens:
    """One lead as a language model reads it: `ids` (L,) int64. Tokens from `body` on tell this lead from others."""

    ids: np.ndarray
    body: int

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Prompt(Tokens):
    """One lead in tokens, and what each of them stands for.

    Shape: ids, part and offsets run over the same L tokens. `part` is the index into `parts` of the value or turn that
    a token belongs to, -1 for structure (instruction, field names, speakers, question). `offsets` (L, 2) are characters
    within that part's text.
    """

    part: np.ndarray
    offsets: np.ndarray
    parts: tuple[Part, ...]
    dropped_turns: int


@dataclass(frozen=True)
class PromptWriter:
    """Writes leads as prompts of at most `max_tokens` tokens; `include_fields` also tells numbers and categories."""

    tokenize: Tokenize
    max_tokens: int = 2000
    include_fields: bool = True

    def write(self, leads: Leads) -> list[Prompt]:
        """One prompt per lead, in order.

        Raises:
            ConfigError: the token limit has no room for the question and some of the lead.
        """
        texts: list[str] = [INSTRUCTION, QUESTION, DIALOGUE_TITLE]
        plans = []
        for row in range(len(leads)):
            lines = self._field_lines(leads, row)
            turns = parse_turns(str(leads.dialogue.iat[row]))
            spoken = [f"{turn.speaker}: {turn.words}\n" if turn.speaker else f"{turn.words}\n" for turn in turns]
            plans.append((lines, turns, len(texts)))
            texts += [FIELDS_TITLE + "".join(line for line, _ in lines)] if lines else []
            texts += spoken
        ids, offsets = self.tokenize(texts)
        fixed = len(ids[0]) + len(ids[1])
        if fixed + 16 > self.max_tokens:
            raise ConfigError(
                f"max_tokens must be at least {fixed + 16} to hold the question, however: got={self.max_tokens}"
            )
        return [self._assemble(lines, turns, start, ids, offsets) for lines, turns, start in plans]

    def _field_lines(self, leads: Leads, row: int) -> list[tuple[str, Part]]:
        features = leads.schema.features
        columns: tuple[str, ...] = features.columns() if self.include_fields else features.text
        lines = []
        for column in columns:
            value = shown_value(leads.features[column].iat[row])
            if value:
                lines.append((f"- {shown_name(column)}: {value}\n", Part("field", column, value)))
        return lines

    def _assemble(self, lines, turns, start: int, ids, offsets) -> Prompt:
        room = self.max_tokens - len(ids[0]) - len(ids[1])
        sections: list[tuple[Sequence[int], np.ndarray, np.ndarray]] = []
        parts: list[Part] = []
        if lines:
            spent = min(len(ids[start]), room if not turns else max(room // 2, room - 512))
            part, within = _locate_values(lines, np.asarray(offsets[start][:spent], dtype=np.int64))
            sections.append((ids[start][:spent], part, within))
            parts += [p for _, p in lines]
            room -= spent
            start += 1
        first, cut = _newest(([len(ids[start + k]) for k in range(len(turns))]), room - len(ids[2]))
        if first < len(turns):
            sections.append(_structure(ids[2]))
        for k in range(first, len(turns)):
            skip = cut if k == first else 0
            lead_in = len(f"{turns[k].speaker}: ") if turns[k].speaker else 0
            spans = np.asarray(offsets[start + k], dtype=np.int64)[skip:] - lead_in
            of_words = (spans[:, 1] > 0) & (spans[:, 0] < len(turns[k].words))
            sections.append(
                (
                    ids[start + k][skip:],
                    np.where(of_words, len(parts), -1),
                    np.clip(spans, 0, len(turns[k].words)),
                )
            )
            parts.append(Part("turn", f"turn {k + 1}", turns[k].words, k, turns[k].speaker))
        body = [_structure(ids[0]), *sections, _structure(ids[1])]
        return Prompt(
            np.concatenate([np.asarray(section[0], dtype=np.int64) for section in body]),
            len(ids[0]),
            np.concatenate([section[1] for section in body]),
            np.concatenate([section[2] for section in body]),
            tuple(parts),
            first,
        )


def _newest(lengths: list[int], room: int) -> tuple[int, int]:
    """First turn that is kept, and how many tokens of its start are dropped, so that the newest turns fill `room`."""
    first, total = len(lengths), 0
    while first > 0 and total + lengths[first - 1] <= room:
        first -= 1
        total += lengths[first]
    if first == len(lengths) and lengths and room > 0:
        return first - 1, lengths[-1] - room
    return first, 0


def _structure(ids: Sequence[int]) -> tuple[Sequence[int], np.ndarray, np.ndarray]:
    return ids, np.full(len(ids), -1), np.zeros((len(ids), 2), dtype=np.int64)


def _locate_values(lines: list[tuple[str, Part]], offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which field's value each token of the field section belongs to, and where within the value."""
    offsets = offsets.reshape(-1, 2)
    part = np.full(len(offsets), -1)
    within = np.zeros_like(offsets)
    end = len(FIELDS_TITLE)
    for index, (line, field) in enumerate(lines):
        end += len(line)
        low, high = end - 1 - len(field.text), end - 1
        hit = (offsets[:, 1] > low) & (offsets[:, 0] < high)
        part[hit] = index
        within[hit] = np.clip(offsets[hit] - low, 0, len(field.text))
    return part, within


def shown_name(column: str) -> str:
    """A column name as words.

    Example:
        >>> shown_name("days_since_last_call"), shown_name("calls_30d")
        ('days since last call', 'calls in 30 days')
    """
    words = re.sub(r"[\s_]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(column))).strip()
    return re.sub(r" (\d+)d$", r" in \1 days", words)


def shown_value(value: object) -> str:
    """A field's value as text of three significant digits; "" where it is missing.

    Example:
        >>> shown_value(0.133333), shown_value(12.0), shown_value(float("nan")), shown_value(123456.0)
        ('0.133', '12', '', '123456')
    """
    if isinstance(value, float | int | np.number) and not isinstance(value, bool):
        number = float(value)
        if not np.isfinite(number):
            return ""
        if number == round(number) and abs(number) < 1e15:
            return str(int(number))
        return f"{number:.0f}" if abs(number) >= 1000 else f"{number:.3g}"
    if value is None or value is pd.NA:
        return ""
    return re.sub(r"\s+", " ", str(value)).strip()
