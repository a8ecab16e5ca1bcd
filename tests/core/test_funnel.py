"""Tiers and funnels refuse what makes no pairs; the presets are whole."""

import numpy as np
import pytest

from core.data.pairs import make_pairs
from core.errors import SchemaError
from core.funnel import OUTCOME_TIER, PRESETS, SOFT_TIER, Funnel, Tier, three_tiers, whole_funnel

STAGES = ("lost", "call", "deal")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"margin": -0.1}, "margin"),
        ({"margin": float("nan")}, "margin"),
        ({"margin": float("inf")}, "finite"),
        ({"margin": 1.0, "weight": 0.0}, "weight"),
        ({"margin": 1.0, "chosen": ("deal",)}, "go together"),
        ({"margin": 1.0, "chosen": ("deal",), "rejected": ("deal",)}, "both"),
        ({"margin": 1.0, "chosen": ("deal",), "rejected": ("lost",), "by": "call_seconds"}, "either"),
        ({"margin": 1.0, "by": "call_seconds", "top": 0.6}, r"\(0, 0.5\]"),
    ],
)
def test_a_tier_that_makes_no_sense_is_refused_by_name(arguments, said):
    with pytest.raises(SchemaError, match=said) as raised:
        Tier("mine", **arguments)
    assert "mine" in str(raised.value)


def test_a_tier_is_by_stage_by_signal_or_by_outcome():
    kinds = [Tier("a", 1.0, chosen=("deal",), rejected=("lost",)).kind, SOFT_TIER.kind, OUTCOME_TIER.kind]
    assert kinds == ["stage", "signal", "outcome"]


def test_a_funnel_knows_its_stages_and_names_each_tier_once():
    with pytest.raises(SchemaError, match="won"):
        Funnel(STAGES, (Tier("a", 1.0, chosen=("won",), rejected=("lost",)),))
    with pytest.raises(SchemaError, match="distinct"):
        Funnel(("lost", "lost"))
    with pytest.raises(SchemaError, match="distinct names"):
        Funnel(STAGES, (OUTCOME_TIER, OUTCOME_TIER))


def test_without_tiers_the_outcome_makes_the_pairs():
    assert Funnel(STAGES).effective_tiers() == (OUTCOME_TIER,)
    assert Funnel(STAGES, (SOFT_TIER,)).effective_tiers() == (SOFT_TIER,)


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_has_the_three_tiers_with_the_paper_s_margins(name):
    funnel = PRESETS[name]
    assert [tier.margin for tier in funnel.tiers] == [1.0, 0.5, 0.1]
    top, key, _ = funnel.tiers
    assert top.chosen == funnel.stages[-1:] and top.rejected == funnel.stages[:1]
    assert {*key.chosen, *key.rejected} == set(funnel.stages[1:])
    assert all(funnel.stages.index(a) > funnel.stages.index(b) for a in key.chosen for b in key.rejected)


def test_two_stages_leave_no_room_for_a_key_action():
    assert [tier.name for tier in three_tiers(("lost", "won"), key=1).tiers] == ["global_dominance", "soft_signal"]


def test_the_whole_funnel_sets_every_deeper_lead_over_every_shallower_one():
    funnel = whole_funnel(("lost", "call", "visit", "sold"))
    assert [(tier.margin, tier.weight) for tier in funnel.tiers] == [(0, 1), (0, 2), (0, 4)]
    stage = np.array([2, -1, 0, 3, 1])
    pairs = make_pairs(stage, (stage == 3).astype(float), np.full(5, np.nan), funnel)
    gap = stage[pairs.chosen] - stage[pairs.rejected]
    assert (gap > 0).all() and 1 not in {*pairs.chosen, *pairs.rejected}
    # A pair so many stages apart crosses as many boundaries, and stands in a tier for each.
    met, times = np.unique(np.column_stack([pairs.chosen, pairs.rejected]), axis=0, return_counts=True)
    assert len(met) == 6 and times.tolist() == (stage[met[:, 0]] - stage[met[:, 1]]).tolist()


@pytest.mark.parametrize("stages", [(), ("lost",)])
def test_without_a_boundary_the_whole_funnel_leaves_the_outcome(stages):
    assert whole_funnel(stages).effective_tiers() == (OUTCOME_TIER,)
