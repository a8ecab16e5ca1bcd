"""What the networks of a benchmark share: read once, begun alike, and an embedding that does not remember outcomes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.config import LossWeights
from core.data.splitting import split_by_time
from core.metrics import auc
from core.neural.asllr import Encoded
from core.neural.choices import choose_pairs
from core.neural.embedding import EMBEDDED, Three, embed, principal_components
from core.neural.frozen import Frozen, Variant, answer_of
from core.neural.material import Material
from core.neural.networks import Recipe, answers
from core.neural.probe import ProbeData, fit_probe
from core.neural.rivals import Rivals
from core.progress import nobody
from tests.made import make_leads, tiny_config

LEADS = make_leads(300)
PARTS = split_by_time(LEADS)


def rivals(work: Path, *settings: str) -> Rivals:
    return Rivals(LEADS, PARTS, PARTS.test, tiny_config(*settings), work, 1, nobody)


def noise(n: int, width: int = 200, seed: int = 0) -> Encoded:
    drawn = torch.randn(n, width, generator=torch.Generator().manual_seed(seed))
    return replace(Encoded.empty(n), states=drawn, last=drawn[:, :4])


def test_the_embedding_does_not_remember_the_outcomes_that_its_heads_learned_from() -> None:
    n = 300
    converted = np.random.default_rng(0).integers(0, 2, n).astype(float)
    three = Three(noise(n), noise(50, seed=1), noise(50, seed=2))
    customers = np.array([f"C{i}" for i in range(n)], dtype=object)
    stage = np.where(converted == 1, 4, 0)
    data = ProbeData(three.train, torch.zeros(n, 0), converted, stage, np.full(n, np.nan), customers)
    pairing = Material(LEADS, PARTS.train, PARTS.calibration, tiny_config(), Path(), nobody).pairing
    probe = fit_probe(data, pairing, tiny_config())
    told = embed(three, principal_components(three, 0), probe)
    heads = told.train[:, EMBEDDED:]
    assert heads.shape[1] == len(probe.out_of_fold) >= 2
    in_sample = probe.heads(three.train, torch.zeros(n, 0)).logit.detach().numpy()
    assert auc(converted, in_sample) > 0.8  # what the heads would say of leads that they have seen
    assert all(abs(auc(converted, column) - 0.5) < 0.12 for column in heads.T)
    assert np.allclose(told.train.mean(axis=0), 0, atol=1e-4) and np.allclose(told.train.std(axis=0), 1, atol=1e-3)


def test_leads_are_read_once_and_found_again_on_disk(tmp_path: Path) -> None:
    first = rivals(tmp_path)
    assert first.read_seconds_per_1000 is None
    states = first.encoded.test.states
    kept, seconds = (tmp_path / "reading.json").read_text(), first.read_seconds_per_1000
    again = rivals(tmp_path)
    assert torch.equal(again.encoded.test.states, states)
    assert (tmp_path / "reading.json").read_text() == kept and again.read_seconds_per_1000 == seconds
    assert first.shared_seconds > 0


def test_networks_begin_as_the_probe_and_share_its_pointwise_head(tmp_path: Path) -> None:
    here = rivals(tmp_path)
    plain, pairs = Variant(LossWeights(pairwise=0.0, semantic=0.0)), Variant(LossWeights())
    pairing = here.material.pairing
    start = here.starts.of(pairs, pairs.pairing(pairing), 0)
    assert here.starts.of(plain, pairing, 0)["pointwise"] is start["pointwise"]
    parts = here.states
    network = Frozen(start, parts.train.text.shape[1] + parts.train.x.shape[1], Recipe(), pairs)
    said = answers(network, parts.test, answer_of("pointwise"))
    assert auc(LEADS.converted[PARTS.test], said) > 0.7


def test_what_differs_in_what_ranks_alone_is_fitted_once(tmp_path: Path) -> None:
    here = rivals(tmp_path)
    found = {name: here.asllr(Variant(rank_by=name), 0).test() for name in ("pointwise", "pairwise", "blend")}
    assert len(here._fitted) == 1
    z = {name: (one - one.mean()) / one.std() for name, one in found.items()}
    assert np.allclose(found["blend"], z["pointwise"] + z["pairwise"], atol=1e-4)
    auto = here.asllr(Variant(), 0)
    values = auto.notes["validation_by_head"]
    assert auto.notes["rank_by"] == max(values, key=lambda name: values[name])


@pytest.mark.parametrize("text", [False, True])
def test_click_and_funnel_networks_rank_with_and_without_text(tmp_path: Path, text: bool) -> None:
    here = rivals(tmp_path)
    for learned in (here.click("deepfm", 0, text=text), here.funnel("esmm", 0, text=text)):
        assert auc(LEADS.converted[PARTS.test], learned.test()) > 0.6
        assert learned.later().shape == (len(PARTS.calibration),)
    if not text:
        assert "encoded" not in vars(here)  # nothing is read for networks over the fields


def test_a_group_known_at_scoring_time_is_one_more_field(tmp_path: Path) -> None:
    known = rivals(tmp_path).click("deepfm", 0, groups=LEADS.converted)
    assert auc(LEADS.converted[PARTS.test], known.test()) > 0.95


@pytest.mark.parametrize("plain", [False, True])
def test_lora_arms_are_whole_training_runs(tmp_path: Path, plain: bool) -> None:
    changes: dict[str, Any] = {"epochs": 1, "baselines": False}
    if plain:
        changes |= {"probe": False, "train_pairwise": False, "heads": "two-layer", "rank_by": "pointwise"}
    learned = rivals(tmp_path).tuned(changes, 0, plain_pairs=plain)
    assert np.isfinite(learned.test()).all() and len(learned.test()) == len(PARTS.test)


def test_leads_without_words_learn_from_all_their_fields(tmp_path: Path) -> None:
    leads = make_leads(300, words=False)
    here = Rivals(leads, PARTS, PARTS.test, tiny_config("encode_limit=50"), tmp_path, 1, nobody)
    assert len(here.read_rows.train) == len(PARTS.train)
    assert auc(leads.converted[PARTS.test], here.asllr(Variant(LossWeights(semantic=0.0)), 0).test()) > 0.6


@pytest.mark.parametrize("pairs", ["auto", "tiers", "funnel"])
def test_the_pairs_that_do_better_out_of_fold_teach_the_ranking_head(tmp_path: Path, pairs: str) -> None:
    material = Material(LEADS, PARTS.train, PARTS.calibration, tiny_config(f"pairs={pairs}"), tmp_path, nobody)
    tiers = [tier.name for tier in material.pairing.funnel.tiers]
    assert (tiers[0] == "reached call") == (pairs == "funnel")
    data = material.probe_data(PARTS.train, Encoded.empty(len(PARTS.train)), "tower")
    probe = fit_probe(data, material.pairing, material.config)
    before = probe.auc["pairwise"]
    chosen, why = choose_pairs(material, data, probe)
    if pairs != "auto":
        assert chosen is probe and why == f"{pairs}: set"
        return
    assert chosen.auc["pairwise"] >= before and chosen.auc["pointwise"] == probe.auc["pointwise"]
    assert why.startswith("funnel") == (material.pairing.funnel.tiers[0].name == "reached call")
    assert f"{before:.3f} with the tiers" in why
