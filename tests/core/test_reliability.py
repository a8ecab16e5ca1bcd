import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from core.errors import NotComputable
from core.reliability import (
    brier,
    calibration_intervals,
    calibration_line,
    chance_calibration_error,
    equal_mass_bins,
    expected_calibration_error,
    log_loss,
    observed_over_expected,
)


def calibrated(rng: np.random.Generator, leads: int) -> tuple[np.ndarray, np.ndarray]:
    probability = expit(rng.normal(-3, 1, leads))
    return (rng.random(leads) < probability).astype(float), probability


def test_calibrated_probabilities_have_slope_one_and_intercept_nought() -> None:
    truth, probability = calibrated(np.random.default_rng(0), 200_000)
    slope, intercept = calibration_line(truth, probability)
    assert slope.low < 1 < slope.high and slope.high - slope.low < 0.1
    assert intercept.low < 0 < intercept.high and intercept.high - intercept.low < 0.2
    error = expected_calibration_error(truth, probability)
    assert error < 0.003 and 0.5 < error / chance_calibration_error(probability) < 1.6


def test_the_line_is_that_of_an_unpenalised_logistic_regression() -> None:
    rng = np.random.default_rng(1)
    logit = rng.normal(-2, 1.5, 3000)
    truth = rng.random(3000) < expit(0.6 * logit + 0.4)
    slope, intercept = calibration_line(truth, expit(logit))
    fitted = LogisticRegression(C=np.inf, tol=1e-10).fit(logit[:, None], truth)
    assert slope.value == pytest.approx(fitted.coef_[0, 0], rel=1e-4)
    assert intercept.value == pytest.approx(fitted.intercept_[0], rel=1e-4)
    assert slope.low < 0.6 < slope.high < 1


def test_the_slope_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    inside = []
    for _ in range(300):
        slope, intercept = calibration_line(*calibrated(rng, 1500))
        inside.append((slope.low < 1 < slope.high, intercept.low < 0 < intercept.high))
    assert (np.abs(np.mean(inside, axis=0) - 0.95) < 0.04).all()


def test_copies_of_a_customers_lead_narrow_no_interval() -> None:
    truth, probability = calibrated(np.random.default_rng(3), 1000)
    copied_truth, copied_probability, customer = (np.repeat(x, 5) for x in (truth, probability, np.arange(1000)))
    alone, copied = (
        calibration_line(truth, probability)[0],
        calibration_line(copied_truth, copied_probability, customer)[0],
    )
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high), rel=1e-3)
    first = calibration_intervals(truth, probability)
    second = calibration_intervals(copied_truth, copied_probability, clusters=customer)
    for name in ("brier", "log_loss", "observed_over_expected"):
        assert second[name].value == pytest.approx(first[name].value)
        ratio = (second[name].high - second[name].low) / (first[name].high - first[name].low)
        assert ratio == pytest.approx(1, rel=0.1), name


def test_losses_agree_with_scikit_learn() -> None:
    truth, probability = calibrated(np.random.default_rng(4), 500)
    assert brier(truth, probability) == pytest.approx(brier_score_loss(truth, probability))
    assert log_loss(truth, probability) == pytest.approx(sklearn_log_loss(truth, probability))
    assert np.isfinite(log_loss([1, 0], [0.0, 1.0]))
    assert observed_over_expected([1, 0, 0, 0], [0.5, 0.5, 0.5, 0.5]) == 0.5


def test_bins_are_equally_full_and_share_out_ties() -> None:
    rng = np.random.default_rng(5)
    for chance in (rng.random(100), np.round(rng.random(100), 1), np.full(100, 0.3)):
        member = equal_mass_bins(chance, 15)
        np.testing.assert_allclose(member.sum(axis=1), 1)
        assert set(np.round(member.sum(axis=0), 9)) <= {6.0, 7.0}
    hard = equal_mass_bins(rng.random(30), 15)
    assert set(np.unique(hard)) == {0.0, 1.0}


def test_calibration_error_from_its_definition_and_whatever_the_order_of_rows() -> None:
    rng = np.random.default_rng(6)
    truth, probability = calibrated(rng, 1500)
    order = np.argsort(probability)
    expected = np.mean([abs(truth[part].mean() - probability[part].mean()) for part in np.array_split(order, 15)])
    assert expected_calibration_error(truth, probability) == pytest.approx(expected)
    tied = np.round(probability, 2)
    shuffled = rng.permutation(1500)
    value = expected_calibration_error(truth, tied)
    assert expected_calibration_error(truth[shuffled], tied[shuffled]) == pytest.approx(value)
    assert expected_calibration_error(truth, np.full(1500, 0.5)) == pytest.approx(0.5 - truth.mean())


def test_intervals_hold_the_truth_of_miscalibrated_probabilities() -> None:
    rng = np.random.default_rng(7)
    truth, probability = calibrated(rng, 20_000)
    found = calibration_intervals(truth, probability / 2, resamples=500)
    assert found["observed_over_expected"].low < 2 < found["observed_over_expected"].high
    assert 0.01 < found["expected_calibration_error"].low < found["expected_calibration_error"].value
    for figure in found.values():
        assert figure.low < figure.value < figure.high
    right = calibration_intervals(truth, probability, resamples=500)
    assert right["observed_over_expected"].low < 1 < right["observed_over_expected"].high
    assert right["brier"].value < found["brier"].value
    assert right == calibration_intervals(truth, probability, resamples=500)


@pytest.mark.parametrize(
    ("outcome", "probability", "says"),
    [
        ([0, 1], [0.5, 1.5], "position 1"),
        ([0, 1], [0.5, np.nan], "finite"),
        ([0, 0, 0], [0.1, 0.2, 0.3], "none of the 3"),
        ([0, 1, 1], [0.2, 0.2, 0.2], "all are 0.2"),
        ([0, 0, 1], [0.1, 0.2, 0.3], "separates"),
    ],
)
def test_a_line_that_does_not_exist_says_why(outcome: list[float], probability: list[float], says: str) -> None:
    with pytest.raises(NotComputable, match=says):
        calibration_line(outcome, probability)


def test_other_figures_that_do_not_exist_say_why() -> None:
    with pytest.raises(NotComputable, match="every probability is 0"):
        observed_over_expected([0, 1], [0.0, 0.0])
    with pytest.raises(NotComputable, match="at least 15 leads"):
        expected_calibration_error([0, 1], [0.1, 0.2])
    with pytest.raises(NotComputable, match="got=1"):
        calibration_intervals([0] * 20, np.linspace(0, 1, 20), clusters=np.zeros(20))
