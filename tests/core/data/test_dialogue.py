"""Transcripts in the forms that come, rewritten to one turn a line."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.dialogue import Turn, canonical, parse_turns, spoken_share


def rewrite(*columns: str) -> str:
    return canonical([pd.Series([text], dtype="str") for text in columns]).iloc[0]


@pytest.mark.parametrize(
    ("given_text", "wanted"),
    [
        ("Agent: hi\nCustomer: hello", "Agent: hi\nCustomer: hello"),
        ("客户:你好｜专家:您好", "客户: 你好\n专家: 您好"),
        ("客户：在吗|专家：在", "客户: 在吗\n专家: 在"),
        ("  Agent :hi\r\n\r\nCustomer:\thello \r", "Agent: hi\nCustomer: hello"),
        ("Agent: hi\nare you there?", "Agent: hi are you there?"),
        ("Agent:\nhi", "Agent: hi"),
        ("just a note\nin two lines", "just a note in two lines"),
        ("they called\nAgent: hi", "they called\nAgent: hi"),
        ("[00:12] Agent: hi\n01:02:03 Dr. Weber: hello", "Agent: hi\nDr. Weber: hello"),
        ("mturk_agent_1: hi\nO'Neil: yo", "mturk_agent_1: hi\nO'Neil: yo"),
        ("Agent: a | b", "Agent: a | b"),
        ("Agent: yes\u2028Customer: no", "Agent: yes\nCustomer: no"),
        ("Agent:", ""),
        ("", ""),
    ],
)
def test_forms_that_come(given_text, wanted):
    assert rewrite(given_text) == wanted


@pytest.mark.parametrize(
    "words",
    [
        "at 10:30",
        "https://example.org/a:b",
        "see https://example.org",
        "10:30",
        "2: two",
        "well, Tom: no",
        "the best price I got: 3",
        f"{'x' * 31}: no",
    ],
)
def test_a_colon_among_words_makes_no_speaker(words):
    assert parse_turns(rewrite(f"Agent: so\n{words}")) == (Turn("Agent", f"so {words}"),)
    assert parse_turns(rewrite(words)) == (Turn("", words),)


def test_columns_join_oldest_first_and_empty_ones_leave_no_trace():
    assert rewrite("A: one", "", "B: two") == "A: one\nB: two"
    assert rewrite("", "") == ""


def test_the_index_is_kept_and_a_column_is_needed():
    column = pd.Series(["A: x", ""], index=[7, 3], dtype="str")
    assert canonical([column]).index.tolist() == [7, 3]
    assert canonical([column.iloc[:0]]).empty
    with pytest.raises(ValueError, match="at least one"):
        canonical([])


def test_share_of_cells_that_are_talk():
    cells = pd.Series(["Agent: a\nCustomer: b", "Title: the words", "", "no talk"])
    assert spoken_share(cells) == pytest.approx(1 / 3)
    assert spoken_share(pd.Series([""])) == 0.0


speakers = st.sampled_from(["Agent", "客户", "Dr. Weber", "mturk_agent_1", "Lead Sales Rep"])
# Words with no break and no bar, as they stand within one line.
signs = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="|｜")
words = st.text(signs, min_size=1).filter(lambda text: text.strip() == text)


@given(st.lists(st.tuples(speakers, words), max_size=5))
def test_turns_survive_whatever_is_said(turns):
    text = "\n".join(f"{speaker}: {said}" for speaker, said in turns)
    assert rewrite(text) == text
    assert parse_turns(text) == tuple(Turn(speaker, said) for speaker, said in turns)


@given(
    st.lists(st.tuples(speakers, words), max_size=5), st.sampled_from(["|", "｜", "\n", "\r\n"]), st.sampled_from(":：")
)
def test_every_form_of_the_same_talk_is_rewritten_alike(turns, between, colon):
    turns = [(speaker, f"w {said}") for speaker, said in turns]
    text = between.join(f"{speaker}{colon}{said}" for speaker, said in turns)
    assert rewrite(text) == "\n".join(f"{speaker}: {said}" for speaker, said in turns)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_out_on_clean_lines_with_no_word_lost(text):
    lines = rewrite(text).split("\n")
    assert all(line == line.strip() and len(line.splitlines()) <= 1 for line in lines)
    letters = [c for c in "".join(text.split()) if c.isalpha()]
    if not any(mark in text for mark in ":："):
        assert [c for c in "".join(lines) if c.isalpha()] == letters
