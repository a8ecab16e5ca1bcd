"""Leads that talk, with reasons that are known: a planted phrase, a planted field, and nothing else but noise."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from core.data.dialogue import parse_turns
from core.data.leads import Leads
from core.data.schema import Schema
from core.scores import Attribution, Contribution, Scores
from tests.made import make_leads

DRIVE = "A test drive this week would be wonderful for us"
SMALL = (
    "The weather has been terrible since Sunday morning",
    "My neighbour sold his old caravan last month",
    "We mostly park beside the school gate",
    "Our dog sleeps on the back seat anyway",
)
ASKS = ("How did you like the brochure we posted?", "Which colour would suit the family best?")


def talking_leads(n: int = 240, *, drive: np.ndarray | None = None, months: int = 6, seed: int = 1) -> Leads:
    """n leads over some months. `drive`: who asks for a test drive, (n,), bool; else one in four by chance."""
    rng = np.random.default_rng(seed)
    asked = rng.random(n) < 0.25 if drive is None else drive
    dialogues = []
    for row in range(n):
        said = [str(rng.choice(SMALL)), DRIVE if asked[row] else str(rng.choice(SMALL))]
        turns = [line for one in said for line in (f"Specialist: {rng.choice(ASKS)}", f"Customer: {one}.")]
        dialogues.append("\n".join(turns))
    made = make_leads(n, seed)
    step = pd.Timedelta(days=30 * months) / n
    roles = made.roles.assign(dialogue=dialogues, snapshot_time=pd.Timestamp("2025-01-01") + step * np.arange(n))
    return Leads(roles, made.features, made.schema)


def with_dialogues(leads: Leads, dialogues: list[str]) -> Leads:
    return replace(leads, roles=leads.roles.assign(dialogue=dialogues))


@dataclass
class Ranker:
    """Scores by `a`, and remembers how many leads it was given."""

    schema: Schema
    name: str = "ranker"
    given: list[int] = field(default_factory=list)

    def score(self, leads: Leads, watch=None) -> Scores:
        self.given.append(len(leads))
        return Scores.ranked(leads.lead_id, leads.features["a"].to_numpy(dtype=float), np.full(len(leads), 0.1))


@dataclass
class Reasons:
    """`+1` for a turn about a test drive, twice `a` for the field, noise of mean 0 for all else. Counts its calls."""

    drive: float = 1.0
    shuffled: bool = False
    calls: int = 0

    def __call__(self, scorer, leads: Leads, lead_id: str) -> Attribution:
        self.calls += 1
        rng = np.random.default_rng(int(lead_id.removeprefix("L")))
        a = leads.features["a"].to_numpy(dtype=float)[0].item()
        turns = parse_turns(str(leads.dialogue.iat[0]))
        values = [self.drive * ("test drive" in turn.words or "试驾" in turn.words) for turn in turns]
        noise = rng.normal(0, 0.1, len(turns))
        if self.shuffled:
            values = (rng.permutation(values) * rng.choice([-1.0, 1.0], len(turns))).tolist()
        fields = (Contribution("field", "a", str(a), 2 * a), Contribution("field", "city", "", rng.normal(0, 0.1)))
        told = tuple(
            Contribution("turn", f"turn {place + 1}", turn.words, float(value + more), place, turn.speaker)
            for place, (turn, value, more) in enumerate(zip(turns, values, noise, strict=True))
        )
        total = sum(one.value for one in (*fields, *told))
        return Attribution(lead_id, "pairwise", total, 0.0, 0.0, True, 1, fields, told, ())
