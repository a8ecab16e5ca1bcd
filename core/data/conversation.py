"""Phone dialogues between a customer and a specialist that convey what a lead has on its mind.

Each subject of a call has a state, 1 (speaks for a sale) or -1, and is told in one of four ways:

    plain     the customer says it, in one of many wordings
    framed    a claim in a frame that keeps it ("I still think ...") or turns it ("I doubt that ..."): negation decides
    duel      a keen and a cautious sentence, one each; who says which decides
    order     both states are told, in two calls or with "at first ... but now": the last one counts

The last three use the same sentences for either state, so that a bag of words cannot tell them apart. Politeness, small
talk, typos and fillers are drawn without regard to the state. The wordings are data: `phrases.toml`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from core.data.phrases import Scene, draw_scene, join, phrases, pick, render
from core.data.world import SUBJECTS

WAYS = ("plain", "framed", "duel", "order")
WAY_SHARES = (0.56, 0.16, 0.12, 0.16)
"""How often each way of telling is taken."""

_Turn = tuple[str, str]


def converse(
    rng: random.Random, said: Sequence[int], words: int, scene: Scene, ways: Sequence[str] | None = None
) -> str:
    """A dialogue of about `words` words, one turn a line ("Customer: ..." or "Specialist: ..."), oldest first.

    Args:
        said: per subject of `SUBJECTS`, 1, -1 or 0 (not mentioned).
        ways: per subject, one of `WAYS`; drawn where absent.
    """
    talk = phrases()["talk"]
    spoken = [subject for subject, state in enumerate(said) if state]
    rng.shuffle(spoken)
    spoken.sort(key=lambda subject: SUBJECTS[subject] == "next_step")
    calls: list[list[list[_Turn]]] = [[], []]
    # Fewer words per subject mean fewer questions and remarks around it, never less of what is conveyed.
    room = (words - 22) / max(1, len(spoken))
    moods = {1: rng.sample(phrases()["mood"]["good"], 6), -1: rng.sample(phrases()["mood"]["bad"], 6)}
    earlier_talk = False
    for subject in spoken:
        way = ways[subject] if ways else rng.choices(WAYS, WAY_SHARES)[0]
        earlier, later = _tell(rng, SUBJECTS[subject], int(said[subject]), way, scene, moods, roomy=room > 20)
        if earlier:
            earlier_talk = True
            calls[0].append(earlier)
        calls[1 if earlier or SUBJECTS[subject] == "next_step" or rng.random() < 0.6 else 0].append(later)
    # A state that changes needs its two calls; else a short talk is rather one call.
    if not calls[0] or (len(spoken) < 5 and not earlier_talk and rng.random() < 0.6):
        calls = [calls[0] + calls[1]]
    calls = [call for call in calls if call] or [[]]
    short = (
        words - sum(len(text.split()) for call in calls for exchange in call for _, text in exchange) - 12 * len(calls)
    )
    fillers = rng.sample(talk["filler"], len(talk["filler"]))
    while short > 20 and fillers:
        exchange = [(line[0], render(rng, line[3:], scene)) for line in fillers.pop()]
        call = pick(rng, calls)
        call.insert(rng.randrange(max(1, len(call))), exchange)
        short -= sum(len(text.split()) for _, text in exchange)
    turns: list[_Turn] = []
    for number, call in enumerate(calls):
        body = [turn for exchange in call for turn in exchange]
        brief = words < 110
        turns += _merge(
            rng, [*_greet(rng, scene, again=number > 0, brief=brief), *body, *_part(rng, scene, brief)], scene
        )
    names = {"C": "Customer", "S": "Specialist"}
    spoken_words = ((who, _slip(rng, text, scene) if who == "C" else text) for who, text in turns)
    return "\n".join(f"{names[who]}: {text[0].upper()}{text[1:]}" for who, text in spoken_words)


def draw_title(rng: random.Random, model: str) -> str:
    """A ticket title such as a web form gives; only loosely about intent."""
    return render(rng, pick(rng, phrases()["ticket"]["titles"]), draw_scene(rng, 0, model))


def models() -> tuple[str, ...]:
    """The cars on offer."""
    return tuple(phrases()["people"]["models"])


def _tell(
    rng: random.Random, subject: str, state: int, way: str, scene: Scene, moods: dict[int, list[str]], roomy: bool
) -> tuple[list[_Turn], list[_Turn]]:
    """Turns for an earlier call (empty but for `order`) and for the later one; uses up `moods`, none twice."""
    bank = phrases()[subject]

    def say(text: str) -> str:
        return render(rng, text, scene)

    def ask(lines: list[str]) -> list[_Turn]:
        return [("S", say(pick(rng, lines)))] if roomy or rng.random() < 0.3 else []

    def answer(state: int) -> list[_Turn]:
        if way == "framed" or (way == "order" and rng.random() < 0.5):
            return [("C", _framed(rng, bank, state, scene))]
        text = say(pick(rng, bank["yes" if state > 0 else "no"]))
        if way == "plain" and rng.random() < 0.75:
            text += " " + say(moods[state].pop())
        return [("C", text)]

    remark = (
        [("S", say(pick(rng, phrases()["talk"][_mood(rng, state)])))] if rng.random() < (0.8 if roomy else 0.4) else []
    )
    if way == "duel":
        keen, cautious = (say(text) for text in pick(rng, bank["duel"]))
        pair = [("C", keen), ("S", cautious)] if state > 0 else [("S", keen), ("C", cautious)]
        rng.shuffle(pair)
        nod = [("C" if pair[-1][0] == "S" else "S", say(pick(rng, phrases()["talk"]["nod"])))] if roomy else []
        return [], [*(ask(bank["prompts"]) if pair[0][0] == "C" else []), *pair, *nod]
    if way == "order" and rng.random() < 0.4:
        claims = [_bare(rng, bank, sign, scene) for sign in (-state, state)]
        text = say(pick(rng, phrases()["frames"]["change"]).replace("{old}", claims[0]).replace("{new}", claims[1]))
        return [], [*ask(bank["prompts"]), ("C", text[0].upper() + text[1:]), *remark]
    if way == "order":
        return [*ask(bank["prompts"]), *answer(-state)], [*ask(phrases()["again"]["lines"]), *answer(state), *remark]
    return [], [*ask(bank["prompts"]), *answer(state), *remark]


def _mood(rng: random.Random, state: int) -> str:
    """How a specialist takes it: mostly politely, and at times glad at bad news, out of habit."""
    chance = rng.random()
    if chance < 0.35:
        return "note"
    return "glad" if (state > 0) == (chance < 0.9) else "sorry"


def _bare(rng: random.Random, bank: dict[str, list[str]], state: int, scene: Scene) -> str:
    return render(rng, pick(rng, bank["claim_yes" if state > 0 else "claim_no"]), scene)


def _framed(rng: random.Random, bank: dict[str, list[str]], state: int, scene: Scene) -> str:
    """A claim of the same state in a frame that keeps it, or of the other state in one that turns it; equally often."""
    frame, sign = ("keep", state) if rng.random() < 0.5 else ("turn", -state)
    text = pick(rng, phrases()["frames"][frame]).replace("{claim}", _bare(rng, bank, sign, scene))
    return render(rng, text, scene)


def _greet(rng: random.Random, scene: Scene, again: bool, brief: bool) -> list[_Turn]:
    talk = phrases()["talk"]
    turns = [("S", render(rng, pick(rng, talk["open_again" if again else "open"]), scene))]
    if not (brief and rng.random() < 0.8):
        mood = {-1: "curt", 1: "warm"}.get(int(scene.warmth), "answer")
        turns.append(("C", render(rng, pick(rng, talk[mood if rng.random() < 0.5 else "answer"]), scene)))
    return turns


def _part(rng: random.Random, scene: Scene, brief: bool) -> list[_Turn]:
    talk = phrases()["talk"]
    turns = [] if brief and rng.random() < 0.8 else [("S", render(rng, pick(rng, talk["close_s"]), scene))]
    mood = {-1: "close_curt", 1: "close_warm"}.get(int(scene.warmth), "close_plain")
    return [*turns, ("C", render(rng, pick(rng, talk[mood]), scene))] if rng.random() < 0.8 else turns


def _merge(rng: random.Random, turns: list[_Turn], scene: Scene) -> list[_Turn]:
    """No speaker twice in a row: the specialist nods between two things a customer says, or they become one turn."""
    talk = phrases()["talk"]
    merged: list[_Turn] = []
    for number, (who, text) in enumerate(turns):
        if not merged or merged[-1][0] != who:
            merged.append((who, text))
        elif who == "C" and rng.random() < 0.6:
            merged += [("S", render(rng, pick(rng, talk["nod"]), scene)), (who, text)]
        else:
            link = pick(rng, talk["link"]) if who == "C" and number < len(turns) - 1 else ""
            merged[-1] = (who, f"{merged[-1][1]} {join(link, text) if link else text}")
    return merged


def _slip(rng: random.Random, text: str, scene: Scene) -> str:
    """Now and then a filler, a doubled word, a lost apostrophe or two letters swapped."""
    if rng.random() >= scene.slips:
        return text
    kind = rng.random()
    if kind < 0.5:
        return join(pick(rng, phrases()["talk"]["um"]), text)
    if kind < 0.65:
        return text.replace("'", "")
    words = text.split(" ")
    place = rng.randrange(len(words))
    word = words[place]
    if kind < 0.8 or len(word) < 5:
        words.insert(place, word.rstrip(".,!?"))
    else:
        cut = rng.randrange(1, len(word) - 2)
        words[place] = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
    return " ".join(words)
