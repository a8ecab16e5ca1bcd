"""What each lead returns on the cost of converting it, and from which return on a team works leads."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from core.decisions.economics.money import checked_amounts, checked_chances
from core.errors import ConfigError, NotComputable

OBJECTIVES = ("profit", "growth", "share")
"""What a team wants of its leads, as `threshold_for` tells."""
SLACK = 1e-9
"""Rounding that decides nothing: 0.29 * 100 is 28.999999999999996."""


def lead_roi(
    probability: ArrayLike,
    margin: ArrayLike,
    cost_to_convert: ArrayLike,
    *,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    objective: str = "profit",
    target: float = 0.0,
) -> pd.DataFrame:
    """Return on the money spent to convert each lead. Shape (n,) -> (n, 6), in the given order.

    Columns: expected_value = probability * margin (money), roi = (expected_value - cost) / cost (0.5: half as much
    again as was spent), low and high (roi at the ends of the chance, NaN without them), threshold (the same in every
    row) and worth (bool: roi reaches it).

    Args:
        margin: Money that an order leaves before the cost of converting, for all leads or for each; 0 or more.
        cost_to_convert: Money spent on the lead, whether it orders or not; above 0.
        low, high: The chance's interval, where there is one.
        objective, target: As `threshold_for` says.

    Raises:
        ConfigError: a margin below 0, a cost not above 0, an objective that does not exist, a target out of range.
        ValidationError: a chance outside 0..1, with its rows; NotComputable: no leads, or none reaches the objective.

    Source: Kakatkar 2020.

    Example:
        >>> lead_roi([0.1, 0.02], 2000.0, 100.0)[["expected_value", "roi", "worth"]].values.tolist()
        [[200.0, 1.0, True], [40.0, -0.6, False]]
    """
    chance = checked_chances(probability)
    margins = checked_amounts(margin, "margin", len(chance), lowest=0.0)
    costs = _above_zero(cost_to_convert, len(chance))
    rows = pd.DataFrame({"expected_value": chance * margins})
    rows["roi"] = rows["expected_value"] / costs - 1
    for name, end in (("low", low), ("high", high)):
        rows[name] = np.nan if end is None else _end(end, f"{name} chance", chance) * margins / costs - 1
    rows["threshold"] = threshold_for(objective, target, rows["roi"], costs)
    rows["worth"] = rows["roi"] >= rows["threshold"] - SLACK
    return rows


def threshold_for(objective: str, target: float, roi: ArrayLike, cost: ArrayLike) -> float:
    """The return on cost that a lead must reach. Shapes roi (n,), cost () or (n,).

    profit: `target` itself, so that every lead returns so much; 0 works each lead that pays for itself, which makes
        the most profit there is.
    growth: the lowest that can be borne while all leads worked together still return `target`, so that good leads pay
        for as many others as they can; with 0, the most orders without a loss in all.
    share: the return of the last lead within the best share `target` of all leads, in (0, 1].

    Raises:
        ConfigError: no such objective, a target out of range, or a cost not above 0.
        NotComputable: there are no leads; growth: even the best lead returns less than `target`.

    Example:
        >>> [threshold_for(name, goal, [1.0, 0.2, -0.5, -0.9], 1.0) for name, goal in
        ...  (("profit", 0.0), ("growth", 0.0), ("share", 0.5))]
        [0.0, -0.5, 0.2]
    """
    values = np.asarray(roi, dtype=np.float64)
    if not len(values):
        raise NotComputable("a threshold needs at least one lead, however: got none")
    costs = np.broadcast_to(_above_zero(cost, len(values)), len(values))
    _check_target(objective, target)
    if objective == "profit":
        return float(target)
    order = np.argsort(-values, kind="stable")
    best = values[order]
    if objective == "share":
        return float(best[max(int(target * len(best) + SLACK), 1) - 1])
    together = (best * costs[order]).cumsum() / costs[order].cumsum()
    # Leads of one return are worked all or none, so the mean counts only where such a group ends.
    ends = np.append(np.diff(best) < 0, True)
    borne = np.flatnonzero(ends & (together >= target - SLACK))
    if not len(borne):
        raise NotComputable(
            f"growth asks that the leads worked return {target:.0%} together, however: the best of them returns "
            f"{best[0]:.0%}; set a lower target, a higher margin or a lower cost"
        )
    return float(best[borne[-1]])


def _check_target(objective: str, target: float) -> None:
    if objective not in OBJECTIVES:
        raise ConfigError(f"objective must be one of {', '.join(OBJECTIVES)}, however: got={objective!r}")
    if objective == "share" and not 0 < target <= 1:
        raise ConfigError(f"target of the objective share must lie in (0, 1], however: got={target!r}")
    if not (np.isfinite(target) and target >= -1):
        raise ConfigError(
            f"target must be a return of -1 (all is lost) or more, such as 0.2 for 20%, however: got={target!r}"
        )


def _above_zero(cost: ArrayLike, leads: int) -> np.ndarray:
    costs = checked_amounts(cost, "cost_to_convert", leads, lowest=0.0)
    if (costs == 0).any():
        row = f" in row {int(np.flatnonzero(costs == 0)[0]) + 2}" if costs.ndim else ""
        raise ConfigError(
            f"cost_to_convert must be above 0, however: got=0{row}; a return on nothing spent has no value, so leave "
            "such leads out or put a price on the time of a call"
        )
    return costs


def _end(end: ArrayLike, name: str, chance: np.ndarray) -> np.ndarray:
    values = checked_chances(end, name)
    if len(values) != len(chance):
        raise ConfigError(f"{name} must be given for each of the {len(chance):,} leads, however: got={len(values):,}")
    return values
