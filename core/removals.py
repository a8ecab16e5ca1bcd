"""Units of a lead left out, or kept alone, and what the logit then tells of the reasons that named them.

    order of a lead's units, strongest first --> leave out the first 1, 5, 10, 20, 50%, or keep only those
        comprehensiveness = how far the logit falls without them: high is good
        sufficiency       = how far it is from the whole lead's with them alone: low is good
    each is the mean over the shares, with nothing left out as the first (AOPC), in units of the logit

"Strongest" is towards where the lead's logit lies, seen from the neutral lead's: for a lead above it what speaks for
the lead comes first. Units are fields and turns, at least one for each share.

Sources: DeYoung et al. 2020 (ERASER: AOPC and its shares); Yeh et al. 2019 (infidelity).
"""

from __future__ import annotations

from itertools import zip_longest

import numpy as np
import pandas as pd

from core.errors import ConfigError, NotComputable

BINS = (0.01, 0.05, 0.1, 0.2, 0.5)
"""Shares of the units that are left out, or kept alone."""
TOPS = (0.01, 0.05)
"""What the top of the list is, as shares of the test leads."""
COLUMNS = {"pointwise": "pointwise_logit", "pairwise": "pairwise_score"}
"""Where a run's scores hold each head's logit."""
FIRST = 5
"""Strongest units that two baselines have to agree on."""


def pick(
    scores: pd.DataFrame, there: pd.Series, head: str, sample: int, seed: int = 0
) -> tuple[list[str], dict[str, float]]:
    """Leads to measure on, half of them from the top twentieth, whose reasons are read most; and the least logit of the
    top of the list, by share.

    Args:
        scores: of the test leads: lead_id, and the head's logit as pointwise_logit or pairwise_score.
        there: which of them can be taken (test leads,) bool.

    Raises:
        ConfigError: an unknown head, or fewer leads asked for than two.
        NotComputable: fewer than two leads are there.
    """
    if head not in COLUMNS or sample < 2:
        raise ConfigError(
            f"head must be one of {', '.join(COLUMNS)} and sample at least 2, however: got={head!r}, {sample}"
        )
    if there.sum() < 2:
        raise NotComputable(
            f"reasons are measured over at least 2 test leads, however: {int(there.sum())} of the model's "
            f"{len(scores):,} test leads are among these; give the leads that it was trained and tested on"
        )
    ranked = scores.assign(there=there.to_numpy()).sort_values(
        [COLUMNS[head], "lead_id"], ascending=[False, True], ignore_index=True
    )
    logits = ranked[COLUMNS[head]].to_numpy()
    first = {share: max(round(share * len(ranked)), 1) for share in TOPS}
    top, rest = (part[part["there"]] for part in (ranked[: first[max(TOPS)]], ranked[first[max(TOPS)] :]))
    half = min(max((sample + 1) // 2, sample - len(rest)), len(top))
    drawn = [top.sample(half, random_state=seed), rest.sample(min(sample - half, len(rest)), random_state=seed)]
    # By turns, so that any first few are of both kinds.
    mixed = zip_longest(*(part["lead_id"].astype(str) for part in drawn))
    tops = {str(share): float(logits[count - 1]) for share, count in first.items()}
    return [one for pair in mixed for one in pair if one is not None], tops


def shares(units: int) -> np.ndarray:
    """Units that each share of BINS is.

    Example:
        >>> shares(37).tolist(), shares(3).tolist()
        ([1, 2, 4, 8, 19], [1, 1, 1, 1, 2])
    """
    return np.maximum(np.ceil(np.array(BINS) * units - 1e-9), 1).astype(np.int64)


def without_and_alone(order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is kept where the first units of `order` are left out, and where they alone are kept. (units,) -> 2 x (bins,
    units) bool."""
    place = np.argsort(order, kind="stable")
    left_out = place[None, :] < shares(len(order))[:, None]
    return ~left_out, left_out


def aopc(whole: float, none_left: float, without: np.ndarray, alone: np.ndarray, side: float) -> tuple[float, float]:
    """Comprehensiveness and sufficiency from logits.

    Args:
        whole, none_left: logits of the lead and of the neutral lead.
        without, alone: logits without the first units, and with them alone, by bin (bins,).
        side: 1 where the lead's logit lies above the neutral one's, else -1.

    Example:
        >>> aopc(3.0, 0.0, np.array([1.0, 0.0]), np.array([2.0, 3.0]), 1.0)
        (1.6666666666666667, 1.3333333333333333)
    """
    bins = len(without) + 1
    missing = side * (whole - none_left) + (side * (whole - alone)).sum()
    return float((side * (whole - without)).sum() / bins), float(missing / bins)


def infidelity(told: np.ndarray, happened: np.ndarray) -> float:
    """Mean squared difference of what reasons say that perturbations do and what these do, the reasons scaled to fit.

    The scale is the one that fits best, as captum's `normalize=True`. Shapes (perturbations,), in units of the logit.

    Example:
        >>> infidelity(np.array([1.0, 2.0]), np.array([2.0, 4.0])), infidelity(np.zeros(2), np.array([1.0, 3.0]))
        (0.0, 5.0)
    """
    size = float((told**2).mean())
    scale = float((told * happened).mean()) / size if size > 0 else 1.0
    return float(((scale * told - happened) ** 2).mean())


def jaccard(one: np.ndarray, other: np.ndarray, first: int = FIRST) -> float:
    """Shared part of the `first` largest of two sets of values (units,), by size.

    Example:
        >>> jaccard(np.array([3.0, -2.0, 0.1]), np.array([3.0, 0.2, -2.0]), first=2)
        0.3333333333333333
    """
    a, b = (set(np.argsort(-np.abs(values), kind="stable")[:first].tolist()) for values in (one, other))
    return len(a & b) / len(a | b)
