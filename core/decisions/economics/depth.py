"""How deep to call: profit over the number of leads called, best first, the best depth, and what the order is worth.

Calling lead i brings margin_i x p_i - cost per call in the mean. Summed from the top, that is the profit of each depth;
orders fall independently given their chances, so variances margin_i^2 p_i (1 - p_i) add up. Where each chance has a
range, chances are taken to be wrong together, so that its ends add up too, and both widths are joined as a root of
squares. Intervals are normal, 95%.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from core.decisions.economics.money import checked_amounts, checked_chances, checked_range
from core.errors import ConfigError
from core.ranking import Figure, Z, equal_length

POINTS = 1_900
"""Depths at which a curve is kept, at most, beside 0, the best and those asked for."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Profit over depth at k depths, straight in between; exact at each of them, the best depth among them."""

    leads: int
    """How many could be called."""
    depth: np.ndarray
    """Leads called, from 0 to all, ascending; shape (k,), int64, as all below (k,)."""
    profit: np.ndarray
    """Expected, after calls and the fixed cost."""
    variance: np.ndarray
    """Of the profit, by the luck of single orders."""
    under: np.ndarray
    over: np.ndarray
    """What the profit would be lower or higher with every chance at the end of its range; 0 without ranges."""
    best_depth: int
    """The least depth of the highest expected profit; 0 where no lead is worth its call."""
    best_from: int
    best_to: int
    """Depths from here to here bring no less than the best one as far as luck lets one tell, at 95%."""

    @property
    def low(self) -> np.ndarray:
        return self.profit - np.hypot(Z * np.sqrt(self.variance), self.under)

    @property
    def high(self) -> np.ndarray:
        return self.profit + np.hypot(Z * np.sqrt(self.variance), self.over)

    @property
    def best_profit(self) -> Figure:
        """Of the best depth."""
        return self.at(self.best_depth)

    def at(self, depth: int) -> Figure:
        """Profit of calling so many of the best leads. Raises ConfigError outside 0 and all leads."""
        _check_depth(depth, self.leads)
        value, low, high = (float(np.interp(depth, self.depth, line)) for line in (self.profit, self.low, self.high))
        return Figure(value, low, high)

    def to_frame(self) -> pd.DataFrame:
        """Columns depth, profit, low, high; one row a kept depth."""
        return pd.DataFrame({"depth": self.depth, "profit": self.profit, "low": self.low, "high": self.high})

    def to_dict(self) -> dict[str, Any]:
        """For JSON, without the lines."""
        single = {name: getattr(self, name) for name in ("leads", "best_depth", "best_from", "best_to")}
        return single | {"best_profit": self.best_profit.to_dict()}


def profit_curve(
    probability: ArrayLike,
    margin: ArrayLike,
    cost_per_call: float,
    fixed_cost: float = 0.0,
    *,
    order: ArrayLike | None = None,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    at: Sequence[int] = (),
) -> Curve:
    """Expected profit of calling the best leads, by how many are called.

    Args:
        probability: Calibrated chances (n,), 0..1.
        margin: What an order brings, one amount or (n,); 0 at least.
        cost_per_call: Of each lead called; 0 at least.
        fixed_cost: Paid at every depth, also at 0.
        order: Positions (n,), the first to be called first; the highest p x margin first where None, ties as given.
        low, high: Range of each chance (n,), or None.
        at: Depths that the curve must hold exactly.

    Raises:
        ConfigError: a margin or cost below 0, an order that does not hold each lead once, or a depth out of range.
        NotComputable, ValidationError: as `checked_range`.

    Example:
        >>> curve = profit_curve([0.9, 0.05, 0.4], margin=100, cost_per_call=20)
        >>> curve.best_depth, curve.best_profit.value, curve.profit.tolist()
        (2, 90.0, [0.0, 70.0, 90.0, 75.0])
    """
    chance, ends = checked_range(probability, low, high)
    call, fixed = _cost(cost_per_call, "cost_per_call"), _cost(fixed_cost, "fixed_cost")
    places, chance, gain = _lined_up(chance, margin, order)
    n, profit = len(chance), _summed(chance * gain - call)
    variance = _summed(gain**2 * chance * (1 - chance))
    best = int(profit.argmax())
    level = np.flatnonzero(profit[best] - profit <= Z * np.sqrt(np.abs(variance - variance[best])))
    kept = _thinned(n, best, at)
    under, over = (
        np.zeros(len(kept)) if ends is None else _summed(gain * np.abs(end[places] - chance))[kept]
        for end in (ends or (chance, chance))
    )
    return Curve(n, kept, profit[kept] - fixed, variance[kept], under, over, best, int(level[0]), int(level[-1]))


def one_more_person(curve: Curve, capacity: int, calls_per_person: int) -> Figure:
    """What so many more calls bring where the team calls the best `capacity` leads now, before the person's pay.

    They go to the next leads, if any; below 0 where these are not worth a call. Exact if the curve holds both depths.

    Raises:
        ConfigError: a capacity outside 0 and all leads, or less than one call.
    """
    _check_depth(capacity, curve.leads)
    if calls_per_person < 1:
        raise ConfigError(f"calls_per_person must be at least 1, however: got={calls_per_person}")
    ends = [capacity, min(capacity + calls_per_person, curve.leads)]
    lines = (curve.profit, curve.variance, curve.under, curve.over)
    value, variance, under, over = (float(np.diff(np.interp(ends, curve.depth, line))[0]) for line in lines)
    less, more = (float(np.hypot(Z * np.sqrt(variance), width)) for width in (under, over))
    return Figure(value, value - less, value + more)


def against(
    probability: ArrayLike,
    margin: ArrayLike,
    cost_per_call: float,
    fixed_cost: float = 0.0,
    *,
    outcome: ArrayLike | None = None,
    order: ArrayLike | None = None,
    at: Sequence[int] = (),
) -> pd.DataFrame:
    """Profit by depth of the model's order and of a random one; with outcomes (n,), what really came, and the perfect.

    Columns:
        order       model, random (mean over all orders), perfect (orders of highest margin first; with outcomes alone)
        depth       leads called
        profit      expected by the chances, or as the outcomes have it
        gap         the model's profit less this one's: what ranking wins over random, what wrong ranking costs
        low, high   of the gap, 95%: against random, luck of single orders by their chances; against perfect, the orders
                    by which both differ counted as Poisson numbers. NaN for the model

    Raises:
        As `profit_curve`; NotComputable for outcomes that are not 0 or 1.
    """
    call, fixed = _cost(cost_per_call, "cost_per_call"), _cost(fixed_cost, "fixed_cost")
    places, chance, gain = _lined_up(checked_chances(probability), margin, order)
    brought = gain * (chance if outcome is None else equal_length(outcome, chance)[0][places])
    profit, variance = _summed(brought - call), _summed(gain**2 * chance * (1 - chance))
    depth = _thinned(len(chance), int(profit.argmax()), at)
    share, model = depth / len(chance), profit[depth]
    luck = np.sqrt((1 - share) ** 2 * variance[depth] + share**2 * (variance[-1] - variance[depth]))
    parts = {"model": (model, np.full(len(depth), np.nan)), "random": (share * profit[-1], luck)}
    if outcome is not None:
        parts["perfect"] = _perfect(brought, call, depth)
    frames = []
    for name, (line, sd) in parts.items():
        gap = model - line
        columns = {"depth": depth, "profit": line - fixed, "gap": gap, "low": gap - Z * sd, "high": gap + Z * sd}
        frames.append(pd.DataFrame({"order": name, **columns}))
    return pd.concat(frames, ignore_index=True)


def cost_of_wrong_order(lines: pd.DataFrame, depth: int) -> pd.DataFrame:
    """At one depth: columns order, profit, gap, low, high as in `lines`, from `against`; one row an order.

    Raises:
        ConfigError: the lines were not made `at` that depth.

    Example:
        >>> found = cost_of_wrong_order(against([0.9, 0.2, 0.4], 100, 20, outcome=[0, 1, 0]), depth=1)
        >>> found["order"].tolist(), found["profit"].round(1).tolist(), found["gap"].round(1).tolist()
        (['model', 'random', 'perfect'], [-20.0, 13.3, 80.0], [0.0, -33.3, -100.0])
    """
    rows = lines[lines["depth"] == depth].drop(columns="depth")
    if rows.empty:
        raise ConfigError(f"the lines hold no depth of {depth:,} calls; make them with at=({depth},)")
    return rows.reset_index(drop=True)


def _cost(amount: float, name: str) -> float:
    return float(checked_amounts(amount, name, lowest=0))


def _lined_up(
    chance: np.ndarray, margin: ArrayLike, order: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions (n,), best first; chances (n,) and margins () or (n,) in that order."""
    gain = checked_amounts(margin, "margin", len(chance), lowest=0)
    places = np.argsort(-chance * gain, kind="stable") if order is None else _checked_order(order, len(chance))
    return places, chance[places], gain[places] if gain.ndim else gain


def _checked_order(order: ArrayLike, n: int) -> np.ndarray:
    places = np.asarray(order)
    if places.shape != (n,) or places.dtype.kind not in "iu" or not np.array_equal(np.sort(places), np.arange(n)):
        raise ConfigError(f"order must hold each of the positions 0 to {n - 1:,} once, however: it does not")
    return places


def _check_depth(depth: int, leads: int) -> None:
    if not 0 <= depth <= leads:
        raise ConfigError(f"a number of calls must lie between 0 and the {leads:,} leads, however: got={depth:,}")


def _summed(value: np.ndarray) -> np.ndarray:
    """Sums from the top, shape (n + 1,): of no lead, of one, ..."""
    return np.concatenate([[0.0], value.cumsum()])


def _thinned(n: int, best: int, at: Sequence[int]) -> np.ndarray:
    """Depths to keep: a third of them by equal ratios, so that the top is fine, the others by equal steps."""
    for depth in at:
        _check_depth(depth, n)
    if n <= POINTS:
        return np.arange(n + 1)
    steps = [np.linspace(0, n, 2 * POINTS // 3), np.geomspace(1, n, POINTS // 3), np.array([best, *at])]
    return np.unique(np.concatenate(steps).round().astype(np.int64))


def _perfect(brought: np.ndarray, call: float, depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Profit in hindsight's order, and the standard deviation of the gap to it; (n,) in the model's order -> (k,)."""
    n, best = len(brought), np.argsort(-brought, kind="stable")
    rank, best_rank = np.arange(1, n + 1), np.empty(n, dtype=np.int64)
    best_rank[best] = rank
    # A lead is called by one order alone from its first rank on until its second.
    first, second = np.minimum(rank, best_rank), np.maximum(rank, best_rank)
    alone = np.bincount(first, brought**2, n + 1) - np.bincount(second, brought**2, n + 1)
    return _summed(brought[best] - call)[depth], np.sqrt(np.maximum(alone.cumsum()[depth], 0))
