"""How each arm learns: every key has a recipe, and the funnel's groups are read from what was known at scoring time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.benchmark.arms import catalogue
from core.benchmark.recipes import _LORA, _PLAIN, Bench, funnel_groups, learn, variant_of
from core.data.leads import Leads
from core.data.pairs import Pairing
from core.data.splitting import split_by_time
from core.errors import NotComputable
from core.funnel import PRESETS
from core.neural.ctr.models import CTR
from core.neural.rivals import Rivals
from core.progress import nobody
from tests.made import make_leads, tiny_config

ALL = np.arange(240)


def with_feature(values: pd.Series, kind: str) -> Leads:
    leads = make_leads(len(values))
    features = replace(leads.schema.features, **{kind: (*getattr(leads.schema.features, kind), "came")})
    return Leads(leads.roles, leads.features.assign(came=values), replace(leads.schema, features=features))


def test_every_arm_has_a_recipe() -> None:
    for key, arm in catalogue(PRESETS["automotive"]).items():
        if arm.family in ("asllr", "ablation"):
            assert variant_of(key)
        elif arm.family == "lora":
            assert _LORA[key](tiny_config())["epochs"] == 1
        elif arm.family == "click" and key != "direct":
            assert key.removesuffix("+text") in CTR
        elif arm.family == "funnel":
            assert key.removesuffix("+text") in ("esmm", "aitm")
        else:
            assert key in _PLAIN or key == "direct"


def test_each_tier_alone_is_a_tier_of_the_funnel() -> None:
    funnel = PRESETS["automotive"]
    kept = {
        key: [tier.name for tier in variant_of(key).pairing(Pairing(funnel, {})).funnel.tiers]
        for key in catalogue(funnel)
        if key.startswith("hpro-only-")
    }
    assert kept == {f"hpro-only-{tier.name}": [tier.name] for tier in funnel.tiers}


def test_without_words_the_semantic_head_is_left_out(tmp_path: Path) -> None:
    leads = make_leads(240, words=False)
    parts = split_by_time(leads)
    bench = Bench(leads, parts, parts.test, Rivals(leads, parts, parts.test, tiny_config(), tmp_path, 1, nobody))
    arms = catalogue(leads.schema.funnel)
    with pytest.raises(NotComputable, match="semantic head needs words"):
        learn(arms["asllr-semantic"], bench, 0)
    assert np.isfinite(learn(arms["hpro"], bench, 0).test()).all()


def test_groups_of_a_category_follow_the_funnel() -> None:
    came = pd.Series(["Test drive", "lost", "nonsense", "", "CALL", "lock_in"] * 40)
    groups = funnel_groups(with_feature(came, "categorical"), "came", ALL)
    assert groups[:6].tolist() == [3, 0, -1, -1, 1, 4]
    with pytest.raises(NotComputable, match="holds none of the funnel's stages"):
        funnel_groups(with_feature(pd.Series(["red", "blue"] * 120), "categorical"), "came", ALL)


def test_groups_of_a_number_are_its_values_or_quantiles() -> None:
    few = funnel_groups(with_feature(pd.Series([0.0, 2.0, np.nan] * 80), "numeric"), "came", ALL)
    assert few[:3].tolist() == [0, 1, -1]
    many = funnel_groups(with_feature(pd.Series(np.arange(240.0)), "numeric"), "came", ALL)
    assert len(set(many)) == 10 and (np.diff(many) >= 0).all()


def test_groups_are_cut_on_the_training_part_alone() -> None:
    train = np.arange(200)
    values = pd.Series(np.arange(240.0))
    one, other = (
        funnel_groups(with_feature(values.where(values < 200, far), "numeric"), "came", train) for far in (300.0, -9.0)
    )
    assert np.array_equal(one[train], other[train]) and len(set(one[train])) == 10
    assert set(one[200:]) == {9} and set(other[200:]) == {0}
    between = pd.Series([1.0, 3.0] * 100 + [0.0, 2.0, 4.0] + [1.0] * 37)
    assert funnel_groups(with_feature(between, "numeric"), "came", train)[200:203].tolist() == [0, 0, 1]


def test_two_stages_put_the_deeper_group_first(tmp_path: Path) -> None:
    leads = with_feature(pd.Series(np.random.default_rng(0).integers(0, 3, 300).astype(float)), "numeric")
    parts = split_by_time(leads)
    rivals = Rivals(leads, parts, parts.test, tiny_config(), tmp_path, 1, nobody)
    bench = Bench(leads, parts, parts.test, rivals, known_stage="came")
    arms = catalogue(leads.schema.funnel)
    for key in ("two-stage", "funnel-recency"):
        score, group = learn(arms[key], bench, 0).test(), bench.groups[parts.test]
        assert score[group == 2].min() > score[group == 1].max() > score[group == 0].max()
    recent = learn(arms["newest"], bench, 0).test()
    assert (np.diff(recent) > 0).all()
    with pytest.raises(NotComputable, match="known-stage"):
        learn(arms["direct"], replace(bench, known_stage=""), 0)
