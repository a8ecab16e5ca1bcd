"""Which pairs teach: the paper's tiers, unless the whole funnel is better at the top by more than chance."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.data.leads import Leads
from core.funnel import SOFT_TIER, whole_funnel
from core.metrics import average_precision
from core.neural.asllr import Encoded
from core.neural.choices import choose_pairs
from core.neural.material import Material
from core.neural.probe import Probe, ProbeData, fit_probe
from core.progress import nobody
from tests.made import make_leads, tiny_config

N = 240
Made = tuple[Material, ProbeData, Probe]


def made(work: Path, *, misled: bool) -> Made:
    """A probe on fields; `misled`: the only tier prefers long calls, which here say that a lead will not buy."""
    leads = make_leads(N, words=False)
    if misled:
        calls = 300 + 50 * np.random.default_rng(0).normal(size=N) - 100 * leads.features["a"].to_numpy()
        schema = replace(leads.schema, funnel=replace(leads.schema.funnel, tiers=(SOFT_TIER,)))
        leads = Leads(leads.roles.assign(call_seconds=calls), leads.features, schema)
    config = tiny_config("pairs=auto", "loss.semantic=0")
    material = Material(leads, np.arange(N), np.arange(0), config, work, nobody)
    data = material.probe_data(material.train, Encoded.empty(N), "tower")
    return material, data, fit_probe(data, material.pairing, config)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Made]:
    """With the funnel's own tiers, and misled."""
    work = tmp_path_factory.mktemp("choices")
    return made(work, misled=False), made(work, misled=True)


@pytest.fixture
def usual(two: tuple[Made, Made]) -> Made:
    return deepcopy(two[0])


@pytest.fixture
def misled(two: tuple[Made, Made]) -> Made:
    return deepcopy(two[1])


def test_the_tiers_stay_where_the_whole_funnel_is_not_better_by_more_than_chance(usual: Made) -> None:
    material, data, probe = usual
    before = material.pairing
    chosen, why = choose_pairs(material, data, probe)
    assert chosen is probe and material.pairing is before
    assert why.startswith("tiers: average precision") and f"{N} training leads" in why and "more than chance" in why
    assert f"{average_precision(data.converted, probe.out_of_fold['pairwise']):.4f} with the tiers" in why


def test_the_whole_funnel_replaces_tiers_that_mislead(misled: Made) -> None:
    material, data, probe = misled
    pointwise = probe.heads.pointwise.get_parameter("weight").clone()
    before = average_precision(data.converted, probe.out_of_fold["pairwise"])
    chosen, why = choose_pairs(material, data, probe)
    assert why.startswith("funnel: ") and why.endswith("more than chance")
    assert material.pairing.funnel == whole_funnel(material.leads.schema.funnel.stages)
    found = average_precision(data.converted, chosen.out_of_fold["pairwise"])
    assert found > before + 0.1 and f"{found:.4f} with pairs over the whole funnel" in why
    # The ranking head is the other's; the pointwise one is untouched.
    assert torch.equal(chosen.heads.pointwise.get_parameter("weight"), pointwise)
    with torch.no_grad():
        score = chosen.heads(data.encoded, data.tower).score.numpy()
    assert average_precision(data.converted, score) > before + 0.1
    assert set(chosen.pair_accuracy) == {tier.name for tier in material.pairing.funnel.tiers}


def test_too_few_customers_for_a_range_keep_the_tiers(misled: Made) -> None:
    material, data, probe = misled
    one = np.where(data.converted == 1, "C", data.group).astype(object)  # all that bought are one customer's
    chosen, why = choose_pairs(material, replace(data, group=one), probe)
    assert chosen is probe and why.startswith("tiers: ") and "cannot be told" in why


def test_nothing_is_compared_where_nothing_is_to_choose(usual: Made) -> None:
    material, data, probe = usual
    whole = material.config
    for config, why in (
        (replace(whole, pairs="tiers"), "tiers: set"),
        (replace(whole, loss=replace(whole.loss, pairwise=0.0)), "tiers: there is nothing to choose between"),
    ):
        material.config = config
        assert choose_pairs(material, data, probe) == (probe, why)
