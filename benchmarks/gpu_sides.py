"""The sides that benchmarks/gpu.py compares on the same weights: the product and a padded loop; TRL's
RewardTrainer is in benchmarks/gpu_trl.py."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn
from transformers import (
    AutoModelForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Qwen2Config,
)

from benchmarks.padding import REFERENCE_LONGEST
from benchmarks.scoring import random_prompts
from core.config import Config, Lora
from core.data.contests import fit_bounds
from core.data.pairs import Pairing
from core.funnel import PRESETS
from core.neural.asllr import AsLLR, Heads, Reader
from core.neural.backbones import DEFAULT, TINY, load_backbone
from core.neural.checkpoints import add_lora
from core.neural.learner import learner_of
from core.neural.lesson import Lesson
from core.neural.plans import arithmetic
from core.neural.states import PASS_TOKENS, encode, token_budget
from core.neural.whole_batch import gradients

LORA = Lora(dropout=0.0)
"""Every linear layer, rank 16: the product's own defaults, without dropout, which the other sides lack."""
MICRO_LEADS, MICRO_BATCHES = 2, 16
"""Of the padded loop: leads of a micro-batch, and micro-batches of a step, as published."""
FEW = 4
"""Leads of the warm-up."""
YES_NO = (2, 3)
"""Any two tokens: what they say takes as long as what Yes and No do."""
FUNNEL = PRESETS["automotive"]
QWEN2 = {
    "qwen2.5-1.5b": {
        "hidden_size": 1536,
        "num_hidden_layers": 28,
        "num_attention_heads": 12,
        "num_key_value_heads": 2,
        "intermediate_size": 8960,
        "vocab_size": 151_936,
    },
    "tiny-qwen2": {
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 128,
        "vocab_size": 512,
    },
}
"""Shapes with random weights. Source of the first: the published config of Qwen2.5-1.5B."""


@dataclass(frozen=True, eq=False)
class Shape:
    """A language model and what its size comes to."""

    model: PreTrainedModel
    dtype: torch.dtype
    """The arithmetic that the product chose."""
    tokenizer: PreTrainedTokenizerBase
    """Of a backbone of the catalogue, also where the weights are random: how long it takes depends on neither."""

    @property
    def layers(self) -> int:
        return int(self.model.config.num_hidden_layers)

    @cached_property
    def linear(self) -> list[nn.Linear]:
        """The decoder's linear layers."""
        return [part for part in self.model.get_decoder().modules() if isinstance(part, nn.Linear)]

    @property
    def weights(self) -> int:
        """Of the decoder's linear layers: N."""
        return sum(part.weight.numel() for part in self.linear)

    @property
    def adapters(self) -> int:
        """Weights of LoRA on all of them: R."""
        return sum(LORA.rank * (part.in_features + part.out_features) for part in self.linear)

    @property
    def attention_width(self) -> int:
        """Query heads times their width."""
        config = self.model.config
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        return int(config.num_attention_heads * width)

    @property
    def linear_names(self) -> list[str]:
        """What those layers are called, each once."""
        named: Any = self.model.get_decoder().named_modules()
        return sorted({name.rsplit(".", 1)[-1] for name, part in named if isinstance(part, nn.Linear)})

    def copy(self) -> PreTrainedModel:
        """The same weights, to be changed."""
        return copy.deepcopy(self.model)


def shape_called(name: str, config: Config, device: torch.device) -> Shape:
    """One of QWEN2 with random weights, or a backbone of the product's catalogue at full depth.

    Raises:
        BackboneError: there is none.
    """
    if name in QWEN2:
        torch.manual_seed(0)
        wanted = Qwen2Config(**QWEN2[name], max_position_embeddings=32_768, tie_word_embeddings=True)
        model = AutoModelForCausalLM.from_config(wanted, dtype=torch.float32)
        tokenizer = load_backbone(TINY if name.startswith("tiny") else DEFAULT, depth=1).tokenizer
    else:
        backbone = load_backbone(name)
        model, tokenizer = backbone.model, backbone.tokenizer
    return Shape(model.eval(), arithmetic(config.engine, device), tokenizer)


class Side(Protocol):
    """One side, ready to be timed."""

    @property
    def size(self) -> str:
        """How much it takes at once."""
        ...

    def timed(self, few: bool = False) -> tuple[np.ndarray, float]:
        """Train on or score the leads once: the lengths of those that counted, and seconds. `few`: to warm up."""
        ...


def moment(device: torch.device) -> float:
    """The clock, once the device has finished."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


class Ours:
    """What the product runs."""

    def __init__(self, shape: Shape, lengths: np.ndarray, training: bool, config: Config, device: torch.device) -> None:
        self.lengths, self.training, self.config, self.device = lengths, training, config, device
        model = shape.copy()
        # Scoring runs through the adapters too: the product does not merge them.
        add_lora(model, replace(config, lora=LORA))
        self.reader = Reader(model, YES_NO, "last", (), config.engine)
        self.prompts = random_prompts(lengths, model.config.vocab_size, 0)
        if training:
            self.model = learner_of(AsLLR(self.reader, Heads(self.reader.width, self.reader.hidden, 0)), device)
            assert self.model.reader is not None
            self.reader = self.model.reader
            self.lesson = _lesson(self.prompts, lengths)
            bounds = fit_bounds(self.lesson.stage, self.lesson.call_seconds, FUNNEL)
            self.pairing = Pairing(FUNNEL, bounds)
            self.optimiser = torch.optim.AdamW([p for p in self.model.parameters() if p.requires_grad], lr=1e-4)

    @property
    def size(self) -> str:
        return f"{self.config.batch_leads} leads a step" if self.training else f"{PASS_TOKENS[self.device.type]} tokens"

    def timed(self, few: bool = False) -> tuple[np.ndarray, float]:
        rows, began = np.arange(FEW if few else len(self.lengths)), moment(self.device)
        self._train(rows) if self.training else encode(
            self.reader, [self.prompts[row] for row in rows], device=self.device
        )
        return self.lengths[rows], moment(self.device) - began

    def _train(self, rows: np.ndarray) -> None:
        layers = int(self.reader.model.config.num_hidden_layers)
        budget = token_budget(self.reader, self.device, learning_layers=layers)
        for step, batch in enumerate(np.array_split(rows, -(-len(rows) // self.config.batch_leads))):
            pairs = self.lesson.pairs(batch, self.pairing)
            gradients(self.model, self.lesson, batch, pairs, self.config, step=step, budget=budget)
            self.optimiser.step()
            self.optimiser.zero_grad()


class Padded:
    """Every lead padded on the left to 3,600 tokens, as the published code does it."""

    def __init__(self, shape: Shape, lengths: np.ndarray, training: bool, config: Config, device: torch.device) -> None:
        self.lengths, self.training, self.device, self.shape = lengths, training, device, shape
        self.model = shape.copy().to(device)
        self.ids = [torch.from_numpy(p.ids) for p in random_prompts(lengths, self.model.config.vocab_size, 0)]
        add_lora(self.model, replace(config, lora=LORA))
        self.model.to(device)
        if training:
            self.optimiser = torch.optim.AdamW([p for p in self.model.parameters() if p.requires_grad], lr=1e-4)

    @property
    def size(self) -> str:
        return f"{MICRO_LEADS} leads, {MICRO_BATCHES} times a step" if self.training else "1 lead"

    def _answers(self, rows: np.ndarray) -> torch.Tensor:
        ids = torch.zeros(len(rows), REFERENCE_LONGEST, dtype=torch.long)
        inside = torch.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, -len(self.ids[row]) :] = self.ids[row]
            inside[place, -len(self.ids[row]) :] = 1
        bf16 = self.shape.dtype == torch.bfloat16
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=bf16):
            logits = self.model(
                input_ids=ids.to(self.device), attention_mask=inside.to(self.device), use_cache=False
            ).logits
        yes, no = (logits[:, -1, token].float() for token in YES_NO)
        return yes - no

    def timed(self, few: bool = False) -> tuple[np.ndarray, float]:
        rows, began = np.arange(1 if few else len(self.lengths)), moment(self.device)
        self._train(rows) if self.training else self._score(rows)
        return self.lengths[rows], moment(self.device) - began

    @torch.inference_mode()
    def _score(self, rows: np.ndarray) -> None:
        for row in rows:
            self._answers(rows[row : row + 1])

    def _train(self, rows: np.ndarray) -> None:
        batches = np.array_split(rows, -(-len(rows) // MICRO_LEADS))
        for number, batch in enumerate(batches, 1):
            wanted = torch.from_numpy(batch % 2).float().to(self.device)
            loss = nn.functional.binary_cross_entropy_with_logits(self._answers(batch), wanted)
            (loss / MICRO_BATCHES).backward()
            if number % MICRO_BATCHES == 0 or number == len(batches):
                self.optimiser.step()
                self.optimiser.zero_grad()


def _lesson(prompts: Any, lengths: np.ndarray) -> Lesson:
    """Outcomes by chance: what is learned takes no longer or shorter for it."""
    rng, n = np.random.default_rng(0), len(lengths)
    stage = rng.integers(0, 5, n)
    return Lesson(prompts, torch.zeros(n, 0), (stage == 4).astype(float), stage, rng.exponential(60, n))
