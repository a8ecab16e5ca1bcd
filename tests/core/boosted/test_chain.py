"""The chain: its product by hand, its steps and what is merged, and what it gains where sales are rare."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score

from core.boosted import chain as room
from core.boosted.chain import Chain, fit_chain
from core.boosted.tuning import fit_binary
from core.errors import NotComputable
from tests.core.boosted.funnel_world import World, world


def fitted(part: World, later: World, seed: int = 0, trials: int = 1) -> Chain:
    return fit_chain(
        part.x, part.stage, part.converted, later.x, later.stage, later.converted, seed=seed, trials=trials
    )


def changed(of: World, stage: np.ndarray | None = None, converted: np.ndarray | None = None) -> World:
    return World(of.x, of.stage if stage is None else stage, of.converted if converted is None else converted, of.logit)


def roots(chain: Chain) -> list[int]:
    """How many leads the first tree of each step was grown on, as far as a bag of 80% shows."""
    return [b.dump_model()["tree_info"][0]["tree_structure"]["internal_count"] for b in chain.boosters]


def test_the_score_is_the_product_of_the_steps() -> None:
    part, later, new = world(2000, 0), world(800, 1), world(500, 2)
    chain = fitted(part, later, trials=5)
    x = new.x.set_axis([f"field_{i}" for i in range(12)], axis=1)
    first, second, third = (np.asarray(booster.predict(x)) for booster in chain.boosters)
    np.testing.assert_allclose(np.exp(chain.score(new.x)), first * second * third, rtol=1e-9)
    assert chain.validation == pytest.approx(average_precision_score(later.converted, chain.score(later.x)))
    assert chain.chosen["steps"] == [[0, 1], [1, 2], [2, 3]] and chain.chosen["merged"] == []
    assert chain.chosen["rounds"] == [booster.best_iteration for booster in chain.boosters]
    assert chain.score(new.x.iloc[:0]).shape == (0,)


def test_the_chances_add_up_to_the_sales() -> None:
    part, later, new = world(4000, 0), world(1500, 1), world(8000, 2)
    expected = np.exp(fitted(part, later).score(new.x)).mean()
    assert expected == pytest.approx(expit(new.logit).mean(), rel=0.25)


def test_the_chain_beats_one_model_where_stages_follow_intent_and_sales_are_rare() -> None:
    gains = []
    for seed in range(4):
        part, later, new = (world(n, 10 * seed + k, intercept=-5.4) for k, n in enumerate((3000, 1000, 4000)))
        one = fit_binary(part.x, part.converted, later.x, later.converted, seed=seed, trials=2)
        scores = fitted(part, later, seed, trials=6).score(new.x), one.score(new.x)
        gains.append(np.subtract(*(spearmanr(score, new.logit).statistic for score in scores)))
    assert np.mean(gains) > 0.1 and np.sum(np.array(gains) > 0) >= 3


def test_each_step_learns_from_the_leads_that_came_to_it() -> None:
    part, later = world(2000, 0), world(800, 1)
    chain = fitted(part, later)
    reached = [int((part.stage >= stage).sum()) for stage in (0, 1, 2)]
    assert roots(chain) == pytest.approx([0.8 * count for count in reached], rel=0.1)


def test_leads_of_unknown_stage_or_outcome_inform_the_steps_they_can() -> None:
    part, later = world(2000, 0), world(800, 1)
    rng = np.random.default_rng(0)
    lost = rng.random(2000) < 0.4
    no_stage = fitted(changed(part, stage=np.where(lost, -1, part.stage)), later)
    reached = [int(((part.stage >= stage) & ~lost).sum()) for stage in (0, 1, 2)]
    assert roots(no_stage) == pytest.approx([0.8 * count for count in reached], rel=0.12)
    no_outcome = fitted(changed(part, converted=np.where(lost, np.nan, part.converted)), later)
    told = [2000, int((part.stage >= 1).sum()), int(((part.stage >= 2) & ~lost).sum())]
    assert roots(no_outcome) == pytest.approx([0.8 * count for count in told], rel=0.12)


def test_a_step_of_few_examples_is_merged_with_the_next_and_said() -> None:
    part, later = world(2000, 0), world(800, 1)
    nobody_stays_at_1 = np.where(part.stage == 1, 2, part.stage)
    chain = fitted(changed(part, stage=nobody_stays_at_1), later)
    assert chain.chosen["steps"] == [[0, 1], [1, 3]] and chain.chosen["merged"] == [2]
    nine = np.flatnonzero(part.stage == 1)[:9]
    stage = nobody_stays_at_1.copy()
    stage[nine] = 1
    assert fitted(changed(part, stage=stage), later).chosen["merged"] == [2]
    stage[np.flatnonzero(part.stage == 1)[:10]] = 1
    assert fitted(changed(part, stage=stage), later).chosen["merged"] == []
    unseen_later = changed(later, stage=np.where(later.stage == 0, 1, later.stage))
    assert fitted(part, unseen_later).chosen["steps"] == [[0, 2], [2, 3]]


def test_a_last_step_of_few_examples_is_merged_with_the_one_before_it() -> None:
    part, later = world(2000, 0), world(800, 1)
    none_stays_at_2 = np.where(part.stage == 2, 1, part.stage)
    chain = fitted(changed(part, stage=none_stays_at_2), later)
    assert chain.chosen["steps"] == [[0, 1], [1, 3]] and chain.chosen["merged"] == [2]
    alone = fitted(changed(part, stage=np.where(part.converted == 1, 3, 0)), later)
    assert alone.chosen["steps"] == [[0, 3]] and alone.chosen["merged"] == [1, 2]


def test_a_sale_beyond_the_last_stage_is_a_step_of_its_own() -> None:
    part, later = world(2000, 0), world(800, 1)
    tried = fitted(changed(part, stage=np.minimum(part.stage, 2)), changed(later, stage=np.minimum(later.stage, 2)))
    assert tried.chosen["steps"] == [[0, 1], [1, 2], [2, 3]]


def test_the_same_seed_gives_the_same_scores_and_another_does_not() -> None:
    part, later = world(1500, 0), world(600, 1)
    first, second, other = (fitted(part, later, seed, trials=4).score(later.x) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_shuffled_stages_and_outcomes_teach_nothing() -> None:
    found = []
    for seed in range(5):
        part, later, new = world(1000, seed), world(600, seed + 50), world(3000, seed + 90)
        rng = np.random.default_rng(seed)
        order, other = rng.permutation(1000), rng.permutation(600)
        part = changed(part, part.stage[order], part.converted[order])
        later = changed(later, later.stage[other], later.converted[other])
        found.append(spearmanr(fitted(part, later, seed).score(new.x), new.logit).statistic)
    assert abs(np.mean(found)) < 0.2


def test_a_search_on_a_part_ends_with_all_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "TUNING_LEADS", 700)
    part, later = world(2000, 0), world(800, 1)
    chain = fitted(part, later, trials=2)
    assert roots(chain)[0] == pytest.approx(1600, rel=0.05)
    assert [booster.num_trees() for booster in chain.boosters] == chain.chosen["rounds"]


def test_refuses_what_it_cannot_do() -> None:
    part, later = world(400, 0), world(300, 1)
    with pytest.raises(NotComputable, match="a chain needs stages"):
        fitted(changed(part, stage=np.full(400, -1)), later)
    with pytest.raises(NotComputable, match=r"training part.* 0 of"):
        fitted(changed(part, np.minimum(part.stage, 2), np.zeros(400)), later)
    with pytest.raises(NotComputable, match="calibration part"):
        fitted(part, changed(later, converted=np.full(300, np.nan)))
    with pytest.raises(NotComputable, match="trials must be 1 or more"):
        fitted(part, later, trials=0)
