import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decisions.field_trial.sequential import (
    always_valid,
    information_share,
    obrien_fleming,
    p_always,
    p_obrien_fleming,
)
from core.errors import ConfigError

shares = st.lists(st.integers(1, 100), min_size=1, max_size=6, unique=True).map(lambda n: [k / 100 for k in sorted(n)])


def brownian(rng: np.random.Generator, times: int, at: list[float]) -> np.ndarray:
    """z of a trial without effect at these shares of information. Shape (times, looks)."""
    steps = np.sqrt(np.diff(at, prepend=0))
    return np.cumsum(rng.normal(size=(times, len(at))) * steps, axis=1) / np.sqrt(at)


def test_five_equal_looks_have_the_published_bounds() -> None:
    # Reboussin, DeMets, Kim & Lan 2000, O'Brien-Fleming spending, two-sided 0.05.
    published = [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]
    assert obrien_fleming([0.2, 0.4, 0.6, 0.8, 1.0]) == pytest.approx(published, abs=2e-4)


def test_one_look_is_the_usual_test() -> None:
    assert obrien_fleming([1.0], 0.05)[0] == pytest.approx(1.959964, abs=1e-5)
    assert p_obrien_fleming(1.7, [1.0]) == pytest.approx(2 * 0.0445655, abs=1e-6)


@pytest.mark.parametrize("at", [[0.25, 0.5, 0.75, 1.0], [0.1, 0.9, 0.95, 1.0], [0.5, 0.6]])
def test_all_looks_together_err_as_often_as_spent(at: list[float]) -> None:
    z = brownian(np.random.default_rng(0), 200_000, at)
    passed = (np.abs(z) > obrien_fleming(at, 0.05)).any(axis=1).mean()
    # The final share spends all; at 0.6 it is 4 - 4 Phi(z_{.0125} / sqrt(.6)).
    spent = 0.05 if at[-1] == 1 else 0.007608
    assert passed == pytest.approx(spent, abs=3 * np.sqrt(spent / 200_000))


def test_information_that_came_out_otherwise_keeps_the_error() -> None:
    planned, real = [0.3, 0.6, 1.0], [0.3, 0.6, 0.75]
    z = brownian(np.random.default_rng(1), 200_000, real)
    bounds = obrien_fleming(planned, 0.05, real)
    assert (np.abs(z) > bounds).any(axis=1).mean() == pytest.approx(0.05, abs=0.0015)
    assert bounds[-1] < obrien_fleming(planned, 0.05)[-1]


@settings(max_examples=30, deadline=None)
@given(shares, st.floats(0.01, 0.2))
def test_the_first_bounds_do_not_depend_on_later_looks(at: list[float], alpha: float) -> None:
    bounds = obrien_fleming(at, alpha)
    assert np.isfinite(bounds).all() and (bounds > 0).all()
    if len(at) > 1:
        assert obrien_fleming(at[:-1], alpha) == pytest.approx(bounds[:-1])


def test_always_valid_holds_at_every_moment_and_is_lowest_where_tuned() -> None:
    at = (np.arange(1, 401) / 200).tolist()
    z = brownian(np.random.default_rng(2), 20_000, at)
    bound = np.array([always_valid(share) for share in at])
    ever = (np.abs(z) > bound).any(axis=1).mean()
    assert 0.015 < ever <= 0.05
    peeking = (np.abs(z) > 1.96).any(axis=1).mean()
    assert peeking > 0.3
    for tuned in (0.3, 1.0):
        others = [always_valid(tuned, tuned=other) for other in (0.5 * tuned, 0.8 * tuned, 1.25 * tuned, 2 * tuned)]
        assert always_valid(tuned, tuned=tuned) < min(others)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.05, 3), st.floats(0.01, 0.3), st.floats(0.2, 2))
def test_p_always_meets_alpha_at_its_bound(share: float, alpha: float, tuned: float) -> None:
    bound = always_valid(share, alpha, tuned)
    assert p_always(bound, share, alpha, tuned) == pytest.approx(alpha)
    assert p_always(bound * 1.01, share, alpha, tuned) < alpha < p_always(-bound * 0.99, share, alpha, tuned)


@pytest.mark.parametrize("at", [[0.5], [0.25, 0.5], [0.25, 0.5, 1.0]])
def test_p_of_a_look_meets_alpha_at_its_bound(at: list[float]) -> None:
    bound = float(obrien_fleming(at, 0.05)[-1])
    assert p_obrien_fleming(bound, at) == pytest.approx(0.05, rel=1e-4)
    assert p_obrien_fleming(bound + 0.1, at) < 0.05 < p_obrien_fleming(bound - 0.1, at)


def test_p_of_a_look_stays_within_0_and_1() -> None:
    assert p_obrien_fleming(0.0, [0.1, 0.2]) == 1.0
    assert 0 < p_obrien_fleming(40.0, [1.0]) <= 1e-12


@given(st.floats(0, 1e5), st.floats(1, 1e4), st.floats(0, 0.5))
def test_information_grows_with_leads_and_is_whole_as_planned(now: float, planned: float, icc: float) -> None:
    share = information_share(now, planned, icc)
    assert 0 <= share <= information_share(now + 1, planned, icc)
    assert information_share(planned, planned, icc) == pytest.approx(1.0)
    assert (share <= 1 + 1e-9) == (now <= planned * (1 + 1e-9)) or icc > 0


def test_lasting_differences_bound_what_more_leads_bring() -> None:
    assert information_share(10**9, 200, 0.05) == pytest.approx((0.05 + 0.95 / 200) / 0.05)


def test_an_estimate_over_all_leads_so_far_has_independent_increments() -> None:
    """The reason given in the module: covariance of two looks = variance of the later one."""
    rng, times, size = np.random.default_rng(3), 20_000, 8
    lasting = rng.normal(0, 1, (times, size))
    noise = rng.normal(0, 3, (times, size, 20)).cumsum(axis=2)
    early, late = ((lasting + noise[:, :, n - 1] / n).mean(axis=1) for n in (5, 20))
    assert np.cov(early, late)[0, 1] == pytest.approx(late.var(), rel=0.05)
    assert late.var() / early.var() == pytest.approx((1 + 9 / 20) / (1 + 9 / 5), rel=0.05)


def test_what_cannot_be_is_refused() -> None:
    for wrong in ([], [0.5, 0.5], [0.0, 1.0], [0.5, 1.2]):
        with pytest.raises(ConfigError, match=r"ascend within \(0, 1\].*got="):
            obrien_fleming(wrong)
    with pytest.raises(ConfigError, match="ascend"):
        obrien_fleming([0.5, 1.0], 0.05, [1.0, 1.0])
    with pytest.raises(ConfigError, match="shares above 0"):
        always_valid(0.0)
    with pytest.raises(ConfigError, match="planned leads above 0"):
        information_share(1, 0, 0)
