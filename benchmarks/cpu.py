"""On a processor: the product's scoring and training against plain transformers and peft code, on the same weights.

Plain code is what a reader of the two libraries' documentation would write, with nothing that they would have to know:

    scoring      AutoModelForCausalLM with a peft adapter, `--batch` leads at a time in the order of the file, padded to
                 the longest of them (tokenizer.pad, attention mask), under no_grad; logits of the whole vocabulary at
                 every position, of which Yes and No at each lead's last token are kept
    with keep    the same by somebody who knows `logits_to_keep`: padding on the left, logits at the last position alone
    training     AutoModelForSequenceClassification (one label, last token), peft LoRA on the last `--last-layers`
                 layers, shuffled batches of as many leads as ours, padded to the longest of each, binary
                 cross-entropy, AdamW

Ours is `core.neural.states.encode`, and `core.neural.tuning.tune`, which runs layers that do not learn once; that is
counted, and so is validation after each epoch, on both sides. Tokenising is counted on neither. Adapters, step sizes,
read-out (last token), first weights and arithmetic (fp32) are the same; ours learns its three losses, theirs the one.
Lengths are those of sales dialogues (benchmarks/padding.py), for training `--shorter` times shorter; which words stand
in a lead to learn from leans with whether it converts.

Seconds are processor time of all threads; sides take turns, the least of `--repeats` rounds counts. Time to equal AUC:
until 90% of the way from 0.5 to the lower of both sides' best AUC on held-out leads, straight lines between epochs.

    python -m benchmarks.cpu [--leads 64] [--batch 32] [--train-leads 256] [--epochs 6] [--json] [--smoke]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerBase

from benchmarks.padding import dialogue_lengths
from benchmarks.scoring import random_prompts
from core.config import Config, Lora
from core.data.contests import fit_bounds
from core.data.pairs import Pairing
from core.data.prompts import Prompt, Tokens
from core.engine import Engine
from core.errors import NotComputable
from core.funnel import PRESETS
from core.neural.asllr import AsLLR, Heads
from core.neural.backbones import Backbone, load_backbone, yes_no_tokens
from core.neural.checkpoints import add_lora
from core.neural.lesson import Lesson
from core.neural.scorer import make_reader
from core.neural.states import encode
from core.neural.tuning import Course, tune
from core.progress import Event

FUNNEL = PRESETS["automotive"]
FP32 = Engine(precision="fp32")
"""On both sides, also where the product would take bf16 unasked."""
CPU = torch.device("cpu")
OURS, PLAIN, KEEP = "ours", "plain", "plain_keep"
WORDS = 400
"""Distinct words of the leads that are learned from, so that a few hundred leads show what each one means."""


def adapted(base: Backbone, lora: Lora, task: str) -> PeftModel:
    """The language model with the same adapters as ours, made by peft's own front door."""
    depth = base.model.config.num_hidden_layers
    layers = list(range(depth - lora.last_layers, depth)) if lora.last_layers else None
    linear = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    wanted = LoraConfig(
        task_type=task,
        r=lora.rank,
        lora_alpha=int(lora.alpha),
        lora_dropout=lora.dropout,
        target_modules=linear,
        layers_to_transform=layers,
    )
    return get_peft_model(base.model, wanted)


def plain_scores(
    model: PeftModel, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Prompt], batch: int, keep: bool
) -> np.ndarray:
    """Yes over No of each lead, shape (n,)."""
    yes, no = yes_no_tokens(tokenizer)
    tokenizer.padding_side = "left" if keep else "right"
    said = []
    for start in range(0, len(prompts), batch):
        ids = [prompt.ids.tolist() for prompt in prompts[start : start + batch]]
        inputs = tokenizer.pad({"input_ids": ids}, padding="longest", return_tensors="pt")
        with torch.no_grad():
            logits = model(**inputs, **({"logits_to_keep": 1} if keep else {})).logits
        last = torch.full((len(ids),), -1) if keep else inputs["attention_mask"].sum(dim=1) - 1
        answer = logits[torch.arange(len(ids)), last]
        said.append(answer[:, yes] - answer[:, no])
    return torch.cat(said).numpy()


def our_scores(base: Backbone, prompts: Sequence[Prompt]) -> np.ndarray:
    """The same through the product's reader."""
    encoded = encode(make_reader(base, "last", (), FP32), prompts, device=CPU)
    return (encoded.yes - encoded.no).numpy()


def scoring(backbone: str, depth: int, leads: int, batch: int, repeats: int, seed: int) -> dict[str, Any]:
    """Leads a second of processor time by side, ours over the others, and how far the answers lie apart."""
    bases = [load_backbone(backbone, depth=depth or None) for _ in range(2)]
    lora = Lora(dropout=0.0)
    add_lora(bases[0].model, Config(lora=lora))
    plain = adapted(bases[1], lora, "CAUSAL_LM").eval()
    lengths = dialogue_lengths(leads, seed)
    prompts = random_prompts(lengths, bases[0].model.config.vocab_size, seed)
    sides: dict[str, Callable[[], np.ndarray]] = {
        OURS: partial(our_scores, bases[0], prompts),
        PLAIN: partial(plain_scores, plain, bases[1].tokenizer, prompts, batch, False),
        KEEP: partial(plain_scores, plain, bases[1].tokenizer, prompts, batch, True),
    }
    our_scores(bases[0], prompts[:1])
    took = dict.fromkeys(sides, float("inf"))
    said: dict[str, np.ndarray] = {}
    for _ in range(repeats):
        for name, side in sides.items():
            start = time.process_time()
            said[name] = side()
            took[name] = min(took[name], time.process_time() - start)
    return {
        "leads": leads,
        "mean_tokens": float(lengths.mean()),
        "batch": batch,
        "layers": bases[0].identity.layers,
        "leads_per_second": {name: leads / spent for name, spent in took.items()},
        "ours_over": {name: took[name] / took[OURS] for name in (PLAIN, KEEP)},
        "largest_difference": max(float(np.abs(said[name] - said[OURS]).max()) for name in (PLAIN, KEEP)),
    }


@dataclass(frozen=True)
class Curve:
    """Processor seconds spent and AUC on held-out leads, at the start and after each epoch."""

    spent: list[float]
    auc: list[float]

    def until(self, wanted: float) -> float:
        """Seconds until the AUC is `wanted`, straight lines between epochs."""
        at = next(place for place, value in enumerate(self.auc) if value >= wanted)
        if at == 0:
            return self.spent[0]
        (t0, t1), (a0, a1) = self.spent[at - 1 : at + 1], self.auc[at - 1 : at + 1]
        return t0 + (t1 - t0) * (wanted - a0) / (a1 - a0)


def planted(leads: int, tokenizer: PreTrainedTokenizerBase, shorter: float, seed: int) -> Lesson:
    """Leads whose words lean with their intent, which also moves stage, outcome and call."""
    rng = np.random.default_rng((2, seed))
    # Without padding and its like, by which transformers finds the last token.
    plain = np.setdiff1d(np.arange(len(tokenizer)), tokenizer.all_special_ids)
    words = np.random.default_rng(0).choice(plain, min(WORDS, len(plain) // 2), replace=False)
    lean = np.random.default_rng(1).normal(0, 0.7, len(words))
    intent = rng.standard_normal(leads)
    lengths = np.maximum(dialogue_lengths(leads, seed) / shorter, 16).astype(int)
    prompts = []
    for value, length in zip(intent, lengths, strict=True):
        chance = np.exp(lean * value)
        ids = words[rng.choice(len(words), length, p=chance / chance.sum())]
        prompts.append(Prompt(ids, 0, np.full(length, -1), np.zeros((length, 2), dtype=np.int64), (), 0))
    depth = intent + 0.3 * rng.standard_normal(leads)
    stage = np.searchsorted([-0.4, 0.1, 0.4, 0.7], depth)
    call = np.exp(4 + 0.5 * intent + 0.5 * rng.standard_normal(leads))
    return Lesson(prompts, torch.zeros(leads, 0), (stage == 4).astype(float), stage, call)


def train_ours(base: Backbone, lesson: Lesson, held_out: Lesson, config: Config) -> Curve:
    """The product's fine-tuning, from fresh heads."""
    torch.manual_seed(config.seed)
    reader = make_reader(base, "last", (), config.engine)
    model = AsLLR(reader, Heads(reader.width, reader.hidden, 0))
    add_lora(base.model, config)
    pairing = Pairing(FUNNEL, fit_bounds(lesson.stage, lesson.call_seconds, FUNNEL))
    curve, began = Curve([0.0], [0.5]), time.process_time()

    def watch(event: Event) -> None:
        if "validation_pointwise_auc" in event.figures:
            curve.spent.append(time.process_time() - began)
            curve.auc.append(event.figures["validation_pointwise_auc"])

    with tempfile.TemporaryDirectory() as work:
        tune(model, Course(lesson, held_out, pairing, config, Path(work)), CPU, watch)
    return curve


def train_plain(base: Backbone, lesson: Lesson, held_out: Lesson, config: Config) -> Curve:
    """A loop over shuffled, padded batches."""
    torch.manual_seed(config.seed)
    tokenizer = base.tokenizer
    tokenizer.padding_side = "right"
    settings = base.model.config
    settings.num_labels, settings.pad_token_id = 1, tokenizer.pad_token_id
    classifier = AutoModelForSequenceClassification.from_config(settings, dtype=torch.float32)
    classifier.model.load_state_dict(base.model.model.state_dict())
    nn.init.zeros_(classifier.score.weight)  # as our heads begin
    model = adapted(Backbone(classifier, tokenizer, base.identity), config.lora, "SEQ_CLS")
    trained = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    optimiser = torch.optim.AdamW(
        [
            {"params": [value for name, value in trained if "lora_" in name], "lr": config.lora.learning_rate},
            {"params": [value for name, value in trained if "lora_" not in name], "lr": config.learning_rate},
        ],
        weight_decay=0.01,
    )
    outcome = torch.from_numpy(lesson.converted).float()
    order, size = np.random.default_rng(config.seed), config.batch_leads
    curve, began = Curve([0.0], [0.5]), time.process_time()

    def logits(prompts: Sequence[Tokens]) -> Tensor:
        inputs = tokenizer.pad({"input_ids": [p.ids.tolist() for p in prompts]}, padding="longest", return_tensors="pt")
        return model(**inputs).logits[:, 0]

    for _ in range(config.epochs):
        model.train()
        for rows in np.array_split(order.permutation(len(lesson.prompts)), -(-len(outcome) // size)):
            said = logits([lesson.prompts[row] for row in rows])
            nn.functional.binary_cross_entropy_with_logits(said, outcome[rows]).backward()
            nn.utils.clip_grad_norm_([value for _, value in trained], config.clip)
            optimiser.step()
            optimiser.zero_grad()
        model.eval()
        with torch.no_grad():
            parts = [logits(held_out.prompts[at : at + size]) for at in range(0, len(held_out.prompts), size)]
        curve.spent.append(time.process_time() - began)
        curve.auc.append(float(roc_auc_score(held_out.converted, torch.cat(parts).numpy())))
    return curve


def training(
    backbone: str, depth: int, leads: int, epochs: int, last_layers: int, shorter: float, rate: float, seed: int
) -> dict[str, Any]:
    """Processor seconds to the same AUC on held-out leads, by side, and the plain code's over ours.

    Raises:
        NotComputable: one side learned nothing.
    """
    bases = {name: load_backbone(backbone, depth=depth or None) for name in (OURS, PLAIN)}
    lesson, held_out = (planted(n, bases[OURS].tokenizer, shorter, 2 * seed + at) for at, n in enumerate((leads, 128)))
    config = Config(
        epochs=epochs,
        patience=epochs,
        batch_leads=32,
        learning_rate=rate,
        lora=Lora(dropout=0.0, last_layers=last_layers, learning_rate=rate),
        seed=seed,
        engine=FP32,
    )
    curves = {
        name: train(bases[name], lesson, held_out, config) for name, train in ((OURS, train_ours), (PLAIN, train_plain))
    }
    lower = min(max(curve.auc) for curve in curves.values())
    if lower <= 0.55:
        raise NotComputable(
            f"time to the same AUC needs both sides to learn, however: the lower of their best AUCs is {lower:.3f}; "
            "give more --train-leads or --epochs"
        )
    wanted = 0.5 + 0.9 * (lower - 0.5)
    took = {name: curve.until(wanted) for name, curve in curves.items()}
    tokens = sum(len(prompt) for prompt in lesson.prompts)
    return {
        "leads": leads,
        "mean_tokens": tokens / leads,
        "layers": bases[OURS].identity.layers,
        "last_layers": last_layers,
        "auc": wanted,
        "seconds_to_auc": took,
        "ours_over_plain": took[PLAIN] / took[OURS],
        "tokens_per_second": {name: epochs * tokens / curve.spent[-1] for name, curve in curves.items()},
        "curves": {name: {"seconds": curve.spent, "auc": curve.auc} for name, curve in curves.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--backbone", default="smollm2-135m", help="as for training: tiny, smollm2-135m, a folder, a hub id"
    )
    parser.add_argument("--depth", type=int, default=12, help="layers used; 0 = all")
    parser.add_argument("--leads", type=int, default=64, help="leads that are scored")
    parser.add_argument("--batch", type=int, default=32, help="leads in a batch of the plain code that scores")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--train-leads", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--last-layers", type=int, default=2, help="layers that get an adapter, from the deepest")
    parser.add_argument("--shorter", type=float, default=4.0, help="times that leads to learn from are shorter")
    parser.add_argument("--rate", type=float, default=3e-3, help="step size of adapters and head, on both sides")
    parser.add_argument("--only", choices=("scoring", "training"), help="one half alone")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--smoke", action="store_true", help="tiny, a few leads, one round: only to see that it runs")
    given = parser.parse_args()
    if given.smoke:
        given.backbone, given.depth, given.leads, given.batch, given.repeats = "tiny", 0, 16, 8, 1
        given.train_leads, given.epochs, given.last_layers, given.rate = 128, 2, 1, 1e-2
    result: dict[str, Any] = {"backbone": given.backbone, "threads": torch.get_num_threads()}
    if given.only != "training":
        result["scoring"] = scoring(given.backbone, given.depth, given.leads, given.batch, given.repeats, given.seed)
    if given.only != "scoring":
        result["training"] = training(
            given.backbone,
            given.depth,
            given.train_leads,
            given.epochs,
            given.last_layers,
            given.shorter,
            given.rate,
            given.seed,
        )
    print(json.dumps(result) if given.json else told(result))


def told(result: dict[str, Any]) -> str:
    """The result as lines for a person."""
    lines = [f"{result['backbone']}, {result['threads']} threads, seconds of processor time"]
    if found := result.get("scoring"):
        title = "scoring {leads} leads of {mean_tokens:.0f} tokens, {layers} layers, plain code in batches of {batch}"
        lines.append(title.format(**found))
        for name, rate in found["leads_per_second"].items():
            more = f"   ours is {found['ours_over'][name]:.2f} times as fast" if name != OURS else ""
            lines.append(f"  {name:<12}{rate:8.2f} leads a second{more}")
        lines.append(f"  largest difference of an answer: {found['largest_difference']:.1e}")
    if found := result.get("training"):
        lines.append(
            "training on {leads} leads of {mean_tokens:.0f} tokens, {last_layers} of {layers} layers learn, to AUC "
            "{auc:.3f}".format(**found)
        )
        for name, spent in found["seconds_to_auc"].items():
            rate, best = found["tokens_per_second"][name], max(found["curves"][name]["auc"])
            lines.append(f"  {name:<12}{spent:8.1f} s   {rate:,.0f} tokens a second   best AUC {best:.3f}")
        lines.append(f"  ours is {found['ours_over_plain']:.2f} times as fast")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
