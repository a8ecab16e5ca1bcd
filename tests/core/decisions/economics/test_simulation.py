"""What re-allocation gains over fixed budgets, in worlds whose truth is known."""

import numpy as np
import pytest

from core.decisions.economics.allocation import best_spend
from core.decisions.economics.response import FEWEST, Responses
from core.decisions.economics.simulation import gains, simulate
from core.errors import ConfigError, NotComputable

NOW = np.array([2000.0, 4000.0, 4000.0])
WORLD = Responses(("search", "fairs", "radio"), np.array([[60.0, 30, 15]]), np.array([[8000.0, 3000, 1500]]), NOW, NOW)


def test_thompson_sampling_earns_more_than_fixed_budgets_and_less_than_who_knows() -> None:
    weeks = simulate(WORLD, 20, 10_000.0, 400.0, seeds=20)
    assert len(weeks) == 3 * 20 * 20 and (weeks["spend"] <= 10_000 * (1 + 1e-9)).all()
    found = gains(weeks).set_index("how")
    assert found["low"]["thompson"] > 0
    best = 400 * WORLD.orders(best_spend(WORLD, 10_000, 400)).sum() - 10_000
    fixed = 400 * WORLD.orders(NOW).sum() - 10_000
    assert found["gain"]["known"] == pytest.approx(best - fixed)
    assert found["high"]["thompson"] < found["gain"]["known"]
    # It learns: after the first weeks it loses less and less of what could be earned.
    learned = weeks[weeks["how"] == "thompson"].groupby("week")["profit"].mean()
    assert learned[learned.index <= FEWEST].mean() < learned[learned.index > 13].mean() < best


def test_where_the_fixed_split_is_the_best_one_nothing_is_gained() -> None:
    spend = best_spend(WORLD, 10_000.0, 400.0)
    world = Responses(WORLD.channels, WORLD.ceiling, WORLD.scale, spend, spend)
    found = gains(simulate(world, 8, 10_000.0, 400.0, seeds=4)).set_index("how")
    assert found["gain"]["known"] == pytest.approx(0, abs=1e-6) and found["high"]["thompson"] < 0


def test_the_same_seeds_tell_the_same_story() -> None:
    one, two = (simulate(WORLD, 8, 10_000.0, 400.0, how=("thompson",), seeds=2) for _ in range(2))
    assert one.equals(two)
    by_seed = one.pivot(index="week", columns="seed", values="profit")
    assert (by_seed[0] != by_seed[1]).all()


def test_settings_out_of_range_are_named() -> None:
    with pytest.raises(ConfigError, match="a way must be one of fixed, thompson, known, however: got=greedy"):
        simulate(WORLD, 20, 1.0, 1.0, how=("greedy",))
    with pytest.raises(ConfigError, match="more than 6 weeks and 1 seed or more, however: got=6, 20"):
        simulate(WORLD, 6, 1.0, 1.0)
    idle = Responses(WORLD.channels, WORLD.ceiling, WORLD.scale, 0 * NOW, NOW)
    with pytest.raises(NotComputable, match="no channel spends anything now"):
        simulate(idle, 8, 1.0, 1.0)
    with pytest.raises(NotComputable, match="two seeds or more, however: the ways are fixed, known, and the seeds 1"):
        gains(simulate(WORLD, 8, 10_000.0, 400.0, how=("fixed", "known"), seeds=1))
