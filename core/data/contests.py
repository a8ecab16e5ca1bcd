"""Which leads meet in a tier: its two sides, and the contests in which every chosen meets every rejected lead.

    stage     leads in the chosen stages            >  leads in the rejected stages
    signal    top share of the outcome-window call  >  bottom share, each stage a contest of its own
    outcome   converted                             >  not converted

Stage, outcome and call are arrays of equal length, one entry per lead, as in `Leads`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from core.funnel import Funnel, Tier


def signal_bounds(stage: np.ndarray, call_seconds: np.ndarray, tier: Tier, stages: int) -> np.ndarray:
    """Call lengths up to which a call is short and from which it is long, for each stage.

    Low is always below high. Where one length is so common that it is both (most calls 0 s), the split lies beside it,
    on the side with more leads.

    Shape: stage (n,) int64, call_seconds (n,) float64 seconds; result (stages + 1, 2) float64, columns low and high,
    the last row for leads of unknown stage, NaN for a stage whose known calls are none or all equal.

    Example:
        >>> tier = Tier("soft_signal", 0.1, by="call_seconds", top=0.25, bottom=0.5)
        >>> signal_bounds(np.zeros(5, int), np.array([0.0, 1, 2, 3, 4]), tier, stages=1).tolist()
        [[2.0, 3.0], [nan, nan]]
    """
    bounds = np.full((stages + 1, 2), np.nan)
    for position in range(-1, stages):  # -1, unknown, is also the last row
        known = call_seconds[(stage == position) & np.isfinite(call_seconds)]
        if len(known) == 0 or known.min() == known.max():
            continue
        low, high = np.quantile(known, [tier.bottom, 1 - tier.top])
        if low >= high:
            below, above = known[known < low], known[known > low]
            low, high = (low, above.min()) if len(above) >= len(below) else (below.max(), low)
        bounds[position] = low, high
    return bounds


def fit_bounds(stage: np.ndarray, call_seconds: np.ndarray, funnel: Funnel) -> dict[str, np.ndarray]:
    """`signal_bounds` of every signal tier, by its name."""
    signal_tiers = [tier for tier in funnel.effective_tiers() if tier.kind == "signal"]
    return {tier.name: signal_bounds(stage, call_seconds, tier, len(funnel.stages)) for tier in signal_tiers}


def sides(
    tier: Tier,
    funnel: Funnel,
    stage: np.ndarray,
    converted: np.ndarray,
    call_seconds: np.ndarray,
    bounds: Mapping[str, np.ndarray],
) -> np.ndarray:
    """1 for the chosen side, -1 for the rejected side, 0 for neither, shape (n,) int8."""
    if tier.kind == "stage":
        better, worse = (
            np.isin(stage, [funnel.stages.index(name) for name in names]) for names in (tier.chosen, tier.rejected)
        )
    elif tier.kind == "signal":
        low, high = bounds[tier.name][stage].T
        better, worse = call_seconds >= high, call_seconds <= low
    else:
        better, worse = converted == 1, converted == 0
    return better.astype(np.int8) - worse.astype(np.int8)


def contests(
    tier: Tier, side: np.ndarray, stage: np.ndarray, group: np.ndarray | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows of the chosen and of the rejected side, for each contest that has both.

    Shape: side (n,) as `sides` gives it; stage (n,) int64; group (n,): leads of different groups never meet.
    """
    key = _key(tier, stage, group)

    def by_key(rows: np.ndarray) -> dict[int, np.ndarray]:
        rows = rows[np.argsort(key[rows], kind="stable")]
        values, starts = np.unique(key[rows], return_index=True)
        return dict(zip(values.tolist(), np.split(rows, starts[1:]), strict=False))

    better, worse = by_key(np.flatnonzero(side == 1)), by_key(np.flatnonzero(side == -1))
    return ((better[value], worse[value]) for value in better if value in worse)


def _key(tier: Tier, stage: np.ndarray, group: np.ndarray | None) -> np.ndarray:
    """Leads of different keys never meet, shape (n,) int64."""
    key = stage + 1 if tier.kind == "signal" else np.zeros_like(stage)
    if group is None:
        return key
    names, code = np.unique(group, return_inverse=True)
    return key * max(len(names), 1) + code
