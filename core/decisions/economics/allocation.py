"""A budget split over channels, so that the last unit of money brings as much in each.

Profit is sum over channels of margin * E[orders(spend)] - spend, the mean over all curves that agree with the history.
Each channel's part of it is concave, so there is one price of money (what the next unit must bring, 1 at least), and
every channel gets the spend at which its marginal return meets it. Money that would bring less than itself is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.optimize.elementwise import find_root

from core.answers import as_json
from core.decisions.economics.money import Terms, told
from core.decisions.economics.response import Responses
from core.errors import ConfigError, NotComputable
from core.ranking import TAIL, Figure


@dataclass(frozen=True, eq=False)
class Allocation:
    """What each channel gets, and what comes of it. Money and orders of one period."""

    frame: pd.DataFrame
    """One row a channel: channel, spend_now, spend, orders (expected), low, high (95% interval of expected orders, for
    the curve is uncertain; single periods scatter more), marginal_return (money that the next unit of money brings, so
    1 pays for itself), beyond (bool: more than was ever spent there, so the curve is a guess)."""
    budget: float
    profit: Figure
    """margin * orders - spend, with its 95% interval."""
    profit_now: Figure
    """The same at the spend of now."""
    gain: Figure
    """profit - profit_now, draw by draw."""
    chance_better: float
    """Share of the draws in which the split earns more than the spend of now."""
    terms: Terms = field(default_factory=Terms)

    @property
    def kept(self) -> float:
        """Money of the budget that no channel would earn back."""
        return max(self.budget - float(self.frame["spend"].sum()), 0.0)

    @property
    def how(self) -> str:
        """The computation in words."""
        spent = told(self.budget - self.kept, self.terms, per_period=True)
        kept = f" {told(self.kept, self.terms)} is kept, as no channel would earn it back." if self.kept >= 1 else ""
        return (
            f"{spent} is split so that the last {self.terms.currency} brings as much in every channel that is free to "
            f"get more or less. Orders follow the spend as ceiling x (1 - exp(-spend / scale)), fitted to the past."
            f"{kept}"
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        figures = {name: getattr(self, name).to_dict() for name in ("profit", "profit_now", "gain")}
        rest = {"chance_better": self.chance_better, "kept": self.kept, "terms": self.terms.to_dict(), "how": self.how}
        return {"budget": self.budget, **figures, **rest, "channels": as_json(self.frame)}


def allocate(
    responses: Responses,
    budget: float,
    margin: ArrayLike,
    *,
    lows: ArrayLike | None = None,
    highs: ArrayLike | None = None,
    terms: Terms | None = None,
) -> Allocation:
    """Split a budget over channels for the most expected profit.

    Args:
        budget: Money a period, 0 or more; what would not pay for itself is kept.
        margin: Money that an order leaves before the spend, for all channels or each, above 0.
        lows, highs: Least and most money of each channel, one number or (channels,); 0 and the budget by default.

    Raises:
        ConfigError: a budget, margin or bound out of its range.
        NotComputable: the least that the channels must get is more than the budget.
    """
    margins = _margins(margin, responses)
    spend = best_spend(responses, budget, margins, lows=lows, highs=highs)
    orders = responses.orders(spend)
    now = responses.spend_now
    earned, before = _profit(orders, margins, spend), _profit(responses.orders(now), margins, now)
    low, high = np.quantile(orders, (TAIL, 1 - TAIL), axis=0)
    columns = {"channel": responses.channels, "spend_now": now, "spend": spend}
    columns |= {"orders": orders.mean(axis=0), "low": low, "high": high}
    columns["marginal_return"] = margins * responses.slope(spend).mean(axis=0)
    columns["beyond"] = spend > responses.most_seen * (1 + 1e-9)
    better = float((earned > before).mean())
    figures = (_figure(earned), _figure(before), _figure(earned - before))
    return Allocation(pd.DataFrame(columns), float(budget), *figures, better, terms or Terms())


def best_spend(
    responses: Responses,
    budget: float,
    margin: ArrayLike,
    *,
    lows: ArrayLike | None = None,
    highs: ArrayLike | None = None,
) -> np.ndarray:
    """Money of each channel, shape (channels,), for the most expected profit; arguments and errors as `allocate`."""
    margins = _margins(margin, responses)
    least, most = _bounds(budget, lows, highs, responses.channels)

    def at(price: float) -> np.ndarray:
        return _spend_at(price, responses, margins, least, most)

    if least.sum() >= budget:
        return least
    if (spend := at(1.0)).sum() <= budget:
        return spend
    dearest = float((margins * responses.slope(least).mean(axis=0)).max())
    log_price = brentq(lambda log: at(np.exp(log)).sum() - budget, 0.0, np.log(dearest), xtol=1e-13)
    return at(float(np.exp(log_price)))


def thompson_split(
    responses: Responses,
    budget: float,
    margin: ArrayLike,
    *,
    draws: int = 100,
    seed: int = 0,
    lows: ArrayLike | None = None,
    highs: ArrayLike | None = None,
) -> pd.DataFrame:
    """This period's split by Thompson sampling: best for one curve of each channel, drawn by chance.

    A channel whose curve is uncertain gets now more, now less, so that the next fit knows it better; one that is surely
    poor gets little. To be drawn anew each period, after a fit with that period's orders.

    Shape: (channels, 5): channel, spend_now, spend, and low, high, between which 95% of `draws` such splits lie.

    Raises:
        ConfigError, NotComputable: as `allocate`; ConfigError: fewer than 1 draw.

    Source: Thompson 1933; Russo et al. 2018.
    """
    if draws < 1:
        raise ConfigError(f"draws must be 1 or more, however: got={draws}")
    picked = np.random.default_rng(seed).integers(len(responses.ceiling), size=draws)
    one_each = (best_spend(responses.draw(int(number)), budget, margin, lows=lows, highs=highs) for number in picked)
    splits = np.stack(list(one_each))
    low, high = np.quantile(splits, (TAIL, 1 - TAIL), axis=0)
    columns = {"channel": responses.channels, "spend_now": responses.spend_now, "spend": splits[0]}
    return pd.DataFrame(columns | {"low": low, "high": high})


def _spend_at(
    price: float, responses: Responses, margins: np.ndarray, least: np.ndarray, most: np.ndarray
) -> np.ndarray:
    """The spend at which each channel's marginal return is `price`, within its bounds."""
    ceiling, scale = responses.ceiling, responses.scale
    if len(ceiling) == 1:  # one curve can be solved for its spend, a mean of curves cannot
        return np.clip(scale[0] * np.log(margins * ceiling[0] / (scale[0] * price)), least, most)

    def over(spend: np.ndarray, channel: np.ndarray) -> np.ndarray:
        c = channel.astype(np.int64)
        return margins[c] * (ceiling[:, c] / scale[:, c] * np.exp(-spend / scale[:, c])).mean(axis=0) - price

    every = np.arange(len(margins))
    spend = np.where(over(least, every) <= 0, least, most)
    inside = np.flatnonzero((over(least, every) > 0) & (over(most, every) < 0))
    if len(inside):
        spend[inside] = find_root(over, (least[inside], most[inside]), args=(inside,)).x
    return spend


def _bounds(
    budget: float, lows: ArrayLike | None, highs: ArrayLike | None, channels: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    if not (np.isfinite(budget) and budget >= 0):
        raise ConfigError(f"budget must be an amount of 0 or more, however: got={budget!r}")
    least = _each(0.0 if lows is None else lows, "the least of a channel", channels)
    most = _each(max(budget, least.max()) if highs is None else highs, "the most of a channel", channels)
    if (least < 0).any() or (most < least).any():
        place = int(np.flatnonzero((least < 0) | (most < least))[0])
        raise ConfigError(
            f"a channel's spend must lie between 0 or more and as much or more, however: {channels[place]} has "
            f"got={least[place]:,.6g} to {most[place]:,.6g}"
        )
    if least.sum() > budget * (1 + 1e-12):
        raise NotComputable(
            f"the channels must get {least.sum():,.6g} together at least, however: the budget is {budget:,.6g}; raise "
            "it or lower what they must get"
        )
    return least, most


def _margins(margin: ArrayLike, responses: Responses) -> np.ndarray:
    margins = _each(margin, "margin", responses.channels)
    if (margins <= 0).any():
        place = int(np.flatnonzero(margins <= 0)[0])
        raise ConfigError(f"margin must be above 0, however: {responses.channels[place]} has got={margins[place]:g}")
    return margins


def _each(amount: ArrayLike, name: str, channels: tuple[str, ...]) -> np.ndarray:
    """One amount for each channel, from one for all or one for each."""
    values = np.asarray(amount, dtype=np.float64)
    if values.shape not in ((), (len(channels),)) or not np.isfinite(values).all():
        raise ConfigError(
            f"{name} must be one number or one for each of {', '.join(channels)}, however: got={values.tolist()}"
        )
    return np.array(np.broadcast_to(values, len(channels)))


def _profit(orders: np.ndarray, margins: np.ndarray, spend: np.ndarray) -> np.ndarray:
    return orders @ margins - spend.sum()


def _figure(draws: np.ndarray) -> Figure:
    low, high = np.quantile(draws, (TAIL, 1 - TAIL))
    return Figure(float(draws.mean()), float(low), float(high))
