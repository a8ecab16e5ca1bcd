"""Fine-tuning as each process of a run does it: frozen layers once, then the loop, validation shared by all.

What must be the same for all processes is a `Course`; what comes out is the same on all of them.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core import metrics
from core.config import Config
from core.data.pairs import Pairing
from core.data.prompts import Tokens
from core.neural.asllr import AsLLR, Encoded, Reader
from core.neural.choices import z_score
from core.neural.finetune import finetune, restore
from core.neural.learner import learner_of, read_in_step
from core.neural.lesson import Lesson
from core.neural.prefix import begin, continued
from core.neural.scorer import Answers, heads_answers
from core.neural.states import encode
from core.neural.token_store import Picked
from core.neural.workers import ALONE, Workers
from core.progress import Event, Phase, Watch

FROZEN = "frozen"
"""Folder of what the frozen layers say. It stays with the run's work: one killed while it is tested goes on from it."""


@dataclass(frozen=True, eq=False)
class Course:
    """What LoRA learns from, what it is validated on, and how; `work`: the run's folder for what can be made again."""

    train: Lesson
    later: Lesson
    pairing: Pairing
    config: Config
    work: Path


def tune(
    model: AsLLR, course: Course, device: torch.device, watch: Watch, workers: Workers = ALONE
) -> tuple[Answers, list[dict[str, Any]]]:
    """Fine-tune in place; answers on the later slice and the history of the epochs.

    Args:
        model: LoRA injected. All processes give the same one; the first has it whole again at the end.

    Raises:
        RunError: another process has ended.
    """
    workers.join(device)
    try:
        return _tune(model, course, device, watch, workers)
    finally:
        workers.leave()
        if workers.shards:
            # torch ties shared-out layers into circles, which would hold their memory for a while.
            gc.collect()


def _tune(
    model: AsLLR, course: Course, device: torch.device, watch: Watch, workers: Workers
) -> tuple[Answers, list[dict[str, Any]]]:
    learner, train, later = _begun(learner_of(model, device, workers), course, course.work / FROZEN, watch, workers)

    def answers() -> Answers:
        found = torch.zeros(3, len(later.prompts), dtype=torch.float64)
        assert learner.reader is not None
        for rows, encoded in _read(learner.reader, later.prompts, device, watch, workers):
            said = heads_answers(learner.heads, encoded, later.tower[rows].numpy())
            found[:, rows] = torch.from_numpy(np.stack([said.logit, said.score, said.semantic]))
        learner.to(device)
        return Answers(*workers.sum(found).numpy())

    tuned = finetune(
        learner,
        train,
        course.pairing,
        course.config,
        validate=lambda _: figures(answers(), later.converted),
        work=course.work,
        watch=watch,
        workers=workers,
    )
    for each in (learner, model):
        restore(each, tuned.state)
        each.eval()
    return answers(), tuned.history


def _read(
    reader: Reader, leads: Sequence[Tokens], device: torch.device, watch: Watch, workers: Workers
) -> Iterator[tuple[np.ndarray, Encoded]]:
    """Yield (rows, what the language model says of them) for this process's share of the leads."""
    if workers.shards:
        yield from read_in_step(reader, leads, device, workers)
    elif len(own := np.arange(len(leads))[workers.slice(len(leads))]):
        phase = Phase("validate", watch)
        yield own, encode(reader, Picked(leads, own), device=device, on_progress=phase.at)


def figures(answers: Answers, converted: np.ndarray) -> dict[str, float]:
    """What validation says of an epoch; `auc`, the best of the heads and their blend, decides."""
    blend = z_score(answers.logit) + z_score(answers.score)
    said = {"pointwise": answers.logit, "pairwise": answers.score, "blend": blend}
    values = {f"{name}_auc": metrics.auc(converted, score) for name, score in said.items()}
    return {
        "auc": max(values.values()),
        **values,
        "semantic_auc": metrics.auc(converted, answers.semantic),
        "average_precision": metrics.average_precision(converted, blend),
    }


def _begun(model: AsLLR, course: Course, folder: Path, watch: Watch, workers: Workers) -> tuple[AsLLR, Lesson, Lesson]:
    """The model and both lessons so that each epoch begins above the layers that do not learn."""
    config, reader, train, later = course.config, model.reader, course.train, course.later
    most = config.engine.cache_gb * 1e9
    if reader is None or not config.lora.last_layers or not most:
        return model, train, later
    if workers.shards:
        watch(Event("with FSDP what frozen layers say is not kept: each epoch reads the whole language model"))
        return model, train, later
    upper = continued(reader, config.lora.last_layers, train.prompts[0])
    if upper is None:
        watch(Event("no layer lies below what learns and is read off: each epoch reads the whole language model"))
        return model, train, later
    phase = Phase("run frozen layers once", watch)
    of_train = begin(upper, train.prompts, folder, most_bytes=most, phase=phase, workers=workers)
    left = most - of_train.bytes
    of_later = begin(upper, later.prompts, folder, most_bytes=left, phase=phase, workers=workers)
    return AsLLR(upper, model.heads), replace(train, prompts=of_train), replace(later, prompts=of_later)
