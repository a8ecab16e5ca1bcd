"""Try a change: the same lead with another field or another turn, scored beside itself."""

from __future__ import annotations

from dataclasses import dataclass

from core.data.changing import one_table
from core.data.leads import Leads
from core.scores import Rescorer


@dataclass(frozen=True)
class WhatIf:
    """One lead as it is and as it was changed, by the same model in the same call."""

    score: float
    probability: float
    changed_score: float
    changed_probability: float


def what_if(rescorer: Rescorer, changed: Leads) -> WhatIf:
    """Score the lead of the rescorer and its changed copy, the one lead in `changed`.

    Both are scored in one call, so that nothing but the change parts them: not the model, not the device.
    """
    found = rescorer.score(one_table([rescorer.lead, changed]))
    (score_now, score_then), (chance_now, chance_then) = (
        found[name].to_numpy(dtype=float).tolist() for name in ("score", "probability")
    )
    return WhatIf(score_now, chance_now, score_then, chance_then)
