"""LoRA within the weights it adapts: the same answers, and apart again where it is asked for itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from peft.tuners.tuners_utils import BaseTunerLayer

from core.engine import Engine
from core.neural.checkpoints import adapter_state, add_lora, save_run
from core.neural.faithfulness import made_anew, shuffling, weights
from core.neural.merging import apart
from core.neural.methods import METHODS
from core.neural.one_pass import first_method
from core.neural.scorer import NeuralScorer
from core.neural.subject import looking_at
from core.neural.trainer import Trained
from tests.made import make_leads

LEADS = make_leads(12, seed=5)


@pytest.fixture
def folder(probed: Trained, tmp_path: Path) -> Path:
    """A run whose adapters are drawn at random."""
    reader = NeuralScorer.load(saved(probed, tmp_path / "probe")).model.reader
    assert reader is not None
    add_lora(reader.model, probed.run.config)
    torch.manual_seed(0)
    for name, value in reader.model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(value, std=0.1)
    run = replace(probed.run, adapter=adapter_state(reader.model))
    return saved(replace(probed, run=run), tmp_path / "run")


def saved(trained: Trained, folder: Path) -> Path:
    save_run(folder, trained.run, trained.scorer.score(LEADS).frame, "# Model card\n")
    return folder


def merged(scorer: NeuralScorer) -> set[bool]:
    return {layer.merged for layer in scorer.model.modules() if isinstance(layer, BaseTunerLayer)}


def test_a_loaded_run_is_merged_in_fp32_and_says_the_same(folder: Path) -> None:
    scorer, bf16 = (NeuralScorer.load(folder, engine=Engine(precision=kind)) for kind in ("fp32", "bf16"))
    assert (merged(scorer), merged(bf16)) == ({True}, {False})
    before, first = scorer.answers(LEADS), weights(scorer)
    with apart(scorer.model):
        assert merged(scorer) == {False}
        np.testing.assert_allclose(scorer.answers(LEADS).score, before.score, rtol=1e-5)
        with shuffling(first[1][1], seed=0):
            assert np.abs(scorer.answers(LEADS).score - before.score).max() > 1e-3
    assert merged(scorer) == {True} and first[1][0] == "adapters"
    np.testing.assert_array_equal(scorer.answers(LEADS).score, before.score)


def test_reasons_of_a_merged_run_are_checked_against_shuffled_adapters(folder: Path) -> None:
    scorer = NeuralScorer.load(folder, engine=Engine(precision="fp32"))
    before, ids = scorer.answers(LEADS).score, LEADS.lead_id.tolist()[:2]
    trained = []
    for lead_id in ids:
        with looking_at(scorer, LEADS, lead_id) as subject:
            trained.append(METHODS[first_method(scorer.model)].values(subject))
    alike = made_anew(scorer, LEADS, ids, trained, "pairwise", 0)
    assert set(alike) == {"heads", "adapters", "deepest layer"} and alike["adapters"] != alike["heads"]
    np.testing.assert_array_equal(scorer.answers(LEADS).score, before)
