"""What was said in many leads, masked, a row a turn, with the side that said it."""

from __future__ import annotations

import pandas as pd

from core.data.dialogue import parse_turns
from core.data.leads import Leads
from core.data.masking import mask
from core.data.speakers import customer
from core.progress import Phase, Watch, nobody

SIDES = ("customer", "specialist", "somebody")
"""`somebody`: the transcript does not say who."""


def turns_of(leads: Leads, watch: Watch = nobody) -> pd.DataFrame:
    """One row a turn, oldest first: row (of the lead), turn (0-based in the whole dialogue, as reasons count), side,
    words (masked: no name or number of a person stands in them)."""
    phase, found = Phase("read the talk", watch), []
    dialogues = leads.dialogue.tolist()
    for row, dialogue in enumerate(dialogues):
        if dialogue:
            turns = parse_turns(mask(dialogue).text)
            ours = customer([turn.speaker for turn in turns])
            found += [(row, place, _side(turn.speaker, ours), turn.words) for place, turn in enumerate(turns)]
        phase.at(row + 1, len(dialogues))
    return pd.DataFrame(found, columns=["row", "turn", "side", "words"]).astype(
        {"row": "int64", "turn": "int64", "side": "str", "words": "str"}
    )


def _side(speaker: str, ours: str | None) -> str:
    if not speaker or ours is None:
        return "somebody"
    return "customer" if speaker == ours else "specialist"
