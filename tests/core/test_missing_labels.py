"""How many labels are missing, and from where on one is filled in: against simulations whose truth is known."""

import numpy as np
import pytest

from core.errors import NotComputable
from core.missing_labels import Labelling, draw_line, share_audited, share_by_score, share_labelled


def fitted(label: np.ndarray, score: np.ndarray) -> Labelling:
    return Labelling.fit(label, score, share_by_score(label, score))


def drawn(n: int, share: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, label and a score that knows the truth up to noise."""
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n)
    truth = rng.random(n) < 1 / (1 + np.exp(-4 * score))
    return truth, (truth & (rng.random(n) < share)).astype(int), score


@pytest.mark.parametrize("share", [0.4, 0.6, 0.8])
def test_the_share_of_labels_is_found(share: float) -> None:
    found = [share_by_score(*drawn(4000, share, seed)[1:]) for seed in range(8)]
    values = [one.value for one in found]
    assert np.mean(values) == pytest.approx(share, abs=0.03)
    assert np.std(values) < 2 * np.mean([one.error for one in found]) and all(one.telling for one in found)


def test_the_chance_without_a_label_is_that_of_the_truth() -> None:
    truth, label, score = drawn(40_000, 0.6, 0)
    without = label == 0
    chance = fitted(label, score).missing(score[without])
    for low, high in ((0.1, 0.3), (0.3, 0.5), (0.5, 0.8)):
        some = (chance >= low) & (chance < high)
        assert truth[without][some].mean() == pytest.approx(chance[some].mean(), abs=0.05)


def test_the_line_keeps_its_promise_on_average() -> None:
    kept = []
    for seed in range(8):
        truth, label, score = drawn(8000, 0.6, seed)
        half = np.arange(len(score)) < 4000
        labelling = fitted(label[half], score[half])
        without = half & (label == 0)
        line = labelling.line(score[without], 0.8)
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
    assert not share_by_score(label, np.arange(1000.0)).telling
    with pytest.raises(NotComputable, match="5 leads with a label"):
        share_labelled(np.zeros((10, 1)), np.eye(10, dtype=int)[0])


def test_a_share_is_found_from_fields_that_were_not_seen() -> None:
    _, label, score = drawn(4000, 0.6, 0)
    noise = np.random.default_rng(1).normal(size=(4000, 5))
    assert share_labelled(np.column_stack([score, noise]), label).value == pytest.approx(0.6, abs=0.06)
    assert not share_labelled(noise, label).telling


def test_an_audit_counts_what_was_looked_up() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random(600) < 0.5).astype(int)
    label = truth * (rng.random(600) < 0.4)
    found = share_audited(label, truth)
    assert found.value == label.sum() / truth.sum() and found.telling and 0.02 < found.error < 0.04
    assert not share_audited(truth, truth).telling
    with pytest.raises(NotComputable, match="an audit needs 20"):
        share_audited(label[:20], truth[:20])


@pytest.mark.parametrize(
    "positive, share, separation",
    [(0.3, 0.6, 0.0), (0.3, 1.0, 0.0), (0.03, 1.0, 3.0), (0.3, 1.0, 2.0)],
    ids=["no signal", "no signal, all labelled", "few positives, all labelled", "all labelled"],
)
def test_nothing_is_promised_without_evidence(positive: float, share: float, separation: float) -> None:
    filled, right = 0, 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        truth = rng.random(8000) < positive
        label = (truth & (rng.random(8000) < share)).astype(int)
        score = rng.normal(size=8000) + separation * truth
        labelling = fitted(label, score)
        without = label == 0
        line = labelling.line(score[without], 0.8)
        above = score[without] >= line.threshold
        filled, right = filled + int(above.sum()), right + int(truth[without][above].sum())
    assert filled <= 0.01 * 6 * 8000 or right / filled > 0.6


def test_few_but_clear_positives_are_filled_in_rightly() -> None:
    filled, right = 0, 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        truth = rng.random(20_000) < 0.03
        label = (truth & (rng.random(20_000) < 0.6)).astype(int)
        score = rng.normal(size=20_000) + 4 * truth
        labelling = fitted(label, score)
        without = label == 0
        line = labelling.line(score[without], 0.8)
        above = score[without] >= line.threshold
        filled, right = filled + int(above.sum()), right + int(truth[without][above].sum())
    assert filled > 300 and right / filled > 0.65
