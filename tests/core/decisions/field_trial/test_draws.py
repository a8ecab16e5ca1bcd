"""Draws of arms: each half as likely, their covariance exact, pairs near each other."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decisions.field_trial.draws import coins, covariance, distance, halves, matched_pairs, whitened

codes = st.lists(st.integers(0, 4), min_size=4, max_size=30).map(lambda one: np.unique(one, return_inverse=True)[1])


@given(codes, st.integers(0, 1000))
def test_strata_and_the_whole_are_halved(code: np.ndarray, seed: int) -> None:
    treated = halves(code, np.random.default_rng(seed), 20)
    assert treated.shape == (20, len(code)) and treated.dtype == bool
    assert (np.abs(2 * treated.sum(axis=1) - len(code)) <= 1).all()
    for stratum in range(code.max() + 1):
        size = (code == stratum).sum()
        assert (np.abs(2 * treated[:, code == stratum].sum(axis=1) - size) <= 1).all()


def test_every_half_is_as_likely() -> None:
    treated = halves(np.zeros(6, dtype=int), np.random.default_rng(0), 20_000)
    counts = Counter(tuple(np.flatnonzero(row)) for row in treated)
    assert set(counts) == set(combinations(range(6), 3))
    expected = 20_000 / 20
    chi_square = sum((count - expected) ** 2 / expected for count in counts.values())
    assert chi_square < 43.8  # the 99.9% quantile at 19 degrees of freedom


@pytest.mark.parametrize("sizes", [[8], [7], [4, 6], [3, 5], [1, 1, 1, 4], [1, 2, 3, 4, 5]])
def test_the_covariance_is_that_of_many_draws(sizes: list[int]) -> None:
    rng = np.random.default_rng(1)
    code = np.repeat(np.arange(len(sizes)), sizes)
    columns = rng.normal(size=(len(code), 2)) + code[:, None]
    columns -= columns.mean(axis=0)
    z = np.where(halves(code, rng, 60_000), 1.0, -1.0) @ columns
    exact = covariance(columns, code)
    assert z.T @ z / len(z) == pytest.approx(exact, abs=0.03 * exact.max())


def test_without_strata_m_is_the_distance_of_morgan_and_rubin() -> None:
    rng = np.random.default_rng(2)
    columns, code = rng.normal(size=(40, 3)), np.zeros(40, dtype=int)
    treated = halves(code, rng, 50)
    gap = np.array([columns[row].mean(axis=0) - columns[~row].mean(axis=0) for row in treated])
    theirs = 40 / 4 * np.einsum("bi,ij,bj->b", gap, np.linalg.inv(np.cov(columns.T)), gap)
    assert distance(treated, whitened(columns, code)) == pytest.approx(theirs)


def test_m_has_the_mean_of_its_rank_whatever_the_units_and_copies_drop_out() -> None:
    rng = np.random.default_rng(3)
    code = np.repeat([0, 1, 2], [15, 20, 10])
    one, two = rng.normal(size=45) * 1e6 + code * 1e7, rng.poisson(2, 45)
    turned = whitened(np.column_stack([one, two, one + two, np.full(45, 7)]), code)
    assert turned.shape == (45, 2)
    assert distance(halves(code, rng, 20_000), turned).mean() == pytest.approx(2, abs=0.05)


def test_pairs_are_near_within_strata_and_leave_one_at_most() -> None:
    place = np.array([[0.0], [0.1], [5.0], [9.0], [9.2], [5.3], [5.2]])
    pairs = matched_pairs(place, np.array([0, 0, 0, 1, 1, 1, 1]))
    assert {frozenset(pair) for pair in pairs.tolist()} == {frozenset((0, 1)), frozenset((3, 4)), frozenset((5, 6))}
    # 2 and, once 5 is alone as well, 5 are what is left of their strata: the last pair.
    pairs = matched_pairs(place[:6], np.array([0, 0, 0, 1, 1, 1]))
    assert {frozenset(pair) for pair in pairs.tolist()} == {frozenset((0, 1)), frozenset((3, 4)), frozenset((2, 5))}


def test_a_coin_for_each_pair() -> None:
    treated = coins(np.array([[0, 3], [4, 1]]), 5, np.random.default_rng(4), 4000)
    assert (treated[:, 0] != treated[:, 3]).all() and (treated[:, 4] != treated[:, 1]).all()
    assert treated.mean(axis=0) == pytest.approx(0.5, abs=0.04)
