"""What learning where the money works is worth: budgets kept fixed, moved by Thompson sampling, or best from the start.

Periods are called weeks here; any length does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import sem, t

from core.decisions.economics.allocation import best_spend, thompson_split
from core.decisions.economics.response import FEWEST, Responses, fit
from core.errors import ConfigError, NotComputable
from core.ranking import LEVEL

WAYS = ("fixed", "thompson", "known")
"""fixed: the spend of now, every week. thompson: the same for the first weeks, each channel's tried up and down; then
anew each week by one draw of the fit. known: the best split by the truth, which nobody knows."""
TRIED = 0.5
"""Share by which spend is varied in those first weeks. Source: ours."""


def simulate(
    truth: Responses,
    weeks: int,
    budget: float,
    margin: float,
    *,
    how: Sequence[str] = WAYS,
    seeds: int = 20,
) -> pd.DataFrame:
    """Weeks of spending by each way in a world of known curves, where orders are Poisson.

    Args:
        truth: The first of its draws is the world; its `spend_now`, scaled to the budget, the fixed split.
        seeds: Repetitions, each with orders and draws of its own.

    Shape: (weeks * ways * seeds, 5): how, seed, week (from 1), spend (money in all), profit (expected by the truth at
    that week's spend, so that luck does not blur the comparison).

    Raises:
        ConfigError: no such way, no seeds, no more weeks than a first fit needs, or as `allocate`.
        NotComputable: nothing is spent now, so that there is no fixed split.
    """
    if unknown := set(how) - set(WAYS):
        raise ConfigError(f"a way must be one of {', '.join(WAYS)}, however: got={', '.join(sorted(unknown))}")
    if weeks <= FEWEST or seeds < 1:
        raise ConfigError(f"needed are more than {FEWEST} weeks and 1 seed or more, however: got={weeks}, {seeds}")
    if truth.spend_now.sum() <= 0:
        raise NotComputable("there is no fixed split to compare with: no channel spends anything now")
    world = truth.draw(0)
    fixed = truth.spend_now * budget / truth.spend_now.sum()
    still = {"fixed": fixed, "known": best_spend(world, budget, margin)}
    parts = []
    for way in how:
        for seed in range(seeds):
            if way in still:
                spent = np.tile(still[way], (weeks, 1))
            else:
                spent = _learned(world, fixed, weeks, budget, margin, seed)
            orders = np.stack([world.orders(week)[0] for week in spent])
            columns = {"how": way, "seed": seed, "week": np.arange(1, weeks + 1), "spend": spent.sum(axis=1)}
            parts.append(pd.DataFrame(columns | {"profit": margin * orders.sum(axis=1) - spent.sum(axis=1)}))
    return pd.concat(parts, ignore_index=True)


def gains(simulated: pd.DataFrame) -> pd.DataFrame:
    """What each way earns a week beyond the fixed budgets. Shape (ways - 1, 4): how, gain, low, high (95%, t).

    Args:
        simulated: As `simulate` gives it, with the way fixed among them.

    Raises:
        NotComputable: the way fixed is missing, or there are fewer than two seeds.
    """
    means = simulated.pivot_table(index="seed", columns="how", values="profit")
    if "fixed" not in means or len(means) < 2:
        raise NotComputable(
            "a gain needs fixed budgets to compare with and two seeds or more, however: the ways are "
            f"{', '.join(map(str, means))}, and the seeds {len(means)}"
        )
    rows = []
    for way in means.columns.drop("fixed"):
        more = (means[way] - means["fixed"]).to_numpy()
        reach = float(t.isf((1 - LEVEL) / 2, len(more) - 1) * sem(more))
        rows.append({"how": way, "gain": more.mean(), "low": more.mean() - reach, "high": more.mean() + reach})
    return pd.DataFrame(rows)


def _learned(world: Responses, fixed: np.ndarray, weeks: int, budget: float, margin: float, seed: int) -> np.ndarray:
    """Spend (weeks, channels) of one who starts from the fixed split and learns from the orders."""
    rng = np.random.default_rng(seed)
    tried = fixed * rng.uniform(1 - TRIED, 1 + TRIED, (FEWEST, len(fixed)))
    spent = list(tried * budget / tried.sum(axis=1, keepdims=True))
    came = [rng.poisson(world.orders(week)[0]) for week in spent]
    while len(spent) < weeks:
        columns = {"channel": world.channels * len(spent)}
        history = pd.DataFrame(columns | {"spend": np.concatenate(spent), "orders": np.concatenate(came)})
        drawn = fit(history, draws=1, seed=int(rng.integers(2**31)))
        spent.append(thompson_split(drawn, budget, margin, draws=1)["spend"].to_numpy())
        came.append(rng.poisson(world.orders(spent[-1])[0]))
    return np.stack(spent)
