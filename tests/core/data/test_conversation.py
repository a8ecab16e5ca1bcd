from __future__ import annotations

import random
import re
from collections import Counter

import pytest

from core.data.conversation import WAYS, converse
from core.data.dialogue import parse_turns
from core.data.phrases import Scene, draw_scene, phrases, render
from core.data.world import SUBJECTS

SCENE = Scene("Mara", "Mira", "Norvik", "wife", "diesel", "red", warmth=0, slips=0.0)


def talks(subject: str, state: int, way: str, number: int = 400) -> list[str]:
    said = [state if name == subject else 0 for name in SUBJECTS]
    return [converse(random.Random(seed), said, 60, SCENE, [way] * 6) for seed in range(number)]


def forms(templates: list[str]) -> re.Pattern[str]:
    """Any wording of any of the templates, whatever stands in its slots."""
    escaped = [re.sub(r"\\\{\w+\\\}", "[^.?!]+?", re.escape(template)) for template in templates]
    opened = [re.sub(r"\\\[(.*?)\\\]", lambda match: f"(?:{match[1].replace(chr(92) + '|', '|')})", t) for t in escaped]
    return re.compile("|".join(f"(?:{template})" for template in opened), re.IGNORECASE)


def words(texts: list[str]) -> Counter[str]:
    return Counter(word for text in texts for word in re.findall(r"\w+", text.lower()))


def test_shape_of_a_dialogue() -> None:
    for seed in range(200):
        rng = random.Random(seed)
        said = [rng.choice((-1, 0, 1)) for _ in SUBJECTS]
        text = converse(rng, said, rng.randrange(30, 400), draw_scene(rng, seed, "Mira"))
        assert all(re.match(r"(Customer|Specialist): \S", line) for line in text.split("\n"))
        assert not re.search(r"[\[\]{}|]", text)
        turns = parse_turns(text)
        assert turns[0].speaker == "Specialist" and {turn.speaker for turn in turns} <= {"Specialist", "Customer"}


def test_length_follows_the_wish_and_the_seed_fixes_the_words() -> None:
    lengths = {wish: len(" ".join(_any(wish, seed) for seed in range(60)).split()) / 60 for wish in (30, 120, 350)}
    assert lengths[30] < lengths[120] < lengths[350]
    assert 20 < lengths[30] < 90 and 90 < lengths[120] < 170 and 250 < lengths[350] < 420
    assert _any(120, 3) == _any(120, 3) != _any(120, 4)


def _any(wish: int, seed: int) -> str:
    rng = random.Random(seed)
    said = [rng.choice((-1, 1)) if slot < max(1, wish // 25) else 0 for slot in range(6)]
    return converse(rng, said, wish, draw_scene(rng, seed, "Talo"))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_plain_words_are_the_customers(subject: str) -> None:
    for state, bank in ((1, "yes"), (-1, "no")):
        pattern = forms(phrases()[subject][bank])
        for text in talks(subject, state, "plain", 40):
            said = [turn.words for turn in parse_turns(text) if turn.speaker == "Customer"]
            assert any(pattern.search(words) for words in said), text


@pytest.mark.parametrize("subject", SUBJECTS)
def test_who_says_it_decides(subject: str) -> None:
    keen = forms([pair[0] for pair in phrases()[subject]["duel"]])
    cautious = forms([pair[1] for pair in phrases()[subject]["duel"]])
    for state in (1, -1):
        for text in talks(subject, state, "duel", 40):
            by = {turn.speaker: "" for turn in parse_turns(text)}
            for turn in parse_turns(text):
                by[turn.speaker] += " " + turn.words
            mine, theirs = (keen, cautious) if state > 0 else (cautious, keen)
            assert mine.search(by["Customer"]) and theirs.search(by["Specialist"]), text


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_last_word_counts(subject: str) -> None:
    bank = phrases()[subject]
    good, bad = forms(bank["yes"]), forms(bank["no"])
    two_calls = 0
    for state in (1, -1):
        for text in talks(subject, state, "order", 80):
            first, last = good.search(text), bad.search(text)
            if first and last:
                two_calls += 1
                assert (first.start() > last.start()) == (state > 0), text
    assert two_calls > 5


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_frame_keeps_or_turns_the_claim(subject: str) -> None:
    frames, turned = phrases()["frames"], 0
    for state in (1, -1):
        for text in talks(subject, state, "framed", 60):
            claims_good = forms(phrases()[subject]["claim_yes"]).search(text) is not None
            turn = any(forms([frame]).search(text) for frame in frames["turn"])
            assert claims_good == ((state > 0) != turn), text
            turned += turn
    assert 30 < turned < 90


@pytest.mark.parametrize("way", [way for way in WAYS if way != "plain"])
def test_a_bag_of_words_cannot_tell(way: str) -> None:
    # Remarks of the specialist are the one thing beside it that leans on the state, so they are left out here.
    remarks = forms([*phrases()["talk"]["glad"], *phrases()["talk"]["sorry"], *phrases()["talk"]["note"]])
    for subject in ("need", "next_step"):
        sides = [words([remarks.sub("", text) for text in talks(subject, s, way, 800)]) for s in (1, -1)]
        common = [word for word in sides[0] | sides[1] if sides[0][word] + sides[1][word] > 100]
        assert len(common) > 20
        for word in common:
            one, other = sides[0][word], sides[1][word]
            assert abs(one - other) < 5 * (one + other) ** 0.5, (word, one, other)


def test_every_wording_renders() -> None:
    rng = random.Random(0)

    def walk(node: object) -> list[str]:
        if isinstance(node, dict):
            return [text for value in node.values() for text in walk(value)]
        return [text for value in node for text in walk(value)] if isinstance(node, list) else [str(node)]

    for template in walk({name: table for name, table in phrases().items() if name not in ("frames", "slots")}):
        assert not re.search(r"[\[\]{}|]", render(rng, template, SCENE)), template
    for kind in ("keep", "turn", "change"):
        known = {slot for frame in phrases()["frames"][kind] for slot in re.findall(r"\{(\w+)\}", frame)}
        assert known <= {"claim", "old", "new"}
    for subject in SUBJECTS:
        bank = phrases()[subject]
        assert min(len(bank["yes"]), len(bank["no"])) >= 16 and min(len(bank["claim_yes"]), len(bank["claim_no"])) >= 10
