"""Pairs under a model: every share against brute force, intervals against a bootstrap over leads, the worst of them."""

from dataclasses import replace

import numpy as np
import pytest

from core.data.pairs import Pairing
from core.data.reviews import Review, apply_reviews
from core.errors import NotComputable
from core.pair_review import PER_LEAD, PairView, view_pairs
from tests.made import make_leads

LEADS = make_leads(150)
PAIRING = Pairing.fit(LEADS)
SCORE = LEADS.features["a"].to_numpy() + 0.3 * np.random.default_rng(1).normal(size=150)
PAIRS = PAIRING.pairs(LEADS.stage, LEADS.converted, LEADS.call_seconds)


@pytest.fixture(scope="module")
def view() -> PairView:
    return view_pairs(LEADS, SCORE, PAIRING)


def test_shares_are_those_of_all_pairs(view: PairView) -> None:
    apart = SCORE[PAIRS.chosen] - SCORE[PAIRS.rejected]
    for number, tier in enumerate(view.tiers):
        here = PAIRS.tier == number
        assert tier.pairs == here.sum() and tier.in_order is not None and tier.satisfied is not None
        assert tier.in_order.value == pytest.approx((apart[here] > 0).mean())
        assert tier.satisfied.value == pytest.approx((apart[here] >= tier.margin).mean())
        assert tier.satisfied.low < tier.satisfied.value < tier.satisfied.high


def test_the_interval_is_that_of_a_bootstrap_over_leads_not_over_pairs(view: PairView) -> None:
    rng = np.random.default_rng(0)
    here = PAIRS.tier == 1
    chosen, rejected = PAIRS.chosen[here], PAIRS.rejected[here]
    right = SCORE[chosen] - SCORE[rejected] >= view.tiers[1].margin
    shares = []
    for _ in range(600):
        times = np.bincount(rng.integers(0, 150, 150), minlength=150)
        weight = times[chosen] * times[rejected]
        shares.append(np.average(right, weights=weight))
    low, high = np.quantile(shares, [0.025, 0.975])
    ours = view.tiers[1].satisfied
    assert ours is not None
    assert ours.high - ours.low == pytest.approx(high - low, rel=0.15)
    over_pairs = 2 * 1.96 * np.sqrt(ours.value * (1 - ours.value) / here.sum())
    assert ours.high - ours.low > 2 * over_pairs


def test_the_worst_are_the_worst_a_few_of_each_lead(view: PairView) -> None:
    worst = view.worst[view.worst["tier"] == PAIRS.tiers[0].name]
    here = PAIRS.tier == 0
    short = PAIRS.tiers[0].margin - (SCORE[PAIRS.chosen[here]] - SCORE[PAIRS.rejected[here]])
    assert worst["short"].iat[0] == pytest.approx(short.max())
    assert worst["short"].is_monotonic_decreasing and (worst["short"] > 0).all()
    stands = np.unique(np.concatenate([worst["chosen"], worst["rejected"]]).astype(str), return_counts=True)[1]
    assert stands.max() <= PER_LEAD
    few = view_pairs(LEADS, SCORE, PAIRING, worst=2).worst
    assert (few.groupby("tier").size() <= 2).all()


def test_a_perfect_model_is_not_said_to_be_certain() -> None:
    leads = LEADS.take(np.concatenate([np.flatnonzero(LEADS.stage == 4)[:3], np.flatnonzero(LEADS.stage == 0)[:4]]))
    perfect = view_pairs(leads, 10.0 * leads.stage, PAIRING)
    first = perfect.tiers[0].satisfied
    assert first is not None and first.value == first.high == 1 and first.low < 0.6
    assert not (perfect.worst["tier"] == "global_dominance").any()


def test_reviews_count_and_leads_without_a_score_do_not() -> None:
    ids = LEADS.lead_id.tolist()
    worst = view_pairs(LEADS, SCORE, PAIRING).worst.iloc[0]
    said = [
        Review("skip_pair", chosen=worst["chosen"], rejected=worst["rejected"]),
        Review("skip_lead", lead_id=ids[0]),
        Review("prefer", chosen=ids[1], rejected=ids[2]),
    ]
    reviewed = apply_reviews(LEADS, np.arange(150), said).reviewed
    score = SCORE.copy()
    score[3] = np.nan
    found = view_pairs(LEADS, score, PAIRING, reviewed)
    assert found.tiers[-1].name == "reviewed" and found.tiers[-1].pairs == 1
    named = set(found.worst["chosen"]) | set(found.worst["rejected"])
    assert ids[0] not in named and ids[3] not in named
    first = found.worst[["chosen", "rejected"]].apply(tuple, axis=1).tolist()
    assert (worst["chosen"], worst["rejected"]) not in first
    assert len(found.to_frame()) == len(PAIRS.tiers) + 1


def test_tiers_without_pairs_and_leads_without_scores() -> None:
    none = view_pairs(replace(LEADS, roles=LEADS.roles.assign(stage=-1, converted=np.nan)), SCORE, PAIRING)
    assert none.tiers[0].pairs == 0 and none.tiers[0].satisfied is None and np.isnan(none.to_frame()["satisfied"][0])
    with pytest.raises(NotComputable, match="none of these leads has one"):
        view_pairs(LEADS, np.full(150, np.nan), PAIRING)
