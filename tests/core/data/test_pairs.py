"""Pairs are exactly those that the tiers allow, or a fair draw of them."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.contests import signal_bounds
from core.data.pairs import Pairing, Pairs, Reviewed, make_pairs
from core.funnel import Funnel, Tier
from tests.core.data.staged import AUTOMOTIVE, MIXED, lead_arrays, make_leads


def allowed(tier, funnel, bounds, stage, converted, seconds, i, j) -> bool:
    """The rule of a tier for one pair, written without arrays."""
    if converted[i] == 0 and converted[j] == 1:
        return False
    if tier.kind == "outcome":
        return bool(converted[i] == 1 and converted[j] == 0)
    if tier.kind == "stage":
        names = [None if stage[k] < 0 else funnel.stages[stage[k]] for k in (i, j)]
        return names[0] in tier.chosen and names[1] in tier.rejected
    if stage[i] != stage[j]:
        return False
    low, high = bounds[tier.name][stage[i]]
    return bool(seconds[i] >= high and seconds[j] <= low)


@settings(max_examples=80, deadline=None)
@given(lead_arrays(), st.booleans())
def test_pairs_are_exactly_those_that_the_rules_allow(arrays, grouped):
    stage, converted, seconds = arrays
    group = np.arange(len(stage)) % 2 if grouped else None
    bounds = {"soft_signal": signal_bounds(stage, seconds, MIXED.tiers[1], 3)}
    pairs = make_pairs(stage, converted, seconds, MIXED, group=group)
    for number, tier in enumerate(MIXED.tiers):
        here = pairs.tier == number
        made = list(zip(pairs.chosen[here].tolist(), pairs.rejected[here].tolist(), strict=True))
        expected = {
            (i, j)
            for i, j in product(range(len(stage)), repeat=2)
            if allowed(tier, MIXED, bounds, stage, converted, seconds, i, j) and (group is None or group[i] == group[j])
        }
        assert len(made) == len(set(made)) == pairs.counts[number]
        assert set(made) == expected
        assert np.all(pairs.margin[here] == np.float32(tier.margin))
        if tier.kind == "signal":
            assert np.all(seconds[pairs.chosen[here]] > seconds[pairs.rejected[here]])


@settings(max_examples=40, deadline=None)
@given(lead_arrays(), st.integers(0, 12), st.integers(0, 3))
def test_a_limit_draws_distinct_valid_pairs(arrays, limit, seed):
    stage, converted, seconds = arrays
    every = make_pairs(stage, converted, seconds, MIXED)
    some = make_pairs(stage, converted, seconds, MIXED, limit=limit, seed=seed)
    again = make_pairs(stage, converted, seconds, MIXED, limit=limit, seed=seed)
    assert some.counts.tolist() == np.minimum(every.counts, limit).tolist()
    whole = set(zip(every.tier.tolist(), every.chosen.tolist(), every.rejected.tolist(), strict=True))
    drawn = list(zip(some.tier.tolist(), some.chosen.tolist(), some.rejected.tolist(), strict=True))
    assert len(set(drawn)) == len(drawn)
    assert set(drawn) <= whole
    np.testing.assert_array_equal(some.chosen, again.chosen)


def test_limit_on_many_leads_is_uniform_and_makes_no_others():
    rng = np.random.default_rng(0)
    n = 300_000  # 2e10 possible pairs: only drawn ones fit in memory
    stage = rng.integers(0, 2, n)
    funnel, unknown = Funnel(("a", "b"), (Tier("t", 1.0, ("b",), ("a",)),)), np.full(n, np.nan)
    pairs = make_pairs(stage, unknown, unknown, funnel, limit=20_000)
    assert len(pairs) == 20_000
    assert np.all(stage[pairs.chosen] == 1)
    assert np.all(stage[pairs.rejected] == 0)
    for side in (pairs.chosen, pairs.rejected):  # mean of a uniform draw, within four standard errors
        assert abs(side.mean() / n - 0.5) < 4 / np.sqrt(12 * 20_000)


def test_no_leads_make_no_pairs():
    none = np.empty(0)
    pairs = make_pairs(none.astype(np.int64), none, none, AUTOMOTIVE)
    assert len(pairs) == 0
    assert pairs.counts.tolist() == [0, 0, 0]
    assert (pairs.chosen.dtype, pairs.margin.dtype, pairs.tier.dtype) == (np.int64, np.float32, np.int16)


def test_pairs_of_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="equally long"):
        Pairs(np.zeros(2, np.int64), np.zeros(1, np.int64), np.zeros(2, np.float32), np.zeros(2, np.int16), ())


def test_bounds_of_the_training_part_hold_for_a_batch():
    training = make_leads([0] * 100, [0] * 100, np.arange(100))
    pairing = Pairing.fit(training)
    low, high = pairing.bounds["soft_signal"][0]
    assert (low, high) == pytest.approx((0.333 * 99, 0.667 * 99))
    batch = pairing.pairs(np.zeros(3, np.int64), np.zeros(3), np.array([40.0, 50.0, 60.0]))
    assert len(batch) == 0, "all three are middling by the training part, however far apart within the batch"
    assert len(make_pairs(np.zeros(3, np.int64), np.zeros(3), np.array([40.0, 50.0, 60.0]), AUTOMOTIVE)) == 1
    assert len(pairing.pairs(np.ones(2, np.int64), np.zeros(2), np.array([0.0, 99.0]))) == 0, "a stage never seen"


def test_roles_and_json_round_trip():
    leads = make_leads([4, 0, 3, 1, -1], [1, 0, 0, 0, 0], [9, 1, np.nan, 5, 2])
    pairing = Pairing.fit(leads)
    assert pairing.roles(leads)[:, 0].tolist() == [1, -1, 0, 0, 0]
    assert pairing.roles(leads)[:, 1].tolist() == [1, 0, 1, -1, 0]
    back = Pairing.from_dict(json.loads(json.dumps(pairing.to_dict(), allow_nan=False)))
    assert back.funnel == pairing.funnel
    np.testing.assert_array_equal(back.bounds["soft_signal"], pairing.bounds["soft_signal"])


@settings(max_examples=40, deadline=None)
@given(lead_arrays(), st.integers(0, 5))
def test_reviews_add_their_pairs_and_take_out_what_they_say(arrays, seed):
    stage, converted, seconds = arrays
    n = len(stage)
    if n < 3:
        return
    rng = np.random.default_rng(seed)
    (a, b), without, out = rng.permutation(n)[:2], rng.permutation(n)[:2][None], rng.random(n) < 0.2
    tier = Tier("reviewed", 0.5)
    reviewed = Reviewed(np.array([a]), np.array([b]), without, out, tier)
    plain, said = (make_pairs(stage, converted, seconds, MIXED, reviewed=each) for each in (None, reviewed))
    expected = {
        (t, c, r)
        for t, c, r in zip(plain.tier.tolist(), plain.chosen.tolist(), plain.rejected.tolist(), strict=True)
        if not out[c] and not out[r] and {c, r} != set(without[0].tolist()) and (c, r) != (b, a)
    }
    made = list(zip(said.tier.tolist(), said.chosen.tolist(), said.rejected.tolist(), strict=True))
    assert set(made) == expected | {(len(MIXED.tiers), a, b)} and len(set(made)) == len(made)
    assert said.tiers[-1] == tier and said.margin[-1] == np.float32(0.5)
    rows = np.array([r for r in range(n) if r != b])
    assert len(reviewed.among(rows).chosen) == 0
    assert reviewed.among(np.array([b, a])).chosen.tolist() == [1]
