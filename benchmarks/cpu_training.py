"""On a processor: the product's fine-tuning against transformers' Trainer with peft, until both know equally much.

Plain code is what the two libraries' documentation shows: AutoModelForSequenceClassification (last token), peft LoRA on
the last `--last-layers` layers, Trainer with its default 8 leads a batch, padded to the longest of each batch
(DataCollatorWithPadding), the whole model forward in each epoch and each evaluation.

Ours is `core.neural.tuning.tune` as the product calls it, with the conversion loss alone and the read-out at the last
token: layers that do not learn run once, which is counted, and leads are padded to those of about their length.

So that the same is learned, and only what it costs differs, both sides get the same first weights, order of leads,
step sizes, loss (of one label) and clipping, in fp32: their AUCs on held-out leads, which are scored after each epoch,
agree but for rounding. Tokenising and loading the model are not counted.

Leads are talks with one planted sentence (benchmarks/talks.py), `--shorter` times shorter than those of
benchmarks/padding.py.

Seconds are processor time of all threads, by epoch of each side; what lies between epochs is read off straight lines.

    python -m benchmarks.cpu_training [--leads 160] [--epochs 3] [--seeds 0 1] [--keep] [--json] [--smoke]
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import nn
from transformers import (
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    EvalPrediction,
    PrinterCallback,
    TrainingArguments,
)

from benchmarks.cpu import CPU, FP32, OURS, PLAIN, adapted
from benchmarks.in_order import InOrder, told
from benchmarks.talks import FUNNEL, talks
from core.config import Config, Lora, LossWeights
from core.data.contests import fit_bounds
from core.data.pairs import Pairing
from core.neural.asllr import AsLLR, Heads
from core.neural.backbones import Backbone, load_backbone
from core.neural.checkpoints import add_lora
from core.neural.finetune import step_share
from core.neural.lesson import Lesson, batches_of
from core.neural.scorer import make_reader
from core.neural.tuning import Course, tune
from core.progress import Event

RESULTS = Path(__file__).parent / "results"
BATCH = 8
"""Leads of an optimiser step, Trainer's default, on both sides."""


@dataclass(frozen=True)
class Curve:
    """Processor seconds spent and AUC on held-out leads, at the start and after each epoch."""

    seconds: list[float]
    auc: list[float]

    def until(self, wanted: float) -> float | None:
        """Seconds until the AUC is `wanted`, straight lines between epochs; None where it never is.

        Example:
            >>> Curve([0.0, 10.0, 20.0], [0.5, 0.6, 0.8]).until(0.7)
            15.0
        """
        at = next((place for place, value in enumerate(self.auc) if value >= wanted), None)
        if not at:
            return None if at is None else self.seconds[0]
        (t0, t1), (a0, a1) = self.seconds[at - 1 : at + 1], self.auc[at - 1 : at + 1]
        return t0 + (t1 - t0) * (wanted - a0) / (a1 - a0)


def train_ours(base: Backbone, lesson: Lesson, held_out: Lesson, config: Config) -> Curve:
    """The product's fine-tuning."""
    torch.manual_seed(config.seed)
    reader = make_reader(base, "last", (), config.engine)
    model = AsLLR(reader, Heads(reader.width, reader.hidden, 0))
    model.heads.pointwise.bias.requires_grad_(False)  # the other side's head has none
    torch.manual_seed(config.seed)
    add_lora(base.model, config)
    pairing = Pairing(FUNNEL, fit_bounds(lesson.stage, lesson.call_seconds, FUNNEL))
    curve, began = Curve([0.0], [0.5]), time.process_time()

    def watch(event: Event) -> None:
        if "validation_pointwise_auc" in event.figures:
            curve.seconds.append(time.process_time() - began)
            curve.auc.append(event.figures["validation_pointwise_auc"])

    with tempfile.TemporaryDirectory() as work:
        tune(model, Course(lesson, held_out, pairing, config, Path(work)), CPU, watch)
    return curve


def train_plain(base: Backbone, lesson: Lesson, held_out: Lesson, config: Config) -> Curve:
    """Trainer over padded batches."""
    tokenizer = base.tokenizer
    tokenizer.padding_side = "right"
    settings = base.model.config
    settings.num_labels, settings.pad_token_id = 1, tokenizer.pad_token_id
    settings.problem_type = "multi_label_classification"  # cross-entropy of each label by itself: of this one
    classifier = AutoModelForSequenceClassification.from_config(settings, dtype=torch.float32)
    classifier.model.load_state_dict(base.model.model.state_dict())
    nn.init.zeros_(classifier.score.weight)  # as our heads begin
    torch.manual_seed(config.seed)
    model = adapted(Backbone(classifier, tokenizer, base.identity), config.lora, "SEQ_CLS")
    head = [value for name, value in model.named_parameters() if value.requires_grad and "lora_" not in name]
    adapters = [value for name, value in model.named_parameters() if "lora_" in name]
    rates = [{"params": adapters, "lr": config.lora.learning_rate}, {"params": head, "lr": config.learning_rate}]
    optimiser = torch.optim.AdamW(rates, weight_decay=0.01)
    order = [batches_of(lesson, config, epoch) for epoch in range(config.epochs)]
    steps = sum(map(len, order))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: step_share(step + 1, steps, config))
    curve, began = Curve([0.0], [0.5]), time.process_time()

    def measured(said: EvalPrediction) -> dict[str, float]:
        curve.auc.append(float(roc_auc_score(np.ravel(said.label_ids), np.ravel(said.predictions))))
        curve.seconds.append(time.process_time() - began)
        return {"auc": curve.auc[-1]}

    with tempfile.TemporaryDirectory() as work:
        trainer = InOrder(
            order,
            model=model,
            args=TrainingArguments(
                output_dir=work,
                num_train_epochs=config.epochs,
                eval_strategy="epoch",
                save_strategy="no",
                logging_strategy="no",
                report_to="none",
                label_names=["labels"],
                seed=config.seed,
                use_cpu=True,
                dataloader_pin_memory=False,
                disable_tqdm=True,
            ),
            train_dataset=told(lesson),
            eval_dataset=told(held_out),
            data_collator=DataCollatorWithPadding(tokenizer),
            compute_metrics=measured,
            optimizers=(optimiser, schedule),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return curve


def until(curves: Mapping[str, Curve], wanted: float) -> dict[str, float | None]:
    """Seconds of each side until the AUC is `wanted`, and how many times as fast ours is; None: not reached."""
    took = {name: curve.until(wanted) for name, curve in curves.items()}
    ours, plain = took[OURS], took[PLAIN]
    return {**took, "ours_over_plain": plain / ours if plain and ours else None}


def measure(
    backbone: str,
    depth: int,
    leads: int,
    held_out: int,
    epochs: int,
    last_layers: int,
    shorter: float,
    rate: float,
    head_rate: float,
    targets: Sequence[float],
    seeds: Sequence[int],
) -> dict[str, Any]:
    """Curves of each side by seed, and how soon each reaches the `targets`."""
    rows = []
    for seed in seeds:
        bases = {name: load_backbone(backbone, depth=depth or None) for name in (OURS, PLAIN)}
        parts = [talks(n, bases[OURS].tokenizer, shorter, 2 * seed + at) for at, n in enumerate((leads, held_out))]
        config = Config(
            epochs=epochs,
            patience=epochs,
            batch_leads=BATCH,
            learning_rate=head_rate,
            loss=LossWeights(pointwise=1.0, pairwise=0.0, semantic=0.0),
            lora=Lora(dropout=0.0, last_layers=last_layers, learning_rate=rate),
            stratify=False,
            seed=seed,
            engine=FP32,
        )
        sides = {OURS: train_ours, PLAIN: train_plain}
        curves = {name: train(bases[name], parts[0], parts[1], config) for name, train in sides.items()}
        rows.append(
            {
                "seed": seed,
                "mean_tokens": float(np.mean([len(prompt) for prompt in parts[0].prompts])),
                "curves": {name: asdict(curve) for name, curve in curves.items()},
                "until": {str(wanted): until(curves, wanted) for wanted in targets},
                "ours_over_plain": [
                    plain / ours
                    for ours, plain in zip(curves[OURS].seconds[1:], curves[PLAIN].seconds[1:], strict=True)
                ],
            }
        )
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": {
            "processor": platform.machine(),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        },
        "backbone": backbone,
        "layers": bases[OURS].identity.layers,
        "last_layers": last_layers,
        "leads": leads,
        "held_out": held_out,
        "epochs": epochs,
        "batch": BATCH,
        "rate": rate,
        "head_rate": head_rate,
        "runs": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--backbone", default="smollm2-135m", help="as for training: tiny, smollm2-135m, a folder, a hub id"
    )
    parser.add_argument("--depth", type=int, default=12, help="layers used; 0 = all")
    parser.add_argument("--leads", type=int, default=160, help="leads that are learned from")
    parser.add_argument("--held-out", type=int, default=120, help="leads that are scored after each epoch")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--last-layers", type=int, default=2, help="layers that get an adapter, from the deepest")
    parser.add_argument("--shorter", type=float, default=4.0, help="times that the leads are shorter")
    parser.add_argument("--rate", type=float, default=2e-4, help="largest step size of the adapters")
    parser.add_argument("--head-rate", type=float, default=1e-2, help="largest step size of the head")
    parser.add_argument("--targets", type=float, nargs="+", default=[0.75, 0.8], help="AUCs to reach")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--keep", action="store_true", help="write figures and curves to benchmarks/results")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--smoke", action="store_true", help="tiny, a few leads: only to see that it runs")
    given = parser.parse_args()
    if given.smoke:
        given.backbone, given.depth, given.leads, given.held_out, given.epochs = "tiny", 0, 64, 32, 2
        given.last_layers, given.shorter, given.rate, given.targets, given.seeds = 1, 8.0, 1e-2, [0.6], [0]
    asked = {name: value for name, value in vars(given).items() if name not in ("keep", "json", "smoke")}
    result = measure(**asked)
    if given.keep:
        RESULTS.mkdir(exist_ok=True)
        seeds = "-".join(map(str, given.seeds))
        path = RESULTS / f"cpu-training-{result['when'][:10]}-{platform.machine()}-seed-{seeds}.json"
        path.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps(result) if given.json else "\n".join(lines(result)))


def lines(result: dict[str, Any]) -> list[str]:
    """The result for a person."""
    title = "{backbone}, {last_layers} of {layers} layers learn from {leads} leads, {batch} a step, {epochs} epochs"
    found = [title.format(**result)]
    for run in result["runs"]:
        found.append(f"seed {run['seed']}, {run['mean_tokens']:.0f} tokens a lead on average")
        for name, curve in run["curves"].items():
            points = zip(curve["seconds"], curve["auc"], strict=True)
            found.append(f"  {name:<6}" + ", ".join(f"{auc:.3f} after {spent:.0f} s" for spent, auc in points))
        for wanted, took in run["until"].items():
            ratio = took["ours_over_plain"]
            reached = "not reached by both" if ratio is None else f"ours is {ratio:.2f} times as fast"
            found.append(f"  until an AUC of {wanted}: {reached}")
        found.append("  times as fast, by epochs: " + ", ".join(f"{ratio:.2f}" for ratio in run["ours_over_plain"]))
    return found


if __name__ == "__main__":
    main()
