"""Names by their cues, and large words that are none."""

import json
from pathlib import Path

import pytest

from core.data.persons import persons

CASINO = Path(__file__).resolve().parents[4] / "shared/data/casino/casino_test.json"


def names(text: str) -> set[str]:
    return {text[start:end] for start, end, _ in persons(text)}


@pytest.mark.parametrize(
    "text, told",
    [
        ("Hi, this is Oskar at Orin. You asked about the Talo Cross.", {"Oskar"}),
        ("Good morning, Mara speaking, Orin.", {"Mara"}),
        ("Hello, Li, Orin. I wanted to ask.", {"Li"}),
        ("Oskar here, from Orin.", {"Oskar"}),
        ("Hello again, it's Tom again, second try.", {"Tom"}),
        ("My name is Jean-Luc van der Berg and I call about it.", {"Jean-Luc van der Berg"}),
        ("my name is oskar lind.", {"oskar lind"}),
        ("Mr. O'Neil and Mrs Anna Smith-Jones", {"O'Neil", "Anna Smith-Jones"}),
        ("Ask my wife Anna's boss.", {"Anna"}),
        ("my brothers Jim and Bob come along", {"Jim", "Bob"}),
        ("I'm Sarah from Ulm.", {"Sarah"}),
        ("Thanks, Tom. Bye Ana!", {"Tom", "Ana"}),
        ("Hier spricht Jürgen Groß.", {"Jürgen Groß"}),
        ("Me llamo Íñigo.", {"Íñigo"}),
        ("王先生您好，我叫李小龙。", {"王", "李小龙"}),
        ("您好，我是王小明。\n客户: 我是于丽, 上次来过", {"王小明", "于丽"}),
        ("Anna Schmidt: hello\nCustomer: hi", {"Anna Schmidt"}),
        ("JOHN SMITH speaking.\nCustomer: Thank you John.", {"JOHN SMITH", "John"}),
        ("This is ANNA LIND from Orin. Mr SMITH and Mrs Jean DUPONT came.", {"ANNA LIND", "SMITH", "Jean DUPONT"}),
        ("Customer: I'm Oskar Meyer, hello", {"Oskar Meyer"}),
        ("this is oskar from orin", {"oskar"}),
        ("Specialist: hi, this is mara lind from orin motors.", {"mara lind"}),
    ],
)
def test_names_are_found_by_their_cues(text: str, told: set[str]) -> None:
    assert names(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "This is Talo Cross. It's Monday again. This is Berlin at night.",
        "The Talo Cross at Orin, from Norvik in March.",
        "Talo Cross: delivery time?",
        "Hello, How are you? Hi there! Hm. Hello! Yay, we camp.",
        "English speaking staff here. Same here. Right here, please.",
        "I'm German. I'm Fine, thanks. I'm not here. It's May, I think.",
        "Thank you, Sir. Thanks, God. Good morning, Madam. Call me Monday.",
        "Hi, I'll call back. Hello, I'd like one.",
        "Customer: Speaking.\nSpecialist: Sure. Thanks for calling.",
        "my name is on the list; the name is not known",
        "It's Talo Cross, hello. This is SEAT at Ulm, it's VW with us. BMW speaking. I'm VIP with you.",
        "this is delivered from germany\nthis is great value from orin\nthis is oskar from the film",
        "我是程序员。我是江苏人，我是高中生。我是常客！我是第一次，我是马上，我是钱不够",
        "Sales Agent: hello\nCustomer: hi\nCall Summary: short\nNext Steps: call",
        "",
    ],
)
def test_products_places_and_other_large_words_stay(text: str) -> None:
    assert names(text) == set()


def test_a_name_given_away_once_is_found_everywhere_in_the_text() -> None:
    text = "Oskar: Hello, this is Oskar at Orin.\nCustomer: I told Oskar all. Oskar's wish?"
    assert [text[a:b] for a, b, _ in sorted(persons(text))] == ["Oskar"] * 4
    # A name that is a word too is found by its cue alone.
    said = "Hi, this is Will at Orin. Will it rain?"
    assert [said[a:b] for a, b, _ in persons(said)] == ["Will"] and said.index("Will") == 12


@pytest.mark.skipif(not CASINO.exists(), reason="the public data is not there")
def test_hardly_a_name_is_seen_where_strangers_talk() -> None:
    """120 of CaSiNo's talks, whose speakers keep their own names to themselves."""
    talks = ["\n".join(turn["text"] for turn in talk["chat_logs"]) for talk in json.loads(CASINO.read_text())[:120]]
    assert sum(len(names(talk)) for talk in talks) <= 2
