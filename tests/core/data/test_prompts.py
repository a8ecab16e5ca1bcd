"""Prompts: nothing of the question is lost, spans point at the right words, the oldest talk goes first."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.leads import Leads
from core.data.prompts import INSTRUCTION, QUESTION, PromptWriter
from core.data.schema import Features, Roles, Schema
from core.errors import ConfigError


def characters(texts):
    """One token a character: a tokenizer simple enough to check spans by hand."""
    return [[ord(c) for c in text] for text in texts], [[(i, i + 1) for i in range(len(text))] for text in texts]


def leads(dialogue: str, a: float = 2.5, city: str = "Ulm", title: str = "Lease offer") -> Leads:
    roles = pd.DataFrame({"lead_id": ["1"], "dialogue": [dialogue]})
    features = pd.DataFrame({"days_open": [a], "city": [city], "ticket_title": [title]})
    return Leads(roles, features, Schema(Roles("lead_id"), Features(("days_open",), ("city",), ("ticket_title",))))


def text(prompt) -> str:
    return "".join(map(chr, prompt.ids))


def of_part(prompt, index: int) -> str:
    return "".join(chr(i) for i in prompt.ids[prompt.part == index])


TALK = "Specialist: Hello.\nCustomer: At 10:30, please."


def test_the_whole_prompt_reads_as_intended() -> None:
    (prompt,) = PromptWriter(characters).write(leads(TALK))
    assert text(prompt) == (
        INSTRUCTION + "Customer information:\n- days open: 2.5\n- city: Ulm\n- ticket title: Lease offer\n"
        "Calls with the customer, oldest first:\nSpecialist: Hello.\nCustomer: At 10:30, please.\n" + QUESTION
    )
    assert prompt.dropped_turns == 0


def test_spans_hold_the_values_and_the_words_alone() -> None:
    (prompt,) = PromptWriter(characters).write(leads(TALK))
    said = [of_part(prompt, index) for index in range(len(prompt.parts))]
    assert said == [part.text for part in prompt.parts]
    assert [part.name for part in prompt.parts] == ["days_open", "city", "ticket_title", "turn 1", "turn 2"]
    assert [part.speaker for part in prompt.parts[3:]] == ["Specialist", "Customer"]
    for index, part in enumerate(prompt.parts):
        for start, end in prompt.offsets[prompt.part == index]:
            assert 0 <= start < end <= len(part.text)


def test_without_fields_short_texts_stay() -> None:
    (prompt,) = PromptWriter(characters, include_fields=False).write(leads(TALK))
    assert "ticket title: Lease offer" in text(prompt) and "days open" not in text(prompt)


@given(limit=st.integers(220, 420), turns=st.integers(0, 12))
def test_the_limit_holds_and_the_newest_talk_and_the_question_stay(limit: int, turns: int) -> None:
    speakers = ("Specialist", "Customer")
    talk = "\n".join(f"{speakers[k % 2]}: this is what was said as number {k}" for k in range(turns))
    (prompt,) = PromptWriter(characters, limit).write(leads(talk))
    assert len(prompt) <= limit
    assert text(prompt).endswith(QUESTION) and text(prompt).startswith(INSTRUCTION)
    kept = [part.turn for part in prompt.parts if part.kind == "turn"]
    assert kept == list(range(prompt.dropped_turns, turns))
    if turns and limit > 330:
        assert f"number {turns - 1}" in text(prompt)


def test_one_endless_turn_loses_its_beginning() -> None:
    (prompt,) = PromptWriter(characters, 330).write(leads("Customer: " + "early " * 100 + "the very end"))
    assert len(prompt) <= 330 and "the very end\n" + QUESTION in text(prompt)
    part = next(index for index, part in enumerate(prompt.parts) if part.kind == "turn")
    assert prompt.parts[part].text.endswith(of_part(prompt, part))


def test_missing_values_are_not_told() -> None:
    (prompt,) = PromptWriter(characters).write(leads("", a=np.nan, city=""))
    assert "days open" not in text(prompt) and "city" not in text(prompt) and "Calls with" not in text(prompt)


def test_a_limit_without_room_is_refused() -> None:
    with pytest.raises(ConfigError, match="max_tokens must be at least"):
        PromptWriter(characters, 100).write(leads(TALK))
