"""Wordings from `phrases.toml`: templates with choices and slots, filled for one lead's scene."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_SLOT = re.compile(r"\[([^\]]*)\]|\{(\w+)\}")
_Piece = str | tuple[str, tuple[str, ...]]  # literal, or ("slot", (name,)), or ("choice", templates)


@dataclass(frozen=True)
class Scene:
    """What stays the same through one lead's dialogue."""

    agent: str
    model: str
    rival: str
    partner: str
    old_car: str
    colour: str
    warmth: float
    """-1 curt, 0 plain, 1 warm: manners, which say nothing about intent."""
    slips: float
    """Chance per turn of a filler or a slip of the transcriber."""


def draw_scene(rng: random.Random, agent: int, model: str) -> Scene:
    """A scene for specialist number `agent` and a car of interest."""
    people, slots = phrases()["people"], phrases()["slots"]
    return Scene(
        agent=people["agents"][agent % len(people["agents"])],
        model=model,
        rival=pick(rng, people["rivals"]),
        partner=pick(rng, people["partners"]),
        old_car=pick(rng, slots["old_car"]),
        colour=pick(rng, slots["colour"]),
        warmth=rng.choice((-1, 0, 0, 1, 1)),
        slips=rng.choice((0.0, 0.05, 0.12, 0.3)),
    )


def join(opening: str, text: str) -> str:
    """An opening before a sentence, which then starts small unless its first word is written large anyway."""
    large = text.startswith(("I ", "I'")) or text.split(" ")[0].rstrip(",?.!") in _proper_names()
    return opening + (text if large else text[0].lower() + text[1:])


@cache
def _proper_names() -> frozenset[str]:
    people, slots = phrases()["people"], phrases()["slots"]
    names = [*people["agents"], *people["models"], *people["rivals"], *slots["month"], *slots["day"]]
    return frozenset(name.split(" ")[0] for name in (*names, people["brand"], "Mum"))


@cache
def phrases() -> dict[str, Any]:
    """The whole file: subject or purpose -> kind -> templates."""
    return tomllib.loads(Path(__file__).with_name("phrases.toml").read_text(encoding="utf-8"))


@cache
def _pieces(template: str) -> tuple[_Piece, ...]:
    pieces: list[_Piece] = []
    end = 0
    for match in _SLOT.finditer(template):
        pieces.append(template[end : match.start()])
        options, slot = match.groups()
        pieces.append(("slot", (slot,)) if slot else ("choice", tuple(options.split("|"))))
        end = match.end()
    return tuple(piece for piece in (*pieces, template[end:]) if piece)


def render(rng: random.Random, template: str, scene: Scene) -> str:
    """One wording of a template with its slots filled.

    Example:
        >>> render(random.Random(0), "[Yes|Yes], {model}.", draw_scene(random.Random(0), 0, "Mira"))
        'Yes, Mira.'
    """
    out = []
    for piece in _pieces(template):
        if isinstance(piece, str):
            out.append(piece)
        elif piece[0] == "choice":
            out.append(render(rng, pick(rng, piece[1]), scene))
        else:
            out.append(_fill(rng, piece[1][0], scene))
    return "".join(out)


def _fill(rng: random.Random, slot: str, scene: Scene) -> str:
    if slot == "brand":
        return str(phrases()["people"]["brand"])
    return str(getattr(scene, slot)) if hasattr(scene, slot) else str(pick(rng, phrases()["slots"][slot]))


def pick(rng: random.Random, options: Sequence[Any]) -> Any:
    """One of the options; several times as fast as `rng.choice`."""
    return options[int(rng.random() * len(options))]
