"""Masking: spans lead back to the original, a second time changes nothing, and lines and fields stay."""

import re
import time

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from core.data.dialogue import parse_turns
from core.data.leads import Leads
from core.data.masking import KINDS, PLACEHOLDER, Masked, mask, masked_leads, unmask
from core.data.schema import Features, Roles, Schema
from tests.made import make_leads

WORDS = """
    Hello Hi, again, this is it's I'm my name Oskar Anna Lind Mr. Mrs van der Mara's speaking here, here. calling from
    at Orin. Orin Thanks, and wife Talo Cross: the The [name] [phone] [id] +49 0171 2345678 170 1234567 4111 1111 AB12
    CDE B-MW 28,900 2018 a@b.de passport number call me on plate Customer: Specialist: , . ? 王先生 我叫李雷。 电话
    13800138000 Dr my colleague once more
"""
PIECES = st.sampled_from(WORDS.split())
TEXTS = st.lists(st.tuples(PIECES, st.sampled_from([" ", " ", " ", "\n", ""])), max_size=30).map(
    lambda pieces: "".join(piece + gap for piece, gap in pieces)
) | st.text(max_size=60)


def restored(masked: Masked, original: str) -> str:
    """The original, from what stands between the spans and what they stand for."""
    pieces, done = [], 0
    for span in masked.spans:
        assert masked.text[span.start : span.end] == f"[{span.kind}]" and span.kind in KINDS
        pieces += [masked.text[done : span.start], original[span.original_start : span.original_end]]
        done = span.end
    return "".join([*pieces, masked.text[done:]])


@given(TEXTS)
def test_spans_lead_back_to_the_original(text: str) -> None:
    masked = mask(text)
    assert restored(masked, text) == text
    assert all(span.original_start < span.original_end for span in masked.spans)


@given(TEXTS)
def test_masking_what_is_masked_changes_nothing(text: str) -> None:
    once = mask(text)
    assert mask(once.text) == Masked(once.text, ())


@given(TEXTS)
def test_lines_stay_lines(text: str) -> None:
    assert len(mask(text).text.splitlines()) == len(text.splitlines())


@given(TEXTS, st.integers(1, 6))
def test_pieces_however_cut_are_said_in_clear_exactly_once(text: str, size: int) -> None:
    masked = mask(text)
    pieces = [masked.text[at : at + size] for at in range(0, len(masked.text), size)]
    assert "".join(unmask(pieces, masked, text)) == text


def test_words_are_shown_as_they_were_said() -> None:
    said = "Hi Oskar, Oskar's car: call 0171 2345678."
    masked = mask(said)
    assert masked.text == "Hi [name], [name]'s car: call [phone]."
    words = masked.text.split()
    assert unmask(words, masked, said) == ["Hi", "Oskar,", "Oskar's", "car:", "call", "0171 2345678."]


def test_what_stood_in_brackets_before_is_no_span() -> None:
    assert mask("Hi [name], this is Anna at Orin").spans[0].original_start == 19
    assert mask("[phone] [name]").spans == ()


def test_the_surer_kind_has_its_place() -> None:
    assert mask("my number is 4111 1111 1111 1111").text == "my number is [id]"
    assert mask("Hello, Anna.Lind@mail.example.com").text == "Hello, [email]"


def test_speakers_stay_but_for_names() -> None:
    text = "Specialist: Hello, this is Oskar at Orin.\nAnna Schmidt: Hi Oskar.\n客户: 好的\n0171 2345678: late"
    turns = parse_turns(mask(text).text)
    assert [turn.speaker for turn in turns] == ["Specialist", "[name]", "客户", "[phone]"]


def test_dialogue_and_text_features_are_masked_and_nothing_else() -> None:
    leads = make_leads(4)
    roles = leads.roles.assign(
        dialogue=pd.Series(["Specialist: This is Anna at Orin.", "", "x", "y"], dtype="str"), owner="Anna Lind"
    )
    features = leads.features.assign(title=pd.Series(["Mrs Lind, 0171 2345678", "", "a", "b"], dtype="str"))
    schema = Schema(Roles("lead_id", dialogue=("dialogue",)), Features(("a",), ("city",), ("title",)))
    given_ = Leads(roles, features, schema)
    before = given_.content_hash
    masked = masked_leads(given_)
    assert masked.dialogue.tolist() == ["Specialist: This is [name] at Orin.", "", "x", "y"]
    assert masked.features["title"].tolist() == ["Mrs [name], [phone]", "", "a", "b"]
    kept = [name for name in roles if name != "dialogue"]
    pd.testing.assert_frame_equal(masked.roles[kept], roles[kept])
    pd.testing.assert_frame_equal(masked.features[["a", "city"]], features[["a", "city"]])
    assert masked.dialogue.dtype == leads.dialogue.dtype and masked.schema is schema
    assert Leads(roles, features, schema).content_hash == before
    assert len(masked_leads(given_.take(leads.stage[:0]))) == 0


def test_placeholders_are_single_words() -> None:
    assert all(PLACEHOLDER.fullmatch(f"[{kind}]") and re.fullmatch(r"\S+", kind) for kind in KINDS)


def test_hostile_text_takes_no_longer_than_its_length_allows() -> None:
    for piece in (
        "a",
        "1",
        "1 ",
        "A-",
        "Hello, Anna. ",
        "AB12 ",
        "0171 2345678 ",
        "my name is ",
        "Anna van ",
        "@",
        "a.a@",
    ):
        began = time.process_time()
        mask(piece * (20_000 // len(piece)))
        assert time.process_time() - began < 3, piece
