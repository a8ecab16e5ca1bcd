"""The GPU benchmark runs on a CPU as its README says; what it counts agrees with what is known of the paper's model."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, Qwen2Config

from benchmarks.gpu import flops, lengths_of
from benchmarks.gpu_sides import QWEN2, Shape
from core.neural.backbones import load_backbone
from tests.smoke import run


def test_operations_of_the_papers_model() -> None:
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(Qwen2Config(**QWEN2["qwen2.5-1.5b"], tie_word_embeddings=True))
    shape = Shape(model, torch.bfloat16, load_backbone("tiny").tokenizer)
    assert shape.weights == pytest.approx(1.310e9, rel=1e-3)
    # Tokens a second at 790 TFLOP/s, as worked out by hand in the design notes.
    for tokens, trained, scored in ((400, 144e3, 298e3), (2_000, 133e3, 283e3)):
        leads = np.full(10, tokens)
        for training, rate in ((True, trained), (False, scored)):
            assert 790e12 * 10 * tokens / flops(shape, leads, training) == pytest.approx(rate, rel=0.02)


def test_leads_add_up_to_the_tokens_asked_for() -> None:
    assert lengths_of("400", 4_000, 2_000, 0).tolist() == [400] * 10
    mixed = lengths_of("mix", 50_000, 2_000, 0)
    assert 45_000 < mixed.sum() <= 50_000 and mixed.max() <= 2_000


def test_every_side_is_measured() -> None:
    found = run("gpu", "--profile")["shapes"]["tiny-qwen2"]
    cells = {(cell["what"], cell["side"]): cell for cell in found["cells"]}
    trl = {("training", "trl")} if importlib.util.find_spec("trl") else set()
    assert cells.keys() == {(what, side) for what in ("scoring", "training") for side in ("ours", "padded")} | trl
    for (what, side), cell in cells.items():
        assert cell["share_of_peak"] == pytest.approx(cell["flops_per_second"] / found["peak_flops"])
        assert ("hours_for_six_million" in cell) == ((what, side) == ("scoring", "ours"))
        if side != "ours":
            ratio = cells[what, "ours"]["tokens_per_second"] / cell["tokens_per_second"]
            assert found["ours_over"][f"{what} mix {side}"] == pytest.approx(ratio)
    ours = cells["scoring", "ours"]
    reading = 6.14e6 / ours["leads_per_second"] / 3600
    writing = reading * ours["tokens_per_second"] / ours["written_tokens_per_second"]
    assert ours["hours_for_six_million"] == pytest.approx(reading + writing)
    assert cells["training", "padded"]["at_once"] == "2 leads, 16 times a step"
    # Twelve times the tokens are read: even a busy machine does not make up for that.
    assert found["ours_over"]["scoring mix padded"] > 2
    for rows in found["profile"].values():
        assert 0 < sum(row["share"] for row in rows) <= 1
