"""Pairs: each lead of a batch read once and all valid pairs formed (ours), against TRL's RewardTrainer.

TRL reads the chosen and the rejected lead of every pair anew. Both train the whole of the same tiny language model with
the pair loss alone, on the same leads, from the same weights, at the same step size, with as many readings a step; TRL
draws its pairs, as many of each tier, from all valid pairs of those leads. What TRL spends on fetching a batch is not
counted, what ours spends on making batch and pairs is.

The ratio of pairs a second is no ratio of training speed: pairs that share a lead say much the same. The other ratio
is: processor time until the loss on held-out leads has come 90% of the way that both of them come.

    pip install -r requirements-bench.txt
    python -m benchmarks.pairs [--leads 64] [--steps 160] [--train-leads 4096] [--seeds 4] [--json] [--smoke]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import geometric_mean
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch import nn
from transformers import AutoModelForSequenceClassification, TrainerCallback
from trl import RewardConfig, RewardTrainer

from core.config import Config, LossWeights
from core.data.contests import fit_bounds
from core.data.pairs import Pairing
from core.data.prompts import Prompt
from core.engine import Engine
from core.errors import NotComputable
from core.funnel import PRESETS
from core.neural.asllr import AsLLR, Heads
from core.neural.backbones import TINY, Backbone, load_backbone
from core.neural.batches import collate
from core.neural.hpro import HproLoss
from core.neural.lesson import Lesson, batches_of
from core.neural.scorer import make_reader
from core.neural.whole_batch import gradients

FUNNEL = PRESETS["automotive"]
PAIRS_ALONE = LossWeights(pointwise=0, pairwise=1, semantic=0)
STEP_SIZE, CLIP = 3e-4, 1.0
NOT_SPEED = "The ratio of pairs a second is not training speed: pairs that share a lead say much the same."

Score = Callable[[Any, torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Curve:
    """One training: processor seconds spent and held-out loss, from step 0 on; pairs and readings in all."""

    spent: list[float]
    loss: list[float]
    pairs: int
    readings: int


def planted(n: int, vocabulary: int, seed: int) -> Lesson:
    """Leads whose words lean with their intent, which also moves stage, outcome and call; 16 to 48 tokens each."""
    lean = np.random.default_rng(0).normal(0, 1, vocabulary - 2)
    rng = np.random.default_rng((1, seed))
    intent = rng.standard_normal(n)
    prompts = []
    for value in intent:
        chance = np.exp(lean * value)
        ids = 2 + rng.choice(len(lean), rng.integers(16, 49), p=chance / chance.sum())
        prompts.append(Prompt(ids, 0, np.full(len(ids), -1), np.zeros((len(ids), 2), dtype=np.int64), (), 0))
    depth = intent + 0.5 * rng.standard_normal(n)
    stage = np.searchsorted(np.quantile(depth, [0.4, 0.7, 0.85, 0.95]), depth)
    call = np.exp(4 + 0.5 * intent + 0.5 * rng.standard_normal(n))
    return Lesson(prompts, torch.zeros(n, 0), (stage == 4).astype(float), stage, call)


class HeldOut:
    """The pair loss of a model on leads that neither training sees."""

    def __init__(self, lesson: Lesson, pairing: Pairing) -> None:
        self.batch = collate(lesson.prompts)
        self.converted = torch.from_numpy(lesson.converted)
        self.pairs = pairing.pairs(lesson.stage, lesson.converted, lesson.call_seconds)

    def __call__(self, model: nn.Module, score: Score) -> float:
        model.eval()
        with torch.inference_mode():
            said = score(model, self.batch.ids, self.batch.lengths)
            terms = HproLoss(PAIRS_ALONE)({"logit": said, "score": said}, self.converted, self.pairs)
        model.train()
        return float(terms.pairwise)


def train_ours(
    base: Backbone, lesson: Lesson, pairing: Pairing, held_out: HeldOut, leads: int, steps: int, every: int, seed: int
) -> Curve:
    """Stratified batches of `leads` leads, all valid pairs of each, through the product's own `gradients`."""
    reader = make_reader(base, "last", (), Engine(precision="fp32"))  # as the other sides
    model = AsLLR(reader, Heads(reader.width, reader.hidden, 0))
    parameters = [value.requires_grad_() for value in model.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=STEP_SIZE, weight_decay=0)
    config = Config(batch_leads=leads, seed=seed, loss=PAIRS_ALONE)

    def score(model: AsLLR, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return model(ids, lengths, torch.zeros_like(lengths), torch.zeros(len(ids), 0)).score

    now, pairs_seen, readings, done, epoch = 0.0, 0, 0, 0, 0
    spent, loss = [0.0], [held_out(model, score)]
    while done < steps:
        for rows in batches_of(lesson, config, epoch)[: steps - done]:
            start = time.process_time()
            pairs = pairing.pairs(lesson.stage[rows], lesson.converted[rows], lesson.call_seconds[rows])
            gradients(model, lesson, rows, pairs, config, step=done, budget=leads * 48)
            nn.utils.clip_grad_norm_(parameters, CLIP)
            optimiser.step()
            optimiser.zero_grad()
            now += time.process_time() - start
            done, pairs_seen, readings = done + 1, pairs_seen + len(pairs), readings + len(rows)
            if done % every == 0:
                spent.append(now)
                loss.append(held_out(model, score))
        epoch += 1
    return Curve(spent, loss, pairs_seen, readings)


class Stopwatch(TrainerCallback):
    """Processor seconds between the beginning and the end of each step, and the held-out loss beside."""

    def __init__(self, held_out: HeldOut, every: int, model: nn.Module) -> None:
        self.held_out, self.every = held_out, every
        self.now, self.began = 0.0, 0.0
        self.spent, self.loss = [0.0], [held_out(model, self.score)]

    @staticmethod
    def score(model: nn.Module, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        inside = torch.arange(ids.shape[1]) < lengths[:, None]
        return model(input_ids=ids, attention_mask=inside.long(), use_cache=False).logits[:, 0]

    def on_step_begin(self, args, state, control, **kwargs):
        self.began = time.process_time()

    def on_step_end(self, args, state, control, model, **kwargs):
        self.now += time.process_time() - self.began
        if state.global_step % self.every == 0:
            self.spent.append(self.now)
            self.loss.append(self.held_out(model, self.score))


def train_trl(
    base: Backbone, lesson: Lesson, pairing: Pairing, held_out: HeldOut, leads: int, steps: int, every: int, seed: int
) -> Curve:
    """RewardTrainer on `leads` / 2 pairs a step, so that a step reads as many leads as ours."""
    config = base.model.config
    config.num_labels = 1
    model = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
    model.model.load_state_dict(base.model.model.state_dict())
    nn.init.zeros_(model.score.weight)  # as our heads begin
    batch = leads // 2
    tiers = len(FUNNEL.effective_tiers())
    pairs = pairing.pairs(
        lesson.stage, lesson.converted, lesson.call_seconds, limit=-(-batch * steps // tiers), seed=seed
    )
    ids = [prompt.ids.tolist() for prompt in lesson.prompts]
    data = Dataset.from_dict(
        {
            "chosen_ids": [ids[row] for row in pairs.chosen],
            "rejected_ids": [ids[row] for row in pairs.rejected],
            "margin": pairs.margin.tolist(),
        }
    )
    watch = Stopwatch(held_out, every, model)
    # TRL prints its closing figures to stdout, where ours stand.
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        arguments = RewardConfig(
            folder,
            per_device_train_batch_size=batch,
            max_steps=steps,
            learning_rate=STEP_SIZE,
            lr_scheduler_type="constant",
            weight_decay=0.0,
            max_grad_norm=CLIP,
            seed=seed,
            max_length=None,
            # Off, for they cost time on a CPU: TRL's defaults are meant for a GPU.
            gradient_checkpointing=False,
            bf16=False,
            use_cpu=True,
            logging_strategy="no",
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        trainer = RewardTrainer(
            model, arguments, train_dataset=data, processing_class=base.tokenizer, callbacks=[watch]
        )
        trainer.train()
    return Curve(watch.spent, watch.loss, batch * steps, 2 * batch * steps)


def until(curve: Curve, loss: float) -> float:
    """Processor seconds at the first measurement of a held-out loss of `loss` or below."""
    return next(spent for spent, value in zip(curve.spent, curve.loss, strict=True) if value <= loss)


def measure(leads: int, steps: int, every: int, seeds: int, train_leads: int) -> dict[str, Any]:
    """Rates summed over the seeds; processor time to the same loss by seed, TRL's over ours."""
    curves: dict[str, list[Curve]] = {"ours": [], "trl": []}
    to_same_loss = []
    for seed in range(seeds):
        bases = [load_backbone(TINY, seed=seed) for _ in curves]
        vocabulary = bases[0].model.config.vocab_size
        lesson = planted(train_leads, vocabulary, 2 * seed)
        pairing = Pairing(FUNNEL, fit_bounds(lesson.stage, lesson.call_seconds, FUNNEL))
        held_out = HeldOut(planted(256, vocabulary, 2 * seed + 1), pairing)
        both = [
            train(base, lesson, pairing, held_out, leads, steps, every, seed)
            for train, base in zip((train_ours, train_trl), bases, strict=True)
        ]
        for kept, curve in zip(curves.values(), both, strict=True):
            kept.append(curve)
        start, floor = both[0].loss[0], max(min(curve.loss) for curve in both)
        if floor >= start:
            raise NotComputable(
                f"time to the same loss needs both trainings to lower the held-out loss, however: of seed {seed} one "
                f"did not in {steps} steps; give more --steps"
            )
        ours, theirs = (until(curve, start - 0.9 * (start - floor)) for curve in both)
        to_same_loss.append(theirs / ours)
    spent = {name: sum(curve.spent[-1] for curve in kept) for name, kept in curves.items()}
    pairs = {name: sum(curve.pairs for curve in kept) / spent[name] for name, kept in curves.items()}
    readings = {name: sum(curve.readings for curve in kept) / spent[name] for name, kept in curves.items()}
    return {
        "leads_per_step": leads,
        "pairs_per_second": pairs,
        "leads_per_second": readings,
        "pairs_ratio": pairs["ours"] / pairs["trl"],
        "leads_ratio": readings["ours"] / readings["trl"],
        "time_to_same_loss_ratio": geometric_mean(to_same_loss),
        "time_to_same_loss_ratio_by_seed": to_same_loss,
        "note": NOT_SPEED,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=64, help="leads that a step reads, on both sides")
    parser.add_argument("--steps", type=int, default=160)
    parser.add_argument("--train-leads", type=int, default=4_096, help="few are soon learned by heart")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--smoke", action="store_true", help="few steps of one seed: only to see that it runs")
    arguments = parser.parse_args()
    if arguments.smoke:
        result = measure(arguments.leads, steps=6, every=2, seeds=1, train_leads=512)
    else:
        result = measure(
            arguments.leads, arguments.steps, every=4, seeds=arguments.seeds, train_leads=arguments.train_leads
        )
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"tiny language model on a CPU, {arguments.leads} leads read per step, seconds of processor time")
    print(f"{'':<20}{'ours':>10}{'TRL':>10}{'ratio':>8}")
    for what in ("pairs", "leads"):
        rate = result[f"{what}_per_second"]
        print(f"{what + ' a second':<20}{rate['ours']:>10.0f}{rate['trl']:>10.0f}{result[what + '_ratio']:>8.2f}")
    by_seed = ", ".join(f"{ratio:.2f}" for ratio in result["time_to_same_loss_ratio_by_seed"])
    print(f"time to the same held-out loss, TRL over ours: {result['time_to_same_loss_ratio']:.2f} (seeds: {by_seed})")
    print(result["note"])


if __name__ == "__main__":
    main()
