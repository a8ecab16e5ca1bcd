import itertools

import numpy as np
import pytest
from scipy.stats import norm

from core.errors import NotComputable
from core.metrics import (
    auc,
    auc_difference,
    auc_from_stage,
    auc_interval,
    auc_of_reaching,
    average_precision,
    gains,
    lift_at,
    precision_at,
    recall_at,
)
from core.ranking import Figure, Z


def error(figure: Figure) -> float:
    return (figure.high - figure.low) / (2 * Z)


def sample(rng: np.random.Generator, converted: int, others: int, shift: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    truth = np.r_[np.ones(converted), np.zeros(others)]
    return truth, rng.normal(size=len(truth)) + shift * truth


def test_auc_and_its_error_agree_with_the_definition_over_all_pairs() -> None:
    rng = np.random.default_rng(0)
    truth, a = sample(rng, 13, 31)
    a = np.round(a, 1)  # ties
    b = np.round(a + rng.normal(size=len(a)), 1)

    def kernel(score: np.ndarray) -> np.ndarray:
        return np.array([[(p > n) + (p == n) / 2 for n in score[truth == 0]] for p in score[truth == 1]])

    def variance(kernel: np.ndarray) -> float:
        m, n = kernel.shape
        return kernel.mean(axis=1).var(ddof=1) / m + kernel.mean(axis=0).var(ddof=1) / n

    assert auc(truth, a) == pytest.approx(kernel(a).mean())
    figure = auc_interval(truth, a)
    assert figure.value == pytest.approx(kernel(a).mean())
    assert error(figure) == pytest.approx(np.sqrt(variance(kernel(a))))
    gap, p = auc_difference(truth, a, b)
    assert gap.value == pytest.approx(kernel(a).mean() - kernel(b).mean())
    assert error(gap) == pytest.approx(np.sqrt(variance(kernel(a) - kernel(b))))
    assert p == pytest.approx(2 * norm.sf(abs(gap.value) / error(gap)))


def test_the_interval_holds_the_true_auc_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    truth_auc = norm.cdf(1 / np.sqrt(2))
    inside = [(f := auc_interval(*sample(rng, 40, 400))).low <= truth_auc <= f.high for _ in range(600)]
    assert 0.92 <= np.mean(inside) <= 0.975


def test_two_equal_models_are_called_equal_about_95_times_in_100() -> None:
    rng = np.random.default_rng(2)
    equal = []
    for _ in range(600):
        truth, signal = sample(rng, 50, 300)
        _, p = auc_difference(truth, signal + rng.normal(size=350), signal + rng.normal(size=350))
        equal.append(p > 0.05)
    assert 0.92 <= np.mean(equal) <= 0.975


def test_a_better_model_is_told_apart_and_the_sign_is_a_less_b() -> None:
    rng = np.random.default_rng(3)
    truth, good = sample(rng, 200, 2000, shift=1.5)
    gap, p = auc_difference(truth, good, good + 3 * rng.normal(size=2200))
    assert gap.low > 0 and p < 1e-6
    assert auc_difference(truth, good, np.exp(good)) == (Figure(0.0, 0.0, 0.0), 1.0)


def test_shuffled_outcomes_give_an_auc_near_one_half() -> None:
    rng = np.random.default_rng(4)
    truth, score = sample(rng, 500, 5000)
    figure = auc_interval(rng.permutation(truth), score)
    assert abs(figure.value - 0.5) < 4 * error(figure) < 0.1


def test_customers_with_copies_of_one_lead_bring_no_certainty() -> None:
    rng = np.random.default_rng(5)
    truth, score = sample(rng, 30, 200)
    copies = [np.repeat(x, 4) for x in (truth, score, np.arange(230))]
    alone, copied = auc_interval(truth, score), auc_interval(copies[0], copies[1], clusters=copies[2])
    assert error(copied) == pytest.approx(error(alone), rel=0.03)
    assert error(auc_interval(*copies[:2])) == pytest.approx(error(alone) / 2, rel=0.03)
    names = np.array([f"customer {c}" for c in copies[2]], dtype=object)
    assert auc_interval(copies[0], copies[1], clusters=names) == copied


def test_a_perfect_order_of_few_leads_is_not_certain() -> None:
    few = auc_interval([0, 0, 0, 1, 1, 1], range(6))
    many = auc_interval([0] * 300 + [1] * 300, range(600))
    assert few.value == many.value == many.high == 1.0
    assert few.low < 0.5 < 0.98 < many.low < 1.0
    reverse = auc_interval([1, 1, 1, 0, 0, 0], range(6))
    assert (reverse.value, reverse.low, reverse.high) == pytest.approx((0.0, 0.0, 1 - few.low))


def test_one_lead_of_a_class_has_an_auc_but_no_interval() -> None:
    assert auc([0, 0, 1], [1, 2, 3]) == 1.0
    with pytest.raises(NotComputable, match="got=1 and 2"):
        auc_interval([0, 0, 1], [1, 2, 3])
    with pytest.raises(NotComputable, match="2 customers"):
        auc_interval([0, 0, 1, 1], [1, 2, 3, 4], clusters=np.array([1, 2, 3, 3]))
    with pytest.raises(NotComputable, match="no sampling error"):
        auc_difference([0, 0, 1, 1], [1, 2, 3, 4], [1, 1, 1, 1])


def test_precision_recall_and_lift_at_a_depth() -> None:
    truth, score = [1, 1, 0, 0, 1, 0, 0, 0, 0, 0], -np.arange(10)
    assert precision_at(truth, score, 0.2) == 1.0
    assert recall_at(truth, score, 0.2) == pytest.approx(2 / 3)
    assert lift_at(truth, score, 0.2) == pytest.approx(10 / 3)
    assert average_precision(truth, score) == pytest.approx((1 + 1 + 3 / 5) / 3)
    for figure in (precision_at, recall_at, lift_at):
        with pytest.raises(NotComputable, match="at least 20 leads"):
            figure(truth, score, 0.05)


def test_gains_agree_with_recall_at_every_depth() -> None:
    rng = np.random.default_rng(6)
    truth, score = sample(rng, 20, 180)
    score = np.round(score)
    curve = gains(truth, score)
    assert (curve.depth[[0, -1]].tolist(), curve.captured[[0, -1]].tolist()) == ([0, 1], [0, 1])
    assert curve.lift[-1] == 1.0 and np.isfinite(curve.lift).all()
    for share in (0.005, 0.03, 0.2, 0.75):
        assert float(curve.at(share)) == pytest.approx(recall_at(truth, score, share))


def test_auc_by_stage_sees_through_a_score_that_knows_the_stage_alone() -> None:
    rng = np.random.default_rng(7)
    stage = rng.integers(-1, 4, 4000)
    truth = (rng.random(4000) < np.clip(stage, 0, None) / 4).astype(float)
    overall = auc_interval(truth, stage)
    assert overall.low > 0.7
    assert auc_of_reaching(stage, stage, 2).value == 1.0
    deepest = auc_from_stage(truth, stage, stage, 3)
    assert (deepest.value, deepest.low, deepest.high) == (0.5, 0.5, 0.5)
    kept = stage >= 2
    assert auc_from_stage(truth, stage, stage, 2) == auc_interval(truth[kept], stage[kept])
    known = stage >= 0
    score = rng.normal(size=4000)
    assert auc_of_reaching(score, stage, 2) == auc_interval(stage[known] >= 2, score[known])
    with pytest.raises(NotComputable, match="no leads"):
        auc_from_stage(truth, stage, stage, 9)
    with pytest.raises(NotComputable, match="every one"):
        auc_of_reaching(score, stage, 0)


def test_stages_keep_the_customers_of_their_leads() -> None:
    rng = np.random.default_rng(8)
    stage, customer = rng.integers(0, 2, 300), rng.integers(0, 60, 300)
    truth, score = rng.permutation(np.repeat([0, 1], 150)), rng.normal(size=300)
    deep = stage == 1
    for of, plain in itertools.zip_longest(
        (auc_from_stage(truth, score, stage, 1, customer), auc_of_reaching(score, stage, 1, customer)),
        (auc_interval(truth[deep], score[deep], customer[deep]), auc_interval(stage, score, customer)),
    ):
        assert of == plain
