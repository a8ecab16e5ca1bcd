"""Batches cover every lead, hold every stratum and repeat rare ones only so often."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.pairs import Pairing
from core.data.sampling import sampled_rate, strata, stratified_batches
from core.errors import NotComputable
from tests.core.data.staged import make_leads


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


def test_no_leads_make_no_batches():
    assert stratified_batches(np.empty(0), 8, seed=0, epoch=0) == []
