"""Frozen layers run once: the same weights as without, whatever has room on disk, killed or not."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.config import Config
from core.data.pairs import Pairing
from core.data.prompts import PromptWriter
from core.engine import Engine
from core.neural import prefix
from core.neural.asllr import AsLLR, Heads
from core.neural.backbones import load_backbone
from core.neural.batches import Begun, tokenize_with
from core.neural.checkpoints import add_lora
from core.neural.finetune import Finetuned, finetune
from core.neural.lesson import Lesson
from core.neural.prefix import BegunLeads, Continued, begin, continued
from core.neural.scorer import make_reader
from core.neural.states import encode
from core.progress import Phase, nobody
from tests.made import make_leads, tiny_config

LEADS = make_leads(24)
PAIRING = Pairing.fit(LEADS)
CONFIG = tiny_config("lora.last_layers=1", "epochs=2", "batch_leads=12", "lora.learning_rate=0.01", "micro_tokens=4000")


def made(config: Config = CONFIG) -> tuple[AsLLR, Lesson]:
    backbone = load_backbone("tiny")
    prompts = PromptWriter(tokenize_with(backbone.tokenizer.backend_tokenizer), 200).write(LEADS)
    reader = make_reader(backbone, config.readout, config.readout_layers)
    torch.manual_seed(0)
    add_lora(reader.model, config)
    tower = torch.zeros(24, 0)
    lesson = Lesson(prompts, tower, LEADS.converted, LEADS.stage, LEADS.call_seconds)
    return AsLLR(reader, Heads(reader.width, reader.hidden, 0)), lesson


def above(model: AsLLR, lesson: Lesson, folder: Path, most_bytes: float = 1e9) -> tuple[AsLLR, Lesson]:
    assert model.reader is not None
    upper = continued(model.reader, 1, lesson.prompts[0])
    assert upper is not None
    begun = begin(upper, lesson.prompts, folder, most_bytes=most_bytes, phase=Phase("", nobody))
    return AsLLR(upper, model.heads), replace(lesson, prompts=begun)


def learnt(model: AsLLR, lesson: Lesson, work: Path) -> Finetuned:
    figures = {"auc": 0.5}
    return finetune(model, lesson, PAIRING, CONFIG, validate=lambda m: figures, work=work, watch=nobody)


def kept(prompts: Sequence) -> list[bool]:
    assert isinstance(prompts, BegunLeads)
    return [isinstance(lead, Begun) for lead in prompts]


def test_learning_above_equals_learning_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefix, "SHARD_BYTES", 500_000)
    whole = learnt(*made(), tmp_path / "whole")
    for name, most in (("all", 1e9), ("some", 1_200_000), ("none", 0)):
        model, lesson = above(*made(), tmp_path / name, most)
        assert any(kept(lesson.prompts)) == (name != "none") and all(kept(lesson.prompts)) == (name == "all")
        for weight, value in learnt(model, lesson, tmp_path / name).state.items():
            torch.testing.assert_close(value, whole.state[weight], atol=1e-5, rtol=1e-5)


def test_reading_above_equals_reading_whole(tmp_path: Path) -> None:
    cpu = torch.device("cpu")
    model, lesson = made(tiny_config("lora.last_layers=1", "readout_layers=1,2"))
    upper, begun = above(model, lesson, tmp_path)
    assert model.reader is not None and isinstance(upper.reader, Continued)
    whole = encode(model.reader, lesson.prompts, device=cpu)
    for prompts in (begun.prompts, lesson.prompts):
        read = encode(upper.reader, prompts, device=cpu)
        torch.testing.assert_close(read.states, whole.states, atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(read.other, whole.other, atol=1e-6, rtol=1e-5)


def test_shards_that_are_there_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefix, "SHARD_BYTES", 500_000)
    model, lesson = made()
    _, first = above(model, lesson, tmp_path)
    files = sorted(tmp_path.glob("*.safetensors"))
    before = {file: file.stat().st_mtime_ns for file in files}
    files[1].unlink()
    _, second = above(model, lesson, tmp_path)
    assert len(files) > 2 and sorted(tmp_path.glob("*")) == files
    assert {file for file in files if file.stat().st_mtime_ns != before[file]} == {files[1]}
    for one, two in zip(first.prompts, second.prompts, strict=True):
        assert isinstance(one, Begun) and isinstance(two, Begun) and torch.equal(one.states(), two.states())


def test_what_is_kept_drops_nothing_and_is_known_by_what_made_it(tmp_path: Path) -> None:
    model, lesson = made()
    assert model.reader is not None
    for layer in model.reader.model.get_decoder().layers:
        layer.self_attn.attention_dropout = 0.5
    model.train()
    _, once = above(model, lesson, tmp_path / "one")
    _, again = above(model, lesson, tmp_path / "two")
    assert model.reader.model.training and model.reader.model.get_decoder().layers[0].training
    for one, two in zip(once.prompts, again.prompts, strict=True):
        assert isinstance(one, Begun) and isinstance(two, Begun) and torch.equal(one.states(), two.states())
    with torch.no_grad():
        model.reader.model.get_decoder().layers[0].mlp.up_proj.weight[0, 0] += 1
    above(model, lesson, tmp_path / "two")
    model.reader.engine = Engine(precision="bf16", cache_gb=3)
    above(model, lesson, tmp_path / "two")
    assert len(list((tmp_path / "two").iterdir())) == 3 * len(list((tmp_path / "one").iterdir()))


def test_nothing_lies_below(tmp_path: Path) -> None:
    model, lesson = made()
    assert model.reader is not None
    assert continued(model.reader, 0, lesson.prompts[0]) is None
    assert continued(model.reader, 2, lesson.prompts[0]) is None
    low, _ = made(tiny_config("lora.last_layers=1", "readout_layers=1,2"))
    assert low.reader is not None and continued(low.reader, 1, lesson.prompts[0]) is not None


def test_a_model_that_changes_what_enters_is_not_cut() -> None:
    model, lesson = made()
    assert model.reader is not None
    decoder = model.reader.model.get_decoder()
    plain = type(decoder).forward

    class Scaled(type(decoder)):  # type: ignore[misc]
        """Multiplies what enters its first layer, as Gemma does."""

        def forward(self, input_ids=None, inputs_embeds=None, **more):
            entering = self.embed_tokens(input_ids) if inputs_embeds is None else inputs_embeds
            return plain(self, inputs_embeds=3 * entering, **more)

    decoder.__class__ = Scaled
    assert continued(model.reader, 1, lesson.prompts[0]) is None


def test_the_same_weights_under_the_same_names() -> None:
    model, lesson = made()
    assert model.reader is not None
    upper = continued(model.reader, 1, lesson.prompts[0])
    assert upper is not None
    ours, theirs = dict(upper.named_parameters()), dict(model.reader.named_parameters())
    assert ours.keys() == theirs.keys() and all(value is theirs[name] for name, value in ours.items())
    assert np.sum([value.requires_grad for value in upper.lower.parameters()]) == 0
