import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import average_precision_score, roc_auc_score

from core.errors import NotComputable
from core.ranking import Ranking, deep_enough, ranking

FIGURES = {
    "auc": Ranking.auc,
    "average_precision": Ranking.average_precision,
    "precision_at": lambda one: one.precision_at(0.4),
    "recall_at": lambda one: one.recall_at(0.4),
    "lift_at": lambda one: one.lift_at(0.4),
}


def one_order(truth: np.ndarray, share: float) -> dict[str, float]:
    """Every figure of leads in one order of calling, from the definitions."""
    hits = np.flatnonzero(truth)
    calls = int(share * len(truth))
    precision = truth[:calls].mean()
    above = [(i < j) for i in hits for j in np.flatnonzero(truth == 0)]
    return {
        "auc": float(np.mean(above)),
        "average_precision": float(np.mean([truth[: i + 1].mean() for i in hits])),
        "precision_at": precision,
        "recall_at": truth[:calls].sum() / truth.sum(),
        "lift_at": precision / truth.mean(),
    }


@pytest.mark.parametrize("seed", range(6))
def test_ties_are_the_mean_over_every_order_of_tied_leads(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.permutation([1, 1, 1, 0, 0, 0, 0]).astype(float)
    score = rng.integers(0, 3, 7)
    orders = [order for order in itertools.permutations(range(7)) if (np.diff(score[list(order)]) <= 0).all()]
    every = [one_order(truth[list(order)], 0.4) for order in orders]
    assert len(orders) > 1
    for name, figure in FIGURES.items():
        expected = np.mean([one[name] for one in every])
        assert float(figure(ranking(truth, score))) == pytest.approx(expected), name


def test_untied_leads_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    truth, score = rng.random(5000) < 0.05, rng.normal(size=5000)
    one = ranking(truth, score)
    assert one.auc() == pytest.approx(roc_auc_score(truth, score))
    assert one.average_precision() == pytest.approx(average_precision_score(truth, score))


def test_cells_without_a_conversion_are_merged_and_keep_every_lead() -> None:
    one = ranking([0, 0, 1, 0, 0, 0], [6, 5, 4, 3, 2, 1])
    assert one.positives.tolist() == [0, 1, 0]
    assert one.negatives.tolist() == [2, 0, 3]


outcomes = hnp.arrays(np.int64, st.integers(5, 40), elements=st.integers(0, 1)).filter(lambda y: 0 < y.sum() < len(y))


@settings(max_examples=60, deadline=None)
@given(truth=outcomes, data=st.data())
def test_only_the_order_of_scores_counts_and_not_that_of_rows(truth: np.ndarray, data: st.DataObject) -> None:
    score = data.draw(hnp.arrays(np.int64, len(truth), elements=st.integers(-8, 8)))
    order = np.array(data.draw(st.permutations(range(len(truth)))))
    for name, figure in FIGURES.items():
        value = float(figure(ranking(truth, score)))
        assert float(figure(ranking(truth, np.exp(score / 2.0)))) == value, name
        assert float(figure(ranking(truth[order], score[order]))) == value, name


@settings(max_examples=60, deadline=None)
@given(truth=outcomes, data=st.data())
def test_turning_scores_round_turns_the_auc_round(truth: np.ndarray, data: st.DataObject) -> None:
    score = data.draw(hnp.arrays(np.int64, len(truth), elements=st.integers(-8, 8)))
    assert float(ranking(truth, -score).auc()) == pytest.approx(1 - float(ranking(truth, score).auc()))
    assert float(ranking(truth, score).captured(1.0)[0]) == truth.sum()


def test_resamples_in_one_array_are_each_computed_as_on_their_own() -> None:
    rng = np.random.default_rng(1)
    positives, negatives = rng.integers(0, 3, (20, 30)), rng.integers(0, 4, (20, 30))
    together = Ranking(positives, negatives)
    for name, figure in FIGURES.items():
        alone = [float(figure(Ranking(p, n))) for p, n in zip(positives, negatives, strict=True)]
        np.testing.assert_allclose(figure(together), alone, err_msg=name)


def test_calls_are_not_lost_to_rounding() -> None:
    truth = np.r_[np.ones(29), np.zeros(71)]
    captured, calls = ranking(truth, -np.arange(100)).captured(0.29)
    assert (float(captured), int(calls)) == (29.0, 29)


@pytest.mark.parametrize(
    ("outcome", "score", "says"),
    [
        ([], [], "no leads"),
        ([0, 0], [1, 2], "none of the 2"),
        ([1, 1], [1, 2], "every one of the 2"),
        ([0, 1, np.nan], [1, 2, 3], "position 2"),
        ([0, 1, 2], [1, 2, 3], "0 or 1"),
        ([0, 1], [1, np.inf], "finite"),
        ([0, 1], [1, 2, 3], "one length"),
    ],
)
def test_what_cannot_be_ranked_says_why(outcome: list[float], score: list[float], says: str) -> None:
    with pytest.raises(NotComputable, match=says):
        ranking(outcome, score)


def test_a_share_of_less_than_one_lead_says_how_many_are_needed() -> None:
    one = ranking([0, 1] * 100, range(200))
    with pytest.raises(NotComputable, match="at least 1000 leads, however: got=200"):
        deep_enough(one, 0.001)
    with pytest.raises(NotComputable, match=r"\(0, 1\]"):
        deep_enough(one, 1.5)
    assert deep_enough(one, 0.005) is one
