"""Orders that money brings in each channel: curves that rise ever more slowly, and how uncertain they are.

    orders(spend) = ceiling * (1 - exp(-spend / scale))

`ceiling` is what no money can pass, orders a period; at a spend of `scale`, 63% of it is reached. A channel without
spend brings nothing: orders that come anyway are not to be counted. What is spent acts in its own period.

Both numbers are uncertain, so a channel is a cloud of curves, drawn from the posterior of Poisson counts. Given the
scale the ceiling is Gamma distributed, and the scale's own density has a closed form, so that the draws are exact up to
the grid. Counts that scatter more than Poisson's widen the cloud by as much (quasi-likelihood).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import gammaln, softmax, xlogy

from core.answers import as_json
from core.data.problems import Findings
from core.data.values import to_text
from core.decisions.economics.money import read_money
from core.errors import ConfigError, NotComputable
from core.ranking import TAIL

FEWEST = 6
"""Periods of a channel that a curve needs. Source: ours."""
RECENT = 4
"""Last periods whose mean spend is a channel's spend now. Source: ours."""
SPREAD = 1.5
"""Prior standard deviation of log(scale) about the log of the usual spend: 95% within a factor of 20 either way. It
decides where the spend hardly varied. Source: ours."""
NODES = 401
"""Of the scale's grid."""
HALF = 0.5
"""Jeffreys' prior of a Poisson rate: a channel that brought no order yet may bring some."""
HISTORY_COLUMNS = ("channel", "spend", "orders")


@dataclass(frozen=True, eq=False)
class Responses:
    """Curves of every channel: many draws of what may be true, or one that is."""

    channels: tuple[str, ...]
    ceiling: np.ndarray
    """Orders a period that no spend passes, shape (draws, channels)."""
    scale: np.ndarray
    """Money a period at which 63% of them come, shape (draws, channels)."""
    spend_now: np.ndarray
    """Money a period, shape (channels,)."""
    most_seen: np.ndarray
    """The highest spend in the history, beyond which a curve is a guess; shape (channels,)."""

    def orders(self, spend: np.ndarray) -> np.ndarray:
        """Orders a period by draw. Shape (channels,) -> (draws, channels)."""
        return -self.ceiling * np.expm1(-np.asarray(spend, dtype=np.float64) / self.scale)

    def slope(self, spend: np.ndarray) -> np.ndarray:
        """Orders that the next unit of money brings, by draw. Shape (channels,) -> (draws, channels)."""
        return self.ceiling / self.scale * np.exp(-np.asarray(spend, dtype=np.float64) / self.scale)

    def draw(self, number: int) -> Responses:
        """One of the draws, as if it were the truth."""
        one = slice(number, number + 1)
        return Responses(self.channels, self.ceiling[one], self.scale[one], self.spend_now, self.most_seen)

    def curve(self, channel: str, points: int = 50) -> pd.DataFrame:
        """For a chart: spend (money a period, up to half as much again as was ever spent), orders (the mean over the
        draws), low, high (95%), seen (whether so much was ever spent)."""
        place = self.channels.index(channel)
        spend = np.linspace(0.0, 1.5 * max(self.most_seen[place], self.spend_now[place]), points)
        ceiling, scale = self.ceiling[:, place, None], self.scale[:, place, None]
        orders = -ceiling * np.expm1(-spend / scale)
        low, high = np.quantile(orders, (TAIL, 1 - TAIL), axis=0)
        mean, seen = orders.mean(axis=0), spend <= self.most_seen[place]
        return pd.DataFrame({"spend": spend, "orders": mean, "low": low, "high": high, "seen": seen})

    def to_frame(self) -> pd.DataFrame:
        """One row a channel: channel, spend_now, most_seen, and medians and 95% intervals of ceiling (orders a period)
        and scale (money a period)."""
        rows: dict[str, Any] = {"channel": self.channels, "spend_now": self.spend_now, "most_seen": self.most_seen}
        for name, draws in (("ceiling", self.ceiling), ("scale", self.scale)):
            middle, low, high = np.quantile(draws, (0.5, TAIL, 1 - TAIL), axis=0)
            rows |= {name: middle, f"{name}_low": low, f"{name}_high": high}
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"draws": len(self.ceiling), "channels": as_json(self.to_frame())}


def read_history(frame: pd.DataFrame) -> pd.DataFrame:
    """A table of spend and orders, checked. Shape (n, m) -> (n, 3): `HISTORY_COLUMNS`, other columns are left out.

    One row a channel and period, a channel's rows in the order of time; a period is of the same length everywhere.
    Orders may be expected ones, so not whole.

    Raises:
        ValidationError: every problem, with its column and rows (the header is row 1).
    """
    found = Findings()
    if "channel" not in frame.columns:
        has = ", ".join(map(str, frame.columns))
        found.note(
            "error", "channel", f"there is no such column; the table has {has}", "name the column of channels so"
        )
    if frame.empty:
        found.note("error", "", "there is no history in the table", "give one row a channel and period")
    frame = frame.reset_index(drop=True)
    numbers = read_money(frame, ["spend", "orders"], found, negative=False)
    found.refuse()
    read = pd.DataFrame({"channel": to_text(frame["channel"])} | numbers)
    found.rows("error", "channel", read["channel"] == "", "the channel is empty", "write its name in every row")
    free = (read["spend"] == 0) & (read["orders"] > 0)
    remedy = "count only orders that the channel's money brought, or leave the period out"
    found.rows("error", "orders", free, "orders without any spend", remedy)
    found.refuse()
    return read


def fit(history: pd.DataFrame, *, draws: int = 1000, seed: int = 0) -> Responses:
    """Draw curves that agree with the history, channel by channel, in the order of their first rows.

    Args:
        history: As `read_history` says.
        draws: Curves of each channel.

    Raises:
        ValidationError: as `read_history`.
        NotComputable: a channel has fewer than `FEWEST` periods, or its spend never varied.
        ConfigError: fewer than 1 draw.

    Source: the curve and diminishing returns, Jin et al. 2017; the draws, ours.
    """
    if draws < 1:
        raise ConfigError(f"draws must be 1 or more, however: got={draws}")
    rows = read_history(history)
    groups = list(rows.groupby("channel", sort=False))
    _check_enough(groups)
    rng = np.random.default_rng(seed)
    columns = [_draws(part["spend"].to_numpy(), part["orders"].to_numpy(), draws, rng) for _, part in groups]
    return Responses(
        channels=tuple(str(name) for name, _ in groups),
        ceiling=np.column_stack([ceiling for ceiling, _ in columns]),
        scale=np.column_stack([scale for _, scale in columns]),
        spend_now=np.array([part["spend"].iloc[-RECENT:].mean() for _, part in groups]),
        most_seen=np.array([part["spend"].max() for _, part in groups]),
    )


def _check_enough(groups: list[tuple[Any, pd.DataFrame]]) -> None:
    wrong = []
    for name, part in groups:
        if len(part) < FEWEST:
            wrong.append(f"{name} has {len(part)} periods")
        elif np.ptp(part["spend"]) == 0:
            wrong.append(f"{name} always spent {part['spend'].iloc[0]:,.6g}")
    if wrong:
        raise NotComputable(
            f"how orders follow the money shows where a channel has {FEWEST} periods or more and its spend varied, "
            f"however: {'; '.join(wrong)}; give a longer history, or try a higher and a lower spend for some periods"
        )


def _draws(
    spend: np.ndarray, orders: np.ndarray, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Ceilings and scales (draws,) of one channel."""
    usual = np.log(np.median(spend[spend > 0]))
    log_scale = np.linspace(usual - 4 * SPREAD, usual + 4 * SPREAD, NODES)
    reached = -np.expm1(-spend / np.exp(log_scale)[:, None])
    prior = -(((log_scale - usual) / SPREAD) ** 2) / 2
    phi = _scatter(orders, reached, prior)
    density = softmax(_log_marginal(orders, reached, phi) + prior)
    node = rng.choice(NODES, draws, p=density)
    # Anywhere within its cell of the grid, or draws would stand in columns.
    scale = np.exp(log_scale[node] + (rng.random(draws) - 0.5) * (log_scale[1] - log_scale[0]))
    covered = -np.expm1(-spend / scale[:, None]).sum(axis=1)
    return rng.gamma(orders.sum() / phi + HALF, phi / covered), scale


def _log_marginal(orders: np.ndarray, reached: np.ndarray, phi: float) -> np.ndarray:
    """Log-likelihood of each scale with the ceiling integrated out, up to a constant; reached (nodes, periods)."""
    total, covered = orders.sum() / phi, reached.sum(axis=1)
    shape = total + HALF
    return xlogy(orders, reached).sum(axis=1) / phi + gammaln(shape) - shape * np.log(covered / phi)


def _scatter(orders: np.ndarray, reached: np.ndarray, prior: np.ndarray) -> float:
    """Variance of the counts over Poisson's, 1 at least: Pearson's statistic about the likeliest curve."""
    best = reached[(_log_marginal(orders, reached, 1.0) + prior).argmax()]
    expected = best * orders.sum() / best.sum()
    spent = expected > 0
    statistic = ((orders[spent] - expected[spent]) ** 2 / expected[spent]).sum()
    return max(1.0, float(statistic / max(spent.sum() - 2, 1)))
