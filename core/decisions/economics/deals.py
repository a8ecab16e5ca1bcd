"""Deals over leads whose quality is not known yet: which is better at which share of good leads, and how likely.

A deal's profit is a straight line over the share p of good leads: profit(p) = (1 - p) profit_at_0 + p profit_at_1.
Two lines cross at the break-even share, where both deals bring the same.
Source: Kakatkar, de Langhe & Puntoni (2020), "Machine Learning for Lead Management", Figure 3.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import beta

from core.data.problems import Findings
from core.data.values import to_text
from core.decisions.economics.money import checked_amounts, checked_chances, checked_range, read_money
from core.decisions.economics.risk import CORRELATION, risk
from core.errors import ConfigError
from core.ranking import TAIL

PROFITS = ("profit_at_0", "profit_at_1")
COLUMNS = ("name", *PROFITS)
DRAWS = 20_000
"""Shares drawn: a chance told from them is off by 0.4 points at most, with one standard error. Source: ours."""
EQUAL = 1e-9
"""Slopes that differ by less than this part of the largest amount are parallel: what rounding leaves."""


def read_deals(frame: pd.DataFrame) -> pd.DataFrame:
    """A person's table of deals, checked: columns `COLUMNS`, one row a deal, in the given order. Others are left out.

    Raises:
        ValidationError: every problem, with its column and rows (the header is row 1).
    """
    found = Findings()
    frame = frame.reset_index(drop=True)
    read = read_money(frame, PROFITS, found)
    if "name" in frame.columns:
        names = to_text(frame["name"])
        found.rows("error", "name", names == "", "the name is empty", "give every deal a name")
        twice = names.duplicated(keep=False) & (names != "")
        found.rows("error", "name", twice, "a name stands in several rows", "name every deal once", cells=names)
    else:
        has = ", ".join(map(str, frame.columns))
        found.note("error", "name", f"there is no such column; the table has {has}", "name the column of deals so")
    if len(frame) < 2:
        found.note("error", "", f"two deals or more are compared, however: got={len(frame)}", "give one row a deal")
    found.refuse()
    return pd.DataFrame({"name": names, **read})


def break_evens(deals: pd.DataFrame) -> pd.DataFrame:
    """Where each pair of deals brings the same; one row a pair, in file order. `deals`: as `read_deals` gives them.

    Columns:
        deal_a, deal_b               str
        break_even                   float: p* = (a0 - b0) / ((a0 - b0) - (a1 - b1)); NaN where the lines never cross
        inside                       bool: p* is a share, 0..1
        better_below, better_above   str: the better deal at shares below and above p*; "" where both are equal
        reason                       str: why there is no break-even from 0 to 1; "" where there is one
    """
    pairs = combinations(zip(deals["name"], deals[PROFITS[0]], deals[PROFITS[1]], strict=True), 2)
    columns = ["deal_a", "deal_b", "break_even", "inside", "better_below", "better_above", "reason"]
    return pd.DataFrame([_crossing(a, b) for a, b in pairs], columns=columns)


def good_shares(
    probability: ArrayLike, *, correlation: float = CORRELATION, draws: int = DRAWS, seed: int = 0
) -> np.ndarray:
    """Shares of good leads that these leads may turn out to have. Shape (n,) -> (draws,), in 0..1, ascending.

    Each lead is good with its own chance. What they have in common, such as a market or a model that is wrong for all
    of them, makes them good or bad together: lead i is good where sqrt(c) Z + sqrt(1 - c) e_i < ndtri(p_i), with Z the
    same for all, Z and e_i standard normal, and c the correlation.

    Raises:
        ConfigError: `correlation` lies outside [0, 1), or no share is drawn.
        NotComputable, ValidationError: as `checked_chances`.

    Source: one-factor Gaussian copula (Vasicek 2002); without correlation, the Poisson-binomial law.
    """
    return risk(probability, correlation, draws, seed).orders / np.size(probability)


def believed_shares(mean: float, low: float, high: float, draws: int = DRAWS) -> np.ndarray:
    """Shares of good leads where no lead is scored: what a person expects, and a 95% range. Shape (draws,), ascending.

    Even steps through the beta law with that mean and a 95% range as wide as `high` - `low`.

    Raises:
        ConfigError: not 0 < low < mean < high < 1, a range that no beta law with one peak has, or no share is drawn.
    """
    if not 0 < low < mean < high < 1:
        raise ConfigError(
            "a range of shares must be 0 < low < mean < high < 1, however: "
            f"got low={low!r}, mean={mean!r}, high={high!r}"
        )
    _check_draws(draws)
    least = 1 / min(mean, 1 - mean)  # from here on the law has one peak, or is flat
    tails = np.array([TAIL, 1 - TAIL])

    def too_wide(strength: float) -> float:
        return float(np.ptp(beta.ppf(tails, mean * strength, (1 - mean) * strength)) - (high - low))

    if too_wide(least) < 0:
        raise ConfigError(f"the range {low:g} to {high:g} is too wide around {mean:g}; narrow it or move the mean")
    most = 2 * least
    while too_wide(most) > 0:
        most *= 2
    strength = brentq(too_wide, least, most)
    return beta.ppf((np.arange(draws) + 0.5) / draws, mean * strength, (1 - mean) * strength)


def better(deals: pd.DataFrame, shares: ArrayLike) -> pd.DataFrame:
    """What each deal brings over what the share of good leads may be. Shapes: deals (k, 3), shares (draws,) -> (k, 5).

    Columns: name, expected_profit, low, high (95% of the shares lie between), chance_best (deals that tie share it).
    `shares`: from `good_shares`, `believed_shares`, or one's own.

    Raises:
        NotComputable, ValidationError: as `checked_chances`, of the shares.
    """
    drawn = checked_chances(shares, "share")
    start, end = (deals[name].to_numpy(dtype=np.float64)[:, None] for name in PROFITS)
    ends = start + (end - start) * np.quantile(drawn, [TAIL, 1 - TAIL])
    profit = start + (end - start) * drawn
    best = np.isclose(profit, profit.max(axis=0), rtol=EQUAL, atol=0)
    return pd.DataFrame(
        {
            "name": deals["name"].to_numpy(),
            "expected_profit": profit.mean(axis=1),
            "low": ends.min(axis=1),
            "high": ends.max(axis=1),
            "chance_best": (best / best.sum(axis=0)).mean(axis=1),
        }
    )


def lines(deals: pd.DataFrame, points: int = 101) -> pd.DataFrame:
    """The chart's lines: columns name, share (0..1), profit; `points` rows a deal. Raises ConfigError below 2."""
    if points < 2:
        raise ConfigError(f"a line needs 2 points or more, however: got={points}")
    share = np.linspace(0, 1, points)
    return pd.concat(
        [
            pd.DataFrame({"name": name, "share": share, "profit": start + (end - start) * share})
            for name, start, end in zip(deals["name"], deals[PROFITS[0]], deals[PROFITS[1]], strict=True)
        ],
        ignore_index=True,
    )


def keep_or_sell(
    probability: ArrayLike,
    margin: ArrayLike,
    cost: ArrayLike,
    sale_price: ArrayLike,
    *,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
) -> pd.DataFrame:
    """Work each lead, sell it, or let it go: whichever brings most. Shapes (n,), () or (n,) each -> (n, 7).

    Columns:
        decision     keep, sell or drop (neither brings anything); keep where both bring the same
        value_keep   probability x margin - cost
        low, high    value_keep at either end of the chance's range; NaN where `low` and `high` are not given
        value_sell   the sale price
        value        of the decision; 0 for drop
        holds        bool: the decision is the same at both ends of the range; NA where there is none

    Raises:
        ConfigError: a cost or price below 0, or one range end without the other.
        NotComputable, ValidationError: as `checked_chances`; or a range that does not hold its chance.
    """
    chance, ends = checked_range(probability, low, high)
    n = len(chance)
    gain = checked_amounts(margin, "margin", n)
    spent, price = (
        checked_amounts(amount, name, n, lowest=0) for name, amount in (("cost", cost), ("sale_price", sale_price))
    )
    value_keep, sell = chance * gain - spent, np.broadcast_to(price, n)
    decision = _choice(value_keep, sell)
    frame = pd.DataFrame({"decision": decision, "value_keep": value_keep, "low": np.nan, "high": np.nan})
    holds = pd.Series(pd.NA, index=frame.index, dtype="boolean")
    if ends is not None:
        values = np.stack(ends) * gain - spent
        frame["low"], frame["high"] = values.min(axis=0), values.max(axis=0)
        holds = pd.Series((_choice(values, sell) == decision).all(axis=0), dtype="boolean")
    return frame.assign(value_sell=sell, value=np.maximum(np.maximum(value_keep, sell), 0.0), holds=holds)


def _choice(keep: np.ndarray, sell: np.ndarray) -> np.ndarray:
    return np.select([(keep > 0) & (keep >= sell), sell > 0], ["keep", "sell"], "drop")


def _check_draws(draws: int) -> None:
    if draws < 1:
        raise ConfigError(f"draws must be at least 1, however: got={draws}")


def _crossing(a: tuple[str, float, float], b: tuple[str, float, float]) -> tuple:
    (name_a, *line_a), (name_b, *line_b) = a, b
    at_0, at_1 = line_a[0] - line_b[0], line_a[1] - line_b[1]
    least = EQUAL * max(map(abs, (*line_a, *line_b)))
    if abs(at_0 - at_1) <= least:
        if abs(at_0) <= least:
            return name_a, name_b, math.nan, False, "", "", "both deals bring the same at every share of good leads"
        winner = name_a if at_0 > 0 else name_b
        reason = f"the lines are parallel: {winner} brings {abs(at_0):,.2f} more at every share of good leads"
        return name_a, name_b, math.nan, False, winner, winner, reason
    share = at_0 / (at_0 - at_1)
    below, above = (name_a, name_b) if at_0 > at_1 else (name_b, name_a)
    inside = 0 <= share <= 1
    reason = "" if inside else f"{above if share < 0 else below} is better at every share of good leads from 0 to 1"
    return name_a, name_b, share, inside, below, above, reason
