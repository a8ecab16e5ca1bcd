"""LoRA from the probe's heads: the loop over stratified batches, exact in small memory, resumable at any step.

A batch is read in short, nearly unpadded passes. Where the activations of all of them fit in memory, one backward pass
follows; a larger batch is read twice (outputs, then gradients; hpro.output_gradients), which is exact, pairs included.
Everything random is seeded by the step, so a run that was killed and resumed ends with the same weights as one that was
not.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.config import Config
from core.data.pairs import Pairing, Pairs
from core.neural.asllr import AsLLR
from core.neural.batches import collate, token_batches
from core.neural.hpro import HproLoss, output_gradients
from core.neural.lesson import Lesson, batches_of
from core.neural.states import PASS_TOKENS, out_of_memory, runs_bf16, token_budget
from core.progress import Phase, Watch

CHECKPOINT_SECONDS = 60.0
"""Least time between two checkpoints."""


@dataclass(frozen=True)
class Finetuned:
    """Weights of the epoch that validation preferred, its figures, and the history of all epochs."""

    state: dict[str, Tensor]
    best: dict[str, float]
    history: list[dict[str, Any]]


def finetune(
    model: AsLLR,
    lesson: Lesson,
    pairing: Pairing,
    config: Config,
    *,
    validate: Callable[[AsLLR], dict[str, float]],
    work: Path,
    watch: Watch,
) -> Finetuned:
    """Train the adapters and the heads.

    Args:
        model: LoRA injected, heads from the probe or fresh; on the device that trains.
        validate: figures on the later slice; `auc` decides which epoch is kept.
        work: folder for the checkpoint; one that is there already is continued.
    """
    device = next(model.heads.parameters()).device
    accelerator = Accelerator(cpu=device.type == "cpu", mixed_precision="bf16" if runs_bf16(device) else "no")
    trainable: dict[str, Tensor] = {n: value for n, value in model.named_parameters() if value.requires_grad}
    adapters = [value for name, value in trainable.items() if "lora_" in name]
    heads = [value for name, value in trainable.items() if "lora_" not in name]
    optimiser = torch.optim.AdamW(
        [{"params": adapters, "lr": config.lora.learning_rate}, {"params": heads, "lr": config.learning_rate}],
        weight_decay=0.01,
    )
    rates = [group["lr"] for group in optimiser.param_groups]
    reader = model.reader
    assert reader is not None
    model, optimiser = accelerator.prepare(model, optimiser)
    plan = [batches_of(lesson, config, epoch) for epoch in range(config.epochs)]
    total = sum(len(batches) for batches in plan)
    state = _Checkpoint(work / "checkpoint", trainable, optimiser)
    found = state.load()
    step, history, best, sums = found.step, found.history, found.best, found.sums
    layers = config.lora.last_layers or reader.model.config.num_hidden_layers
    budget = found.budget or config.micro_tokens or token_budget(reader, device, learning_layers=layers)
    phase, saved_at, position = Phase("fine-tune", watch), time.monotonic(), 0
    for epoch, batches in enumerate(plan):
        if len(history) > epoch:
            position += len(batches)
            continue
        if history and _stale(history) >= config.patience:
            break
        began, tokens = time.monotonic(), 0
        for rows in batches:
            position += 1
            if position <= step:
                continue
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * _rate(position, total, config)
            figures, budget = _step(
                accelerator, model, optimiser, lesson, rows, pairing, config, position, budget, trainable
            )
            tokens += sum(len(lesson.prompts[row]) for row in rows)
            for name, value in figures.items():
                sums[name] = 0.9 * sums[name] + 0.1 * value if name in sums else value
            speed = {"epoch": epoch + 1, "tokens_per_second": tokens / (time.monotonic() - began)}
            speed |= {"gpu_memory_gb": torch.cuda.max_memory_allocated(device) / 1e9} if device.type == "cuda" else {}
            phase.at(position, total, sums | speed)
            if time.monotonic() - saved_at > CHECKPOINT_SECONDS:
                state.save(Standing(position, history, best, sums, budget))
                saved_at = time.monotonic()
        measured = validate(model)
        history.append(
            {"epoch": epoch + 1, "step": position, **sums, **{f"validation_{k}": v for k, v in measured.items()}}
        )
        if best is None or measured["auc"] > best[0]["auc"]:
            best = measured, {name: value.detach().cpu().clone() for name, value in trainable.items()}
        sums = {}
        state.save(Standing(position, history, best, sums, budget))
        phase.at(position, total, history[-1])
    assert best is not None
    return Finetuned(best[1], best[0], history)


def _rate(step: int, total: int, config: Config) -> float:
    """Share of the full step size at `step`, counted from 1."""
    warm = max(round(config.warmup_share * total), 1)
    if step <= warm:
        return step / warm
    if config.schedule == "decay":
        # DIFF: the authors warm up over 4,000 steps, longer than a whole run here; the decay after it is theirs.
        return 0.999 ** (step - warm)
    return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - warm) / max(total - warm, 1)))


def _stale(history: list[dict[str, Any]]) -> int:
    """Epochs since the best validation AUC."""
    values = [entry["validation_auc"] for entry in history]
    return len(values) - 1 - int(np.argmax(values))


def _step(accelerator, model, optimiser, lesson, rows, pairing, config, step, budget, trainable):
    """One optimiser step, tried again with half the tokens in memory where they do not fit."""
    pairs = lesson.pairs(rows, pairing)
    while True:
        try:
            figures = gradients(
                model,
                lesson,
                rows,
                pairs,
                config,
                seed=(config.seed << 24) + step,
                budget=budget,
                accelerator=accelerator,
            )
            break
        except RuntimeError as error:
            optimiser.zero_grad()
            if not out_of_memory(error) or budget <= 64:
                raise
            budget //= 2
    if config.clip:
        figures["gradient_norm"] = float(accelerator.clip_grad_norm_(list(trainable.values()), config.clip))
    optimiser.step()
    optimiser.zero_grad()
    return figures, budget


def gradients(
    model: AsLLR,
    lesson: Lesson,
    rows: np.ndarray,
    pairs: Pairs,
    config: Config,
    *,
    seed: int,
    budget: int,
    accelerator: Accelerator,
) -> dict[str, float]:
    """Add the batch's gradient to the parameters and return its figures; `budget` bounds the tokens held at once.

    Args:
        rows: leads of the batch; pairs: positions within `rows`.
    """
    loss = HproLoss(config.loss)
    device = accelerator.device
    converted = torch.from_numpy(lesson.converted[rows]).to(device)
    lengths = [len(lesson.prompts[row]) for row in rows]
    micro = token_batches(lengths, min(budget, PASS_TOKENS[device.type]))
    held = sum(len(part) * max(lengths[position] for position in part) for part in micro)
    model.train()

    def answers(number: int, part: np.ndarray) -> dict[str, Tensor]:
        torch.manual_seed(seed * 1009 + number)
        batch = collate([lesson.prompts[rows[position]] for position in part], device)
        with accelerator.autocast():
            return model(batch.ids, batch.lengths, batch.body, lesson.tower[rows[part]].to(device)).as_dict()

    back = torch.argsort(torch.from_numpy(np.concatenate(micro))).to(device)
    in_one_pass = held <= budget or len(micro) == 1
    with torch.set_grad_enabled(in_one_pass):
        collected = [answers(number, part) for number, part in enumerate(micro)]
        outputs = {name: torch.cat([part[name] for part in collected])[back] for name in collected[0]}
        terms = loss(outputs, converted, pairs)
    if in_one_pass:
        accelerator.backward(terms.total)
    else:
        wanted = output_gradients(outputs, converted, pairs, loss)
        for number, part in enumerate(micro):
            index = torch.from_numpy(part).to(device)
            said = answers(number, part)
            accelerator.backward(sum((said[name].float() * wanted[name][index]).sum() for name in said))
    figures = {name: getattr(terms, name).item() for name in ("total", "pointwise", "pairwise", "semantic")}
    for tier, accuracy in zip(pairs.tiers, terms.tier_accuracy.tolist(), strict=True):
        if math.isfinite(accuracy):
            figures[f"pair_accuracy.{tier.name}"] = accuracy
    return figures


@dataclass(frozen=True)
class Standing:
    """Where training stands: steps done, epochs done, the best epoch so far, running means, tokens held at once."""

    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    best: tuple[dict[str, float], dict[str, Tensor]] | None = None
    sums: dict[str, float] = field(default_factory=dict)
    budget: int = 0


class _Checkpoint:
    """Trained weights, optimiser and history of the last saved step, as safetensors and JSON, replaced as a whole."""

    def __init__(self, folder: Path, trainable: dict[str, Tensor], optimiser: Any) -> None:
        self.folder, self.trainable, self.optimiser = folder, trainable, optimiser

    def save(self, at: Standing) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        tensors = {f"now/{name}": value.detach().cpu().contiguous() for name, value in self.trainable.items()}
        for name, value in self.trainable.items():
            for key, moment in self.optimiser.state.get(value, {}).items():
                tensors[f"optimiser/{key}/{name}"] = torch.as_tensor(moment).detach().cpu().contiguous()
        if at.best is not None:
            tensors |= {f"best/{name}": value.contiguous() for name, value in at.best[1].items()}
        best = at.best[0] if at.best else None
        said = {"step": at.step, "history": at.history, "best": best, "sums": at.sums, "budget": at.budget}
        save_file(tensors, self.folder / "step.part", metadata={"said": json.dumps(said)})
        os.replace(self.folder / "step.part", self.folder / "step.safetensors")

    def load(self) -> Standing:
        path = self.folder / "step.safetensors"
        if not path.exists():
            return Standing()
        tensors = load_file(path)
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        said = json.loads(header["__metadata__"]["said"])
        with torch.no_grad():
            for name, value in self.trainable.items():
                value.copy_(tensors[f"now/{name}"])
                moments = {
                    key.split("/")[1]: kept
                    for key, kept in tensors.items()
                    if key.startswith("optimiser/") and key.split("/", 2)[2] == name
                }
                self.optimiser.state[value] = {
                    key: kept.clone() if key == "step" else kept.to(value.device) for key, kept in moments.items()
                }
        kept_best = {name[len("best/") :]: value for name, value in tensors.items() if name.startswith("best/")}
        best = (said["best"], kept_best) if said["best"] else None
        return Standing(said["step"], said["history"], best, said["sums"], said["budget"])


def restore(model: AsLLR, state: dict[str, Tensor]) -> None:
    """Put trained weights (by parameter name) back into the model."""
    own = dict(model.named_parameters())
    with torch.no_grad():
        for name, value in state.items():
            own[name].copy_(value)
