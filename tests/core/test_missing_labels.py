"""How many labels are missing, and from where on one is filled in: against simulations whose truth is known."""

import numpy as np
import pytest

from core.errors import NotComputable
from core.missing_labels import Labelling, draw_line


def drawn(n: int, share: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, label and a score that knows the truth up to noise."""
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n)
    truth = rng.random(n) < 1 / (1 + np.exp(-4 * score))
    return truth, (truth & (rng.random(n) < share)).astype(int), score


@pytest.mark.parametrize("share", [0.4, 0.6, 0.8])
def test_the_share_of_labels_is_found(share: float) -> None:
    found = [Labelling.fit(*drawn(4000, share, seed)[1:]).share for seed in range(8)]
    assert np.mean(found) == pytest.approx(share, abs=0.04)


def test_the_chance_without_a_label_is_that_of_the_truth() -> None:
    truth, label, score = drawn(40_000, 0.6, 0)
    without = label == 0
    chance = Labelling.fit(label, score).missing(score[without])
    for low, high in ((0.1, 0.3), (0.3, 0.5), (0.5, 0.8)):
        some = (chance >= low) & (chance < high)
        assert truth[without][some].mean() == pytest.approx(chance[some].mean(), abs=0.05)


def test_the_line_keeps_its_promise_on_average() -> None:
    kept = []
    for seed in range(8):
        truth, label, score = drawn(8000, 0.6, seed)
        half = np.arange(len(score)) < 4000
        labelling = Labelling.fit(label[half], score[half])
        without = half & (label == 0)
        line = draw_line(score[without], labelling.missing(score[without]), 0.8)
        filled = ~half & (label == 0) & (score >= line.threshold)
        kept.append(truth[filled].mean())
    assert np.mean(kept) == pytest.approx(0.8, abs=0.06)


def test_an_unreachable_precision_draws_no_line() -> None:
    line = draw_line(np.array([2.0, 1.0]), np.array([0.3, 0.2]), 0.9)
    assert line.threshold == float("inf") and np.isnan(line.precision)


def test_leads_of_one_score_are_in_or_out_together() -> None:
    line = draw_line(np.array([1.0, 1.0, 0.0]), np.array([1.0, 0.5, 0.0]), 0.8)
    assert line.threshold == float("inf")


def test_labels_that_the_score_does_not_find_cannot_be_counted() -> None:
    label = np.zeros(1000, dtype=int)
    label[:100] = 1
    with pytest.raises(NotComputable, match="none of the surest"):
        Labelling.fit(label, np.arange(1000.0))
