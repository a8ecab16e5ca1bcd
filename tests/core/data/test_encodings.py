"""Encodings are told apart wherever in a file they show, and damage is named by its line."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.encodings import encoding_of
from core.data.reading import read_table
from core.errors import ReadError

GREETINGS = {
    "cp1252": ["Müller", "José", "Zoë – 5 €", "Ærø"],
    "latin-1": ["Müller", "José", "\x81 Zoë", "Ærø"],
    "gb18030": ["客户：你好，我想看看这款车", "专家：您好", "续航怎么样", "六百公里左右"],
    "utf-16-le": ["客户 hello", "Müller", "plain", "x"],
    "utf-16-be": ["客户 hello", "Müller", "plain", "x"],
    "utf-8": ["客户 hello", "Müller", "plain", "😀"],
}


@settings(max_examples=50, deadline=None)
@given(
    words=st.one_of(
        st.tuples(
            st.just("gb18030"),
            st.lists(st.sampled_from(["客户：你好", "北京，上海", "续航", "好", "hi, 你"]), min_size=2),
        ),
        st.tuples(
            st.just("cp1252"), st.lists(st.sampled_from(["Müller", "à bientôt", "5 €", "Ærø", "né; hi"]), min_size=2)
        ),
    ),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_the_two_old_encodings_are_told_apart(words, line_end):
    encoding, cells = words
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator=line_end).writerows([["id", "words"], *enumerate(cells)])
    assert read_table(out.getvalue().encode(encoding))["words"].tolist() == cells


@pytest.mark.parametrize("encoding", GREETINGS)
@pytest.mark.parametrize("late", [False, True])
def test_an_encoding_without_mark_is_found_even_where_it_shows_late(encoding, late):
    rows = [f"{n};hello" for n in range(60_000 if late else 1)] + [f"9;{text}" for text in GREETINGS[encoding]]
    frame = read_table("\r\n".join(["id;words", *rows]).encode(encoding))
    assert frame["words"].tail(4).tolist() == GREETINGS[encoding]


def test_one_damaged_byte_late_in_a_utf8_file_is_named_by_its_line():
    content = "id,words\n" + "1,客户：你好\n" * 100_000
    damaged = bytearray(content.encode())
    damaged[-4] = 0xFF
    with pytest.raises(ReadError, match="line 100,001 is damaged: it is no UTF-8 text"):
        encoding_of(bytes(damaged))


def test_one_damaged_byte_late_in_a_gb18030_file_is_named_by_its_line():
    damaged = bytearray(("id,words\n" + "1,客户：你好，续航怎么样\n" * 50_000).encode("gb18030"))
    damaged[-3:-1] = b"\xff\xff"
    with pytest.raises(ReadError, match="line 50,001 is damaged: it is no GB18030 text"):
        encoding_of(bytes(damaged))
