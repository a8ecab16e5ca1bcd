"""What the networks of a benchmark share: read once, begun alike, and fitted once where only the ranking differs."""

import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.config import LossWeights
from core.data.leads import Leads
from core.data.splitting import split_by_time
from core.errors import NotComputable
from core.metrics import auc
from core.neural.frozen import Frozen, Variant, answer_of
from core.neural.networks import Recipe, answers
from core.neural.rivals import Rivals
from core.progress import nobody
from tests.made import make_leads, tiny_config

LEADS = make_leads(300)
PARTS = split_by_time(LEADS)


def rivals(work: Path, *settings: str) -> Rivals:
    return Rivals(LEADS, PARTS, PARTS.test, tiny_config(*settings), work, 1, nobody)


def test_leads_are_read_once_and_found_again_on_disk(tmp_path: Path) -> None:
    first = rivals(tmp_path)
    assert first.read_seconds_per_1000 is None
    said = first.encoded
    kept, seconds = (tmp_path / "reading.json").read_text(), first.read_seconds_per_1000
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "states").rglob("*") if path.is_file()}
    assert files
    again = rivals(tmp_path)
    for one, two in zip(vars(again.encoded).values(), vars(said).values(), strict=True):
        assert all(torch.equal(here, there) for here, there in zip(vars(one).values(), vars(two).values(), strict=True))
    assert (tmp_path / "reading.json").read_text() == kept and again.read_seconds_per_1000 == seconds
    assert {path: path.stat().st_mtime_ns for path in files} == files
    # How long it took is kept with the states, so that a call which finds them knows it too.
    (tmp_path / "reading.json").unlink()
    third = rivals(tmp_path)
    assert third.encoded.train.states.shape == said.train.states.shape
    assert seconds is not None and third.read_seconds_per_1000 == pytest.approx(seconds, rel=0.8)


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
    here, began = rivals(tmp_path), time.perf_counter()
    found, seconds = {}, {}
    for name in ("pointwise", "pairwise", "blend"):
        found[name], seconds[name] = here.costs.alone(partial(here.asllr, Variant(rank_by=name), 0))
    # Fitted once, and each of the three costs what it would alone, without the reading.
    first = seconds["pointwise"]
    assert seconds["pairwise"] == pytest.approx(first, rel=0.2) and seconds["blend"] == pytest.approx(first, rel=0.2)
    assert time.perf_counter() - began < sum(seconds.values())
    later = {name: one.later() for name, one in found.items()}
    z = {name: (found[name].test() - one.mean()) / one.std() for name, one in later.items()}
    # A tested lead's blend hangs on the later slice, and on no other tested lead.
    assert np.allclose(found["blend"].test(), z["pointwise"] + z["pairwise"], atol=1e-4)
    auto = here.asllr(Variant(), 0)
    assert auto.notes["tiers"] == ["global_dominance", "key_action", "soft_signal"]
    values = auto.notes["validation_by_head"]
    assert auto.notes["rank_by"] == max(values, key=lambda name: values[name])
    alone = here.asllr(Variant(LossWeights(pairwise=0.0), rank_by="pairwise"), 0)
    assert set(alone.notes["validation_by_head"]) == {alone.notes["rank_by"]} == {"pointwise"}
    assert alone.notes["tiers"] == []


@pytest.mark.parametrize("text", [False, True])
def test_click_and_funnel_networks_rank_with_and_without_text(tmp_path: Path, text: bool) -> None:
    here = rivals(tmp_path)
    for learned in (here.click("deepfm", 0, text=text), here.funnel("esmm", 0, text=text)):
        assert auc(LEADS.converted[PARTS.test], learned.test()) > 0.6
        assert learned.later().shape == (len(PARTS.calibration),)
    if not text:
        assert here.read_seconds_per_1000 is None  # nothing is read for networks over the fields


def test_a_group_known_at_scoring_time_is_one_more_field(tmp_path: Path) -> None:
    unseen = np.where(np.arange(300) == PARTS.test[0], 7.0, LEADS.converted)  # no training lead is in that group
    known = rivals(tmp_path).click("deepfm", 0, groups=unseen)
    assert auc(LEADS.converted[PARTS.test[1:]], known.test()[1:]) > 0.95


def test_without_stages_there_is_no_funnel_to_learn(tmp_path: Path) -> None:
    roles = LEADS.roles.assign(stage=-1)
    none = Rivals(Leads(roles, LEADS.features, LEADS.schema), PARTS, PARTS.test, tiny_config(), tmp_path, 1, nobody)
    for key in ("esmm", "aitm"):
        with pytest.raises(NotComputable, match="the steps before the order"):
            none.funnel(key, 0)
    none.reads = False
    for variant in (Variant(pairs="funnel"), Variant(pair_loss="lambdarank"), Variant(tiers=("key_action",))):
        with pytest.raises(NotComputable, match=r"make no pair to learn from.* 0 of them have a known"):
            none.asllr(variant, 0)


@pytest.mark.parametrize("plain", [False, True])
def test_lora_arms_are_whole_training_runs(tmp_path: Path, plain: bool) -> None:
    changes: dict[str, Any] = {"epochs": 1, "baselines": False}
    if plain:
        changes |= {"probe": False, "train_pairwise": False, "heads": "two-layer", "rank_by": "pointwise"}
    here = rivals(tmp_path)
    here.shelf.spared = 0.0
    assert len(here.encoded.train) == len(PARTS.train)
    learned, seconds = here.costs.alone(lambda: here.tuned(changes, 0, plain_pairs=plain))
    assert np.isfinite(learned.test()).all() and len(learned.test()) == len(PARTS.test)
    assert len(learned.later()) == len(PARTS.calibration) and "LoRA" in learned.notes["kept"]
    tiers = ["conversion"] if plain else ["global_dominance", "key_action", "soft_signal"]
    assert learned.notes["tiers"] == tiers
    # What other arms have read is found, and still part of what tuning alone would take.
    assert (here.shelf.spared > 0) is not plain and seconds > here.shelf.spared


def test_without_words_there_is_nothing_to_tune(tmp_path: Path) -> None:
    here = Rivals(
        make_leads(120, words=False), split_by_time(make_leads(120)), np.arange(5), tiny_config(), tmp_path, 1, nobody
    )
    with pytest.raises(NotComputable, match="nothing to read"):
        here.tuned({"epochs": 1}, 0)
    with pytest.raises(NotComputable, match="neither dialogue nor text"):
        here.embedding(0)


def test_arms_say_themselves_which_pairs_teach_them(tmp_path: Path) -> None:
    pairing = rivals(tmp_path, "pairs=funnel").material.pairing
    assert pairing.funnel == LEADS.schema.funnel
    assert [tier.name for tier in Variant(tiers=("key_action",)).pairing(pairing).funnel.tiers] == ["key_action"]


def test_leads_without_words_learn_from_all_their_fields(tmp_path: Path) -> None:
    leads = make_leads(300, words=False)
    here = Rivals(leads, PARTS, PARTS.test, tiny_config("encode_limit=50"), tmp_path, 1, nobody)
    assert len(here.read_rows.train) == len(PARTS.train)
    assert auc(leads.converted[PARTS.test], here.asllr(Variant(LossWeights(semantic=0.0)), 0).test()) > 0.6
