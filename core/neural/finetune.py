"""LoRA from the probe's heads: the loop over stratified batches, exact in small memory, resumable at any step.

Several processes may share each batch (`workers`): all hold the same weights, take the same steps and decide alike; the
first of them tells and keeps. Everything random is seeded by the step, so a run that was killed and resumed ends with
the same weights as one that was not: to the last bit on one process with the same `engine`, to rounding with more or
fewer. Dropout, but nothing else, is drawn anew where passes become shorter: for more processes than
`whole_batch.SHARES`, or more than a small batch has shares, and from the step on at which memory ran out.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.config import Config
from core.data.pairs import Pairing
from core.neural.asllr import AsLLR
from core.neural.lesson import Lesson, batches_of
from core.neural.standing import Checkpoint, Standing
from core.neural.states import out_of_memory, token_budget
from core.neural.whole_batch import gradients
from core.neural.workers import ALONE, Workers
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
    workers: Workers = ALONE,
) -> Finetuned:
    """Train the adapters and the heads.

    Args:
        model: LoRA injected, heads from the probe or fresh; on the device that trains.
        validate: figures on the later slice, the same on every process; `auc` decides which epoch is kept.
        work: folder for the checkpoint; one that is there already is continued.
        workers: have joined.

    Raises:
        RunError: another of the processes has ended; the last checkpoint is kept.
    """
    device = next(model.heads.parameters()).device
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
    with torch.no_grad():
        for value in trainable.values():
            workers.as_first(value)
    plan = [batches_of(lesson, config, epoch) for epoch in range(config.epochs)]
    total = sum(len(batches) for batches in plan)
    checkpoint = Checkpoint(work / "checkpoint", trainable, optimiser)
    found = checkpoint.load()
    step, history, best, sums = found.step, found.history, found.best, found.sums
    layers = config.lora.last_layers or reader.model.config.num_hidden_layers
    fits = found.budget or config.micro_tokens or token_budget(reader, device, learning_layers=layers)
    budget = int(workers.as_first(torch.tensor(fits)))
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
                group["lr"] = rate * step_share(position, total, config)
            figures, budget = _step(
                model, optimiser, lesson, rows, pairing, config, position, budget, trainable, workers
            )
            tokens += sum(len(lesson.prompts[row]) for row in rows)
            for name, figure in figures.items():
                sums[name] = 0.9 * sums[name] + 0.1 * figure if name in sums else figure
            speed = {"epoch": epoch + 1, "tokens_per_second": tokens / (time.monotonic() - began)}
            speed |= {"gpu_memory_gb": torch.cuda.max_memory_allocated(device) / 1e9} if device.type == "cuda" else {}
            phase.at(position, total, sums | speed)
            if workers.first and time.monotonic() - saved_at > CHECKPOINT_SECONDS:
                checkpoint.save(Standing(position, history, best, sums, budget))
                saved_at = time.monotonic()
        measured = validate(model)
        history.append(
            {"epoch": epoch + 1, "step": position, **sums, **{f"validation_{k}": v for k, v in measured.items()}}
        )
        if best is None or measured["auc"] > best[0]["auc"]:
            best = measured, {name: value.detach().cpu().clone() for name, value in trainable.items()}
        sums = {}
        if workers.first:
            checkpoint.save(Standing(position, history, best, sums, budget))
        phase.at(position, total, history[-1])
    assert best is not None
    return Finetuned(best[1], best[0], history)


def step_share(step: int, total: int, config: Config) -> float:
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


def _step(
    model: AsLLR,
    optimiser: torch.optim.Optimizer,
    lesson: Lesson,
    rows: np.ndarray,
    pairing: Pairing,
    config: Config,
    step: int,
    budget: int,
    trainable: Mapping[str, Tensor],
    workers: Workers,
) -> tuple[dict[str, float], int]:
    """One optimiser step, tried again with half the tokens in memory where they do not fit."""
    pairs = lesson.pairs(rows, pairing)
    while True:
        try:
            figures = gradients(model, lesson, rows, pairs, config, step=step, budget=budget, workers=workers)
            break
        except RuntimeError as error:
            optimiser.zero_grad()
            if not out_of_memory(error) or budget <= 64:
                raise
            budget //= 2
    if config.clip:
        figures["gradient_norm"] = float(torch.nn.utils.clip_grad_norm_(trainable.values(), config.clip))
    optimiser.step()
    optimiser.zero_grad()
    return figures, budget


def restore(model: AsLLR, state: dict[str, Tensor]) -> None:
    """Put trained weights (by parameter name) back into the model."""
    own = dict(model.named_parameters())
    with torch.no_grad():
        for name, value in state.items():
            own[name].copy_(value)
