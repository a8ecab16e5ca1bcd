import time
import tracemalloc

import numpy as np
import pytest

from core import resampling
from core.errors import NotComputable
from core.metrics import auc_difference, auc_interval
from core.ranking import Figure, Ranking, ranking
from core.resampling import bootstrap, draw, paired_bootstrap, resampled


def width(figure: Figure) -> float:
    return figure.high - figure.low


def sample(rng: np.random.Generator, converted: int, others: int, shift: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    truth = np.r_[np.ones(converted), np.zeros(others)]
    return truth, rng.normal(size=len(truth)) + shift * truth


METRICS = {
    "auc": Ranking.auc,
    "average_precision": Ranking.average_precision,
    "precision_at": lambda one: one.precision_at(0.05),
    "recall_at": lambda one: one.recall_at(0.05),
}


def test_resamples_spread_as_those_of_rows_drawn_and_sorted_one_by_one() -> None:
    rng = np.random.default_rng(0)
    truth, score = sample(rng, 40, 360)
    score = np.round(score, 1)
    drawn = resampled(truth, [score], METRICS, 3000)
    plain: dict[str, list[float]] = {name: [] for name in METRICS}
    for _ in range(1500):
        rows = np.r_[rng.integers(0, 40, 40), rng.integers(40, 400, 360)]
        one = ranking(truth[rows], score[rows])
        for name, metric in METRICS.items():
            plain[name].append(float(metric(one)))
    for name in METRICS:
        assert drawn[name].shape == (3000, 1)
        assert drawn[name].mean() == pytest.approx(np.mean(plain[name]), rel=0.03), name
        assert drawn[name].std() == pytest.approx(np.std(plain[name]), rel=0.08), name


def test_auc_resamples_agree_with_delong_alone_paired_and_by_customer() -> None:
    rng = np.random.default_rng(1)
    truth, a = sample(rng, 100, 900)
    b = a + rng.normal(size=1000)
    assert width(bootstrap(truth, a, Ranking.auc, 4000)) == pytest.approx(width(auc_interval(truth, a)), rel=0.07)
    gap, p = paired_bootstrap(truth, a, b, Ranking.auc, 4000)
    exact, _ = auc_difference(truth, a, b)
    assert gap.value == pytest.approx(exact.value)
    assert width(gap) == pytest.approx(width(exact), rel=0.07)
    assert p < 0.01
    customer = rng.integers(0, 150, 1000)
    a = a + rng.normal(size=150)[customer]
    by_customer = bootstrap(truth, a, Ranking.auc, 4000, clusters=customer)
    assert width(by_customer) == pytest.approx(width(auc_interval(truth, a, customer)), rel=0.1)
    assert width(by_customer) > width(bootstrap(truth, a, Ranking.auc, 4000))


def test_bundles_leave_the_spread_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    truth, a = sample(rng, 1500, 3000)
    b = a + rng.normal(size=4500)
    whole, _ = paired_bootstrap(truth, a, b, Ranking.average_precision, 1500)
    monkeypatch.setattr(resampling, "BUNDLES", 800)
    bundles, _ = paired_bootstrap(truth, a, b, Ranking.average_precision, 1500)
    assert bundles.value == whole.value
    assert width(bundles) == pytest.approx(width(whole), rel=0.12)


@pytest.mark.parametrize("clusters", [None, np.arange(300) // 2])
def test_a_resample_keeps_the_number_of_leads_drawn(clusters: np.ndarray | None) -> None:
    rng = np.random.default_rng(3)
    truth = (np.arange(300) < 40).astype(float)
    scores = [rng.integers(0, 20, 300), rng.normal(size=300)]
    drawn = resampled(
        truth,
        scores,
        {"leads": lambda one: one.seen[..., -1], "won": lambda one: one.won[..., -1]},
        50,
        clusters=clusters,
    )
    assert (drawn["leads"] == 300).all() and (drawn["won"] == 40).all()


def test_every_kind_is_drawn_in_its_share_either_way() -> None:
    rng = np.random.default_rng(4)
    for size in (np.array([1, 2, 3, 2]), np.array([1000, 2000, 3000, 2000])):
        counts = draw(rng, size, 4000)
        assert counts.shape == (4, 4000) and (counts.sum(axis=0) == size.sum()).all()
        np.testing.assert_allclose(counts.mean(axis=1), size, rtol=0.05)
        share = size / size.sum()
        np.testing.assert_allclose(counts.var(axis=1), size.sum() * share * (1 - share), rtol=0.12)


def test_the_interval_holds_the_true_value_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    everyone = sample(rng, 30_000, 270_000)
    truth = float(Ranking.average_precision(ranking(*everyone)))
    inside = []
    for _ in range(200):
        figure = bootstrap(*sample(rng, 60, 540), Ranking.average_precision, 300)
        inside.append(figure.low <= truth <= figure.high)
    assert 0.89 <= np.mean(inside) <= 0.99


def test_two_equal_models_are_called_equal_about_95_times_in_100() -> None:
    rng = np.random.default_rng(6)
    equal = []
    for _ in range(200):
        truth, signal = sample(rng, 50, 300)
        a, b = signal + rng.normal(size=350), signal + rng.normal(size=350)
        equal.append(paired_bootstrap(truth, a, b, Ranking.average_precision, 300)[1] > 0.05)
    assert 0.90 <= np.mean(equal) <= 0.99


def test_a_model_against_itself_differs_by_nothing() -> None:
    truth, score = sample(np.random.default_rng(7), 20, 80)
    assert paired_bootstrap(truth, score, 2 * score, Ranking.average_precision, 100) == (Figure(0.0, 0.0, 0.0), 1.0)


def test_a_seed_gives_the_same_interval_again_and_another_a_different_one() -> None:
    truth, score = sample(np.random.default_rng(8), 20, 80)
    first = bootstrap(truth, score, Ranking.average_precision, 200, seed=1)
    assert first == bootstrap(truth, score, Ranking.average_precision, 200, seed=1)
    assert first != bootstrap(truth, score, Ranking.average_precision, 200, seed=2)


def test_too_few_to_resample_says_what_is_missing() -> None:
    with pytest.raises(NotComputable, match=r"one lead with$"):
        bootstrap([0, 0, 0, 1], [1, 2, 3, 4], Ranking.auc)
    with pytest.raises(NotComputable, match="one customer without"):
        bootstrap([0, 0, 1, 1], [1, 2, 3, 4], Ranking.auc, clusters=np.array(["a", "a", "b", "c"]))
    with pytest.raises(NotComputable, match="none of the 2"):
        bootstrap([0, 0], [1, 2], Ranking.auc)


def test_a_hundred_thousand_leads_are_resampled_in_seconds_and_little_memory() -> None:
    rng = np.random.default_rng(9)
    truth, score = sample(rng, 1330, 98_670)
    tracemalloc.start()
    start = time.process_time()
    figure = bootstrap(truth, score, Ranking.average_precision, 500)
    seconds, peak = time.process_time() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert figure.low < figure.value < figure.high
    assert seconds < 10
    assert peak < 200e6
