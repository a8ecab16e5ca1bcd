"""The bounds of long and short calls, and who meets whom."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.contests import contests, sides, signal_bounds
from core.data.pairs import make_pairs
from core.funnel import Funnel, Tier
from tests.core.data.staged import MIXED


@pytest.mark.parametrize(
    ("seconds", "long_calls"),
    [([0.0] * 8 + [20, 30], [20, 30]), ([5.0, 9] + [60] * 8, [60]), ([0.0] + [7] * 8 + [9, 9], [9]), ([7.0] * 10, [])],
)
def test_a_length_too_common_is_kept_on_one_side(seconds, long_calls):
    seconds, n = np.array(seconds), len(seconds)
    pairs = make_pairs(np.full(n, -1), np.zeros(n), seconds, Funnel((), (Tier("soft", 0.1, by="call_seconds"),)))
    assert np.unique(seconds[pairs.chosen]).tolist() == long_calls
    assert len(pairs) == np.isin(seconds, long_calls).sum() * (n - np.isin(seconds, long_calls).sum())


def test_signal_contests_keep_within_a_stage_and_all_within_a_group():
    stage = np.array([0, 0, 1, 1, 1])
    seconds = np.array([9.0, 1.0, 9.0, 1.0, 1.0])
    tier = MIXED.tiers[1]
    bounds = {tier.name: signal_bounds(stage, seconds, tier, len(MIXED.stages))}
    side = sides(tier, MIXED, stage, np.zeros(5), seconds, bounds)
    assert side.tolist() == [1, -1, 1, -1, -1]
    met = [(better.tolist(), worse.tolist()) for better, worse in contests(tier, side, stage)]
    assert met == [([0], [1]), ([2], [3, 4])]
    grouped = contests(tier, side, stage, group=np.array(["a", "b", "a", "a", "b"]))
    assert [(better.tolist(), worse.tolist()) for better, worse in grouped] == [([2], [3])]
