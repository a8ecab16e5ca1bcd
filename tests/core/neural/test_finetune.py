"""LoRA: exact in small memory, resumable at any step with the same weights, and learning what it is taught."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.config import Config
from core.data.pairs import Pairing, Reviewed
from core.data.prompts import PromptWriter
from core.funnel import Tier
from core.neural import finetune as module
from core.neural.asllr import AsLLR, Heads, Reader
from core.neural.backbones import load_backbone, yes_no_tokens
from core.neural.batches import tokenize_with
from core.neural.checkpoints import adapter_state, add_lora, load_adapter
from core.neural.finetune import finetune, restore
from core.neural.lesson import Lesson, batches_of
from core.neural.whole_batch import gradients
from core.progress import Event, nobody
from tests.made import make_leads, tiny_config

LEADS = make_leads(96)
PAIRING = Pairing.fit(LEADS)


def model_and_lesson(config: Config) -> tuple[AsLLR, Lesson]:
    torch.manual_seed(config.seed)
    backbone = load_backbone("tiny")
    prompts = PromptWriter(tokenize_with(backbone.tokenizer.backend_tokenizer)).write(LEADS)
    reader = Reader(backbone.model, yes_no_tokens(backbone.tokenizer), config.readout)
    add_lora(reader.model, config)
    torch.manual_seed(config.seed + 1)
    for name, value in reader.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(value, std=0.02)
    tower = torch.from_numpy(LEADS.features[["a"]].to_numpy(dtype=np.float32))
    lesson = Lesson(prompts, tower, LEADS.converted, LEADS.stage, LEADS.call_seconds)
    return AsLLR(reader, Heads(reader.width, reader.hidden, 1)), lesson


def collected(config: Config, budget: int) -> dict[str, torch.Tensor]:
    model, lesson = model_and_lesson(config)
    torch.nn.init.normal_(model.heads.pointwise.get_parameter("weight"), std=0.1)
    torch.nn.init.normal_(model.heads.pairwise.get_parameter("weight"), std=0.1)
    rows = np.arange(24)
    pairs = PAIRING.pairs(LEADS.stage[rows], LEADS.converted[rows], LEADS.call_seconds[rows])
    gradients(model, lesson, rows, pairs, config, step=1, budget=budget)
    return {name: value.grad for name, value in model.named_parameters() if value.grad is not None}


def test_small_memory_gives_the_same_gradient() -> None:
    config = tiny_config("lora.dropout=0")
    whole, split = collected(config, 1_000_000), collected(config, 400)
    assert whole.keys() == split.keys() and any("lora_A" in name for name in whole)
    for name, value in whole.items():
        torch.testing.assert_close(split[name], value, atol=2e-5, rtol=2e-3)


def test_only_adapters_and_heads_learn() -> None:
    model, _ = model_and_lesson(tiny_config())
    learns = {name for name, value in model.named_parameters() if value.requires_grad}
    assert learns and all("lora_" in name or name.startswith("heads.") for name in learns)
    assert {"heads.pairwise.weight", "heads.pointwise.weight"} <= learns


def test_last_layers_alone() -> None:
    model, _ = model_and_lesson(tiny_config("lora.last_layers=1"))
    assert {name.split("layers.")[1][0] for name, _ in model.named_parameters() if "lora_" in name} == {"1"}


def train(
    config: Config, work: Path, *, stop_after: int | None = None, values: tuple[float, ...] = (0.5, 0.6, 0.55, 0.5)
) -> tuple[dict[str, torch.Tensor], list[dict]]:
    """`values`: what validation says of the epochs that this call trains."""
    model, lesson = model_and_lesson(config)
    steps = 0

    def watch(event: Event) -> None:
        nonlocal steps
        steps += event.phase == "fine-tune"
        if stop_after is not None and steps > stop_after:
            raise KeyboardInterrupt

    said = iter(values)
    done = finetune(model, lesson, PAIRING, config, validate=lambda m: {"auc": next(said)}, work=work, watch=watch)
    return done.state, done.history


@pytest.mark.parametrize(("stop_after", "left"), [(1, (0.5, 0.6)), (5, (0.6,))], ids=["first epoch", "second epoch"])
def test_a_killed_run_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_after: int, left: tuple[float, ...]
) -> None:
    monkeypatch.setattr(module, "CHECKPOINT_SECONDS", 0.0)
    rates = "lora.learning_rate=0.01", "learning_rate=0.01"
    config = tiny_config("epochs=2", "batch_leads=32", *rates, "micro_tokens=2000")
    unbroken, history = train(config, tmp_path / "one")
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "two", stop_after=stop_after)
    resumed, again = train(config, tmp_path / "two", values=left)
    assert [entry["step"] for entry in again] == [entry["step"] for entry in history]
    for name, value in unbroken.items():
        assert torch.equal(resumed[name], value), name


def test_the_best_epoch_is_kept_and_patience_ends_training(tmp_path: Path) -> None:
    _, history = train(tiny_config("epochs=4", "patience=1", "batch_leads=96"), tmp_path)
    assert [entry["validation_auc"] for entry in history] == [0.5, 0.6, 0.55]


def test_it_learns_the_training_pairs(tmp_path: Path) -> None:
    config = tiny_config("epochs=6", "patience=6", "batch_leads=48", "lora.learning_rate=0.005", "learning_rate=0.02")
    model, lesson = model_and_lesson(config)
    done = finetune(model, lesson, PAIRING, config, validate=lambda m: {"auc": 0.5}, work=tmp_path, watch=nobody)
    assert done.history[-1]["total"] < 0.75 * done.history[0]["total"]
    assert done.history[-1]["pair_accuracy.global_dominance"] > 0.8


def test_adapters_and_weights_come_back_exactly() -> None:
    config = tiny_config()
    model, _ = model_and_lesson(config)
    assert model.reader is not None
    kept = adapter_state(model.reader.model)
    fresh = load_backbone("tiny").model
    load_adapter(add_lora(fresh, config), kept)
    for name, value in adapter_state(fresh).items():
        assert torch.equal(value, kept[name])
    state = {name: value + 1 for name, value in model.named_parameters() if value.requires_grad}
    restore(model, state)
    assert all(torch.equal(dict(model.named_parameters())[name], value) for name, value in state.items())


def test_plain_batches_cover_every_lead_once() -> None:
    _, lesson = model_and_lesson(tiny_config())
    batches = batches_of(lesson, tiny_config("stratify=false", "batch_leads=10"), epoch=0)
    assert sorted(np.concatenate(batches)) == list(range(96))


def test_leads_of_a_reviewed_pair_meet_in_a_batch() -> None:
    _, lesson = model_and_lesson(tiny_config())
    none = np.empty((0, 2), np.int64), np.zeros(96, dtype=bool)
    chosen, rejected = np.array([3, 5, 3]), np.array([70, 80, 90])
    said = replace(lesson, reviewed=Reviewed(chosen, rejected, *none, Tier("reviewed", 0.5)))
    for settings in ("stratify=false", "stratify=true"):
        config = tiny_config(settings, "batch_leads=10")
        plain, batches = batches_of(lesson, config, 0), batches_of(said, config, 0)
        assert all(np.array_equal(one, two[: len(one)]) for one, two in zip(plain, batches, strict=True))
        assert all(len(set(batch)) == len(batch) for batch in batches)
        made = [said.pairs(batch, PAIRING) for batch in batches]
        met = {
            (batch[c], batch[r])
            for batch, pairs in zip(batches, made, strict=True)
            for c, r, tier in zip(pairs.chosen, pairs.rejected, pairs.tier, strict=True)
            if pairs.tiers[tier].name == "reviewed"
        }
        assert met == {(3, 70), (5, 80), (3, 90)}
