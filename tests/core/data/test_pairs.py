import json
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.data.leads import ROLE_COLUMNS, Leads
from core.data.pairs import (
    Pairing,
    Pairs,
    make_pairs,
    sampled_rate,
    signal_bounds,
    strata,
    stratified_batches,
    tier_report,
)
from core.data.schema import Roles, Schema
from core.errors import NotComputable
from core.funnel import PRESETS, Funnel, Tier

AUTOMOTIVE = PRESETS["automotive"]
MIXED = Funnel(
    ("lost", "offer", "deal"),
    (
        Tier("global_dominance", 1.0, chosen=("deal",), rejected=("lost",)),
        Tier("soft_signal", 0.1, by="call_seconds", top=0.4, bottom=0.4),
        Tier("conversion", 0.7),
    ),
)


def make_leads(stage, converted, call_seconds=None, funnel=AUTOMOTIVE) -> Leads:
    n = len(stage)
    roles = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(n)],
            "customer_id": "",
            "owner": "",
            "snapshot_time": pd.NaT,
            "converted": np.asarray(converted, dtype=float),
            "stage": np.asarray(stage, dtype=np.int64),
            "call_seconds": np.full(n, np.nan) if call_seconds is None else np.asarray(call_seconds, dtype=float),
            "dialogue": "",
        },
        columns=list(ROLE_COLUMNS),
    )
    return Leads(roles, pd.DataFrame(index=roles.index), Schema(Roles("lead_id"), funnel=funnel))


@st.composite
def lead_arrays(draw, stages=3, most=24):
    n = draw(st.integers(0, most))
    stage = draw(hnp.arrays(np.int64, n, elements=st.integers(-1, stages - 1)))
    converted = draw(hnp.arrays(np.float64, n, elements=st.sampled_from([0.0, 1.0, np.nan])))
    seconds = draw(hnp.arrays(np.float64, n, elements=st.sampled_from([0.0, 0.0, 5.0, 30.0, 31.5, 600.0, np.nan])))
    return stage, converted, seconds


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
            if allowed(tier, MIXED, bounds, stage, converted, seconds, i, j)
            and (group is None or group[i] == group[j])
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


@settings(max_examples=60, deadline=None)
@given(lead_arrays())
def test_report_counts_without_making_pairs(arrays):
    stage, converted, seconds = arrays
    leads = make_leads(stage, converted, seconds, MIXED)
    pairing = Pairing.fit(leads)
    pairs = pairing.pairs(stage, converted, seconds)
    for number, report in enumerate(tier_report(leads, pairing)):
        here = pairs.tier == number
        agreeing = (converted[pairs.chosen[here]] == 1) & (converted[pairs.rejected[here]] == 0)
        assert report.pairs == here.sum()
        assert report.agreeing == agreeing.sum()
        assert (report.warning is not None) or report.pairs > 0
        if report.agreement:
            value, low, high = report.agreement
            assert value == pytest.approx(report.agreeing / (report.agreeing + report.contradicting))
            assert 0 <= low <= value <= high <= 1


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
    assert stratified_batches(none, 8, seed=0, epoch=0) == []


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


@pytest.mark.parametrize(
    ("seconds", "long_calls"),
    [([0.0] * 8 + [20, 30], [20, 30]), ([5.0, 9] + [60] * 8, [60]), ([0.0] + [7] * 8 + [9, 9], [9]), ([7.0] * 10, [])],
)
def test_a_length_too_common_is_kept_on_one_side(seconds, long_calls):
    seconds, n = np.array(seconds), len(seconds)
    pairs = make_pairs(np.full(n, -1), np.zeros(n), seconds, Funnel((), (Tier("soft", 0.1, by="call_seconds"),)))
    assert np.unique(seconds[pairs.chosen]).tolist() == long_calls
    assert len(pairs) == np.isin(seconds, long_calls).sum() * (n - np.isin(seconds, long_calls).sum())


def test_roles_and_json_round_trip():
    leads = make_leads([4, 0, 3, 1, -1], [1, 0, 0, 0, 0], [9, 1, np.nan, 5, 2])
    pairing = Pairing.fit(leads)
    assert pairing.roles(leads)[:, 0].tolist() == [1, -1, 0, 0, 0]
    assert pairing.roles(leads)[:, 1].tolist() == [1, 0, 1, -1, 0]
    back = Pairing.from_dict(json.loads(json.dumps(pairing.to_dict(), allow_nan=False)))
    assert back.funnel == pairing.funnel
    np.testing.assert_array_equal(back.bounds["soft_signal"], pairing.bounds["soft_signal"])


def simulated(alignment: float, decided: bool, n: int = 20_000):
    """Stages driven by purchase intent as far as `alignment` says; `decided`: the last stage is the sale itself."""
    rng = np.random.default_rng(7)
    intent, other, noise = rng.normal(size=(3, n))
    reach = alignment * intent + np.sqrt(1 - alignment**2) * other
    stage = np.digitize(reach, [0.0, 0.6, 1.2])
    converted = (intent + rng.normal(size=n) > 2.2).astype(float)
    if decided:
        stage[converted == 1] = 4
    return make_leads(stage, converted, rng.exponential(60, n)), intent + noise


def test_report_where_stages_and_outcome_are_apart():
    leads, _ = simulated(0.8, decided=False)
    key = tier_report(leads, Pairing.fit(leads))[1]
    chosen, rejected = leads.stage == 3, np.isin(leads.stage, [1, 2])
    assert key.chosen_rate == pytest.approx(leads.converted[chosen].mean())
    assert key.rejected_rate == pytest.approx(leads.converted[rejected].mean())
    assert key.agreement is not None and key.agreement[1] > 0.5
    assert key.warning is None and not key.by_definition
    odds = [rate / (1 - rate) for rate in (leads.converted[chosen].mean(), leads.converted[rejected].mean())]
    assert key.agreement[0] == pytest.approx(odds[0] / (odds[0] + odds[1]))

    leads, _ = simulated(-0.8, decided=False)
    key = tier_report(leads, Pairing.fit(leads))[1]
    assert key.warning is not None and "wrong way" in key.warning
    leads, _ = simulated(0.0, decided=False)
    key = tier_report(leads, Pairing.fit(leads))[1]
    assert key.warning is not None and "hardly follows" in key.warning


def test_report_where_the_last_stage_is_the_sale_needs_a_score():
    leads, score = simulated(0.8, decided=True)
    overall, key, soft = tier_report(leads, Pairing.fit(leads))
    assert overall.by_definition and overall.warning is None and overall.agreement is not None
    assert key.by_definition and key.warning is not None and "cannot be checked" in key.warning
    assert soft.agreement is None and soft.warning is not None and "cannot be checked" in soft.warning

    _, key, soft = tier_report(leads, Pairing.fit(leads), score)
    assert key.likeness is not None and key.likeness[1] > 0.5 and key.warning is None
    assert soft.likeness is not None and soft.likeness[1] < 0.5 < soft.likeness[2]
    assert soft.warning is not None and "hardly follows" in soft.warning
    leads, score = simulated(0.1, decided=True)
    key = tier_report(leads, Pairing.fit(leads), score)[1]
    assert key.warning is not None and "hardly follows" in key.warning
    leads, score = simulated(-0.8, decided=True)
    key = tier_report(leads, Pairing.fit(leads), score)[1]
    assert key.warning is not None and "wrong way" in key.warning


def test_likeness_is_the_auc_over_pairs_of_equal_outcome():
    leads, score = simulated(0.5, decided=True, n=300)
    score = score.round(1)  # ties
    pairing = Pairing.fit(leads)
    pairs = pairing.pairs(leads.stage, leads.converted, leads.call_seconds)
    for number, report in enumerate(tier_report(leads, pairing, score)):
        same = (pairs.tier == number) & (leads.converted[pairs.chosen] == leads.converted[pairs.rejected])
        if report.likeness is None:
            assert not same.any()
        else:
            gap = np.sign(score[pairs.chosen[same]] - score[pairs.rejected[same]])
            assert report.likeness[0] == pytest.approx((gap + 1).mean() / 2)


def test_interval_of_the_agreement_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    funnel = Funnel(("a", "b"), (Tier("t", 0.5, ("b",), ("a",)),))
    rates = np.array([0.05, 0.1])
    odds = rates / (1 - rates)
    truth = odds[1] / odds.sum()
    held = 0
    for _ in range(100):
        stage = np.repeat([0, 1], [400, 200])
        leads = make_leads(stage, rng.random(600) < rates[stage], funnel=funnel)
        agreement = tier_report(leads, Pairing.fit(leads))[0].agreement
        assert agreement is not None
        held += agreement[1] <= truth <= agreement[2]
    assert held >= 88  # 95 expected; 88 or fewer once in about 250


def test_a_tier_without_leads_says_so():
    leads = make_leads([0, 0, 1], [0, 0, 0])
    overall = tier_report(leads, Pairing.fit(leads))[0]
    assert (overall.pairs, overall.agreement, overall.chosen_rate) == (0, None, None)
    assert overall.warning is not None and "no pairs" in overall.warning
    assert "0 pairs" in overall.summary


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=6).filter(any),
    st.integers(1, 64),
    st.integers(0, 3),
    st.integers(0, 2),
)
def test_batches_cover_every_lead_and_repeat_none_within_a_batch(sizes, batch_size, seed, epoch):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    batches = stratified_batches(labels, batch_size, seed=seed, epoch=epoch)
    seen = np.bincount(np.concatenate(batches), minlength=len(labels))
    assert seen.min() >= 1
    assert seen.max() <= 10
    assert all(len(np.unique(batch)) == len(batch) > 0 for batch in batches)
    mean = np.mean([len(batch) for batch in batches])
    if batch_size >= 2 * len(sizes):
        assert mean <= batch_size
        assert max(len(batch) for batch in batches) < mean + len(sizes)
    again = stratified_batches(labels, batch_size, seed=seed, epoch=epoch)
    assert all(np.array_equal(a, b) for a, b in zip(batches, again, strict=True))


def test_every_batch_holds_every_stratum_and_every_tier():
    rng = np.random.default_rng(0)
    n = 4000
    stage = rng.choice(5, n, p=[0.7, 0.2, 0.05, 0.035, 0.015])
    converted = (stage == 4).astype(float)
    leads = make_leads(stage, converted, rng.exponential(60, n))
    pairing = Pairing.fit(leads)
    batches = stratified_batches(strata(stage, converted), 64, seed=0, epoch=0)
    assert all(np.bincount(stage[batch], minlength=5).min() >= 4 for batch in batches)
    for batch in batches:
        assert pairing.pairs(stage[batch], converted[batch], leads.call_seconds[batch]).counts.min() > 0
    other = stratified_batches(strata(stage, converted), 64, seed=0, epoch=1)
    assert not np.array_equal(batches[0], other[0])
    rate = sampled_rate(converted, batches)
    assert 4 / 69 < rate < 6 / 60
    assert rate == pytest.approx(converted[np.concatenate(batches)].mean())


def test_a_stratum_too_rare_is_repeated_only_so_often():
    labels = np.array([0] * 6400 + [1])
    batches = stratified_batches(labels, 64, seed=0, epoch=0)
    holding = [number for number, batch in enumerate(batches) if 6400 in batch]
    assert len(holding) == 10
    assert max(np.diff(holding)) <= len(batches) // 10 + 1, "spread evenly"


def test_no_sampling_prior_without_outcomes():
    with pytest.raises(NotComputable, match="none"):
        sampled_rate(np.array([np.nan]), [np.array([0])])
