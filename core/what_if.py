"""Try a change: the same lead with another field or another turn, scored beside itself. The data stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.data.dialogue import Turn
from core.data.leads import Leads
from core.data.prompts import shown_name
from core.errors import LeadRankError
from core.progress import Watch, nobody
from core.scores import Scorer
from core.scoring import score

MOST_CHARACTERS = 5_000
"""Longest turn or text that may be tried: more than any that is spoken, less than what would keep the model busy."""


@dataclass(frozen=True)
class WhatIf:
    """One lead as it is and as it was changed, by the same model in the same call."""

    score: float
    probability: float
    changed_score: float
    changed_probability: float


def changed_lead(lead: Leads, fields: Mapping[str, object], turns: Sequence[Turn] | None = None) -> Leads:
    """A copy of the one lead in `lead` with some fields and, where `turns` is given, another dialogue.

    Args:
        lead: One lead.
        fields: New values by feature column: a number, or None where unknown; text for the others, "" where missing.
        turns: The whole new dialogue, oldest first; turns without words are left out.

    Raises:
        LeadRankError: no such field, a value of the wrong kind, or text that is too long.
    """
    features = lead.schema.features
    row = lead.features.copy()
    for name, value in fields.items():
        if name not in features.columns():
            raise LeadRankError(f"expected a field of these leads, however: got '{name}'")
        if name in features.numeric:
            row[name] = _number(name, value)
        else:
            row[name] = pd.Series([_text(shown_name(name), value)], dtype=row[name].dtype)
    roles = lead.roles.copy()
    if turns is not None:
        said = ((turn.speaker.strip(), _text("a turn", turn.words)) for turn in turns)
        lines = [f"{speaker}: {words}" if speaker else words for speaker, words in said if words]
        roles["dialogue"] = pd.Series(["\n".join(lines)], dtype=roles["dialogue"].dtype)
    return replace(lead, roles=roles, features=row)


def what_if(scorer: Scorer, lead: Leads, changed: Leads, watch: Watch = nobody) -> WhatIf:
    """Score a lead and its changed copy, one lead each.

    Both are scored anew, so that nothing but the change parts them: not the model, not the leads scored alongside.
    """
    both = Leads(
        pd.concat([lead.roles, changed.roles], ignore_index=True).assign(lead_id=["as it is", "changed"]),
        pd.concat([lead.features, changed.features], ignore_index=True),
        lead.schema,
    )
    found = score(both, scorer, watch).aligned(both.lead_id)
    (score_now, score_then), (chance_now, chance_then) = (
        found[name].to_numpy(dtype=float).tolist() for name in ("score", "probability")
    )
    return WhatIf(score_now, chance_now, score_then, chance_then)


def _number(name: str, value: object) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise LeadRankError(f"{shown_name(name)} must be a number, or empty, however: got={value!r}")
    return float(value)


def _text(what: str, value: object) -> str:
    """One line: a line break would begin another turn."""
    text = " ".join(str(value or "").split())
    if len(text) > MOST_CHARACTERS:
        raise LeadRankError(
            f"{what} may have at most {MOST_CHARACTERS:,} characters, however: got={len(text):,}; shorten it"
        )
    return text
