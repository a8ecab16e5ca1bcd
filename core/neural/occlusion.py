"""Occlusion: what the logit loses when one unit is left out and all others stay.

Nothing is estimated, but what two units say together is counted for both, or for neither where they say the same.
"""

from __future__ import annotations

import numpy as np

from core.neural.subject import Subject


def occlusion(subject: Subject) -> np.ndarray:
    """By unit (units,): F of the lead less F without the unit. One forward pass for each unit with text."""
    keep = ~np.eye(len(subject.units), dtype=bool)
    return subject.logit - subject.logits(keep)
