"""Platt scaling against scikit-learn's, and where it must refuse."""

import json

import numpy as np
import pytest
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from core.calibration import Platt, prior_shift
from core.errors import NotComputable, RunError


class Given(ClassifierMixin, BaseEstimator):
    """Its input is its logit."""

    def fit(self, x: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> "Given":
        self.classes_ = np.array([0, 1])
        self.fitted_ = True
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return (x[:, 0] > 0).astype(int)

    def decision_function(self, x: np.ndarray) -> np.ndarray:
        return x[:, 0]


def leads(n: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = rng.normal(50, 20, n)
    return z, (rng.random(n) < expit(0.05 * z - 5)).astype(float)


@pytest.mark.filterwarnings("ignore:Since FrozenEstimator:UserWarning")  # the weights are for calibration alone
@pytest.mark.parametrize("weighted", [False, True])
def test_same_as_scikit_learn(weighted: bool) -> None:
    z, y = leads()
    w = np.random.default_rng(1).uniform(0.2, 3, len(z)) if weighted else None
    theirs = CalibratedClassifierCV(FrozenEstimator(Given().fit(z, y)), method="sigmoid")
    theirs.fit(z[:, None], y, sample_weight=w)
    ours = Platt.fit(z, y, w)
    assert not ours.reversed
    np.testing.assert_allclose(ours(z), theirs.predict_proba(z[:, None])[:, 1], atol=2e-5)


def test_recovers_the_true_line_and_the_rate() -> None:
    z, y = leads(100_000)
    platt = Platt.fit(z, y)
    assert platt.slope == pytest.approx(0.05, rel=0.05)
    assert platt(z).mean() == pytest.approx(y.mean(), rel=0.01)


def test_scale_and_offset_of_the_logit_do_not_matter() -> None:
    z, y = leads()
    np.testing.assert_allclose(Platt.fit(z, y)(z), Platt.fit(1e6 * z - 3e7, y)(1e6 * z - 3e7), atol=1e-5)


def test_whole_weights_are_repeats_but_for_the_smoothed_targets() -> None:
    z, y = leads(500)
    w = np.random.default_rng(2).integers(0, 4, len(z))
    again = np.repeat(np.arange(len(z)), w)
    np.testing.assert_allclose(Platt.fit(z, y, w)(z), Platt.fit(z[again], y[again])(z), atol=1e-6)


def test_a_reversed_score_stays_monotone_and_is_flagged() -> None:
    z, y = leads()
    platt = Platt.fit(-z, y)
    assert platt.reversed and platt.slope > 0
    order = np.sort(-z)
    assert (np.diff(platt(order)) > 0).all()
    assert platt(-z).mean() == pytest.approx(y.mean(), rel=0.02)


def test_separable_and_constant_scores_stay_finite() -> None:
    y = np.array([0.0] * 20 + [1.0] * 5)
    separable = Platt.fit(y * 10, y)
    assert np.isfinite([separable.slope, separable.intercept]).all()
    np.testing.assert_allclose(separable(np.array([0.0, 10.0])), [1 / 22, 6 / 7], atol=1e-3)
    constant = Platt.fit(np.full(25, 7.0), y)
    assert constant(np.array([7.0]))[0] == pytest.approx((5 * 6 / 7 + 20 / 22) / 25, abs=1e-4)


@pytest.mark.parametrize(
    ("z", "y", "words"),
    [
        ([1.0, 2.0], [1.0, 1.0], "2 converted and 0 not"),
        ([], [], "0 converted and 0 not"),
        ([1.0, np.inf], [1.0, 0.0], "1 of 2"),
        ([1.0, 2.0], [1.0, np.nan], "0 or 1"),
        ([1.0, 2.0, 3.0], [1.0, 0.0], "shapes"),
    ],
)
def test_refuses(z: list[float], y: list[float], words: str) -> None:
    with pytest.raises(NotComputable, match=words):
        Platt.fit(np.array(z), np.array(y))


def test_json_round_trip_is_exact() -> None:
    platt = Platt.fit(*leads())
    assert Platt.from_dict(json.loads(json.dumps(platt.to_dict()))) == platt
    with pytest.raises(RunError, match="slope"):
        Platt.from_dict({"intercept": 0.0})


def test_prior_shift_undoes_oversampling() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(-4, 1, 400_000)
    y = rng.random(len(z)) < expit(z)
    keep = y | (rng.random(len(z)) < 0.1)
    # Keeping a tenth of the negatives raises every log odds by log 10; the shift must take just that away.
    seen = z[keep] + np.log(10)
    true_rate, sampled_rate = y.mean(), y[keep].mean()
    back = prior_shift(seen, sampled_rate, true_rate)
    np.testing.assert_allclose(back, z[keep], atol=0.01)


def test_prior_shift_refuses_impossible_rates() -> None:
    with pytest.raises(NotComputable, match="true_rate"):
        prior_shift(np.zeros(2), 0.5, 0.0)
