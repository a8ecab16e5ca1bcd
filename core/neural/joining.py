"""How the other processes of a run come to fine-tune with the first: it lays down what they need, they take it up.

    work/lesson/lesson.safetensors   heads as they begin, encoded fields, outcomes, stages, calls, reviewed pairs
    work/lesson/lesson.json          settings, backbone, pairs, names of the files of tokens; comes last
    work/tokens/*.arrow              the leads as tokens (core.neural.token_store), mapped into memory by each process

So only the first process ever holds the leads themselves. All processes see the run's folder: one machine, or a disk
that the machines share.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.config import config_from_dict, config_to_dict
from core.data.pairs import Pairing, Reviewed
from core.funnel import Tier
from core.neural.asllr import AsLLR, Heads
from core.neural.backbones import BackboneIdentity, reload_backbone
from core.neural.checkpoints import add_lora
from core.neural.lesson import Lesson
from core.neural.plans import arithmetic
from core.neural.scorer import make_reader, pick_device
from core.neural.token_store import TokenStore
from core.neural.tuning import Course, tune
from core.neural.workers import Workers
from core.progress import nobody

ARRAYS = ("converted", "stage", "call_seconds")
REVIEWED = ("chosen", "rejected", "without", "left_out")


def help_out(work: Path, workers: Workers) -> None:
    """All that a process other than the first does: wait, fine-tune its slices of each batch, end.

    Args:
        work: the run's folder for what can be made again.

    Raises:
        RunError: another process has ended.
    """
    if workers.called():
        model, course = take_up(work)
        tune(model, course, pick_device(course.config.device), nobody, workers)


def lay_down(model: AsLLR, course: Course, identity: BackboneIdentity) -> None:
    """Write all that other processes need to build `model` and `course`.

    The arithmetic is this process's, so that all compute alike on whatever machine each stands.
    """
    config = course.config
    bf16 = arithmetic(config.engine, pick_device(config.device)) == torch.bfloat16
    config = replace(config, engine=replace(config.engine, precision="bf16" if bf16 else "fp32"))
    folder = course.work / "lesson"
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"heads/{name}": value.detach().cpu().contiguous() for name, value in model.heads.state_dict().items()}
    said: dict[str, Any] = {
        "config": config_to_dict(config),
        "backbone": asdict(identity),
        "pairing": course.pairing.to_dict(),
        "heads": model.heads.widths,
    }
    for part, lesson in (("train", course.train), ("later", course.later)):
        found, said[part] = _laid(lesson)
        tensors |= {f"{part}/{name}": value for name, value in found.items()}
    save_file(tensors, folder / "lesson.safetensors")
    partial = folder / "lesson.part"
    partial.write_text(json.dumps(said), "utf-8")
    os.replace(partial, folder / "lesson.json")


def take_up(work: Path) -> tuple[AsLLR, Course]:
    """What `lay_down` wrote, on the CPU, LoRA injected."""
    said = json.loads((work / "lesson" / "lesson.json").read_text("utf-8"))
    tensors = load_file(work / "lesson" / "lesson.safetensors")
    config = config_from_dict(said["config"])
    reader = make_reader(
        reload_backbone(BackboneIdentity(**said["backbone"])), config.readout, config.readout_layers, config.engine
    )
    states, last, tower = said["heads"]
    heads = Heads(states, last, tower, config.heads)
    heads.load_state_dict(_under("heads", tensors))
    heads.pairwise.requires_grad_(config.train_pairwise)
    torch.manual_seed(config.seed)
    add_lora(reader.model, config)
    train, later = (_lesson(work, _under(part, tensors), said[part]) for part in ("train", "later"))
    return AsLLR(reader, heads), Course(train, later, Pairing.from_dict(said["pairing"]), config, work)


def _laid(lesson: Lesson) -> tuple[dict[str, Tensor], dict[str, Any]]:
    store = lesson.prompts
    assert isinstance(store, TokenStore)
    tensors = {"tower": lesson.tower.contiguous()} | {
        name: torch.from_numpy(np.ascontiguousarray(getattr(lesson, name))) for name in ARRAYS
    }
    said: dict[str, Any] = {"tokens": [file.name for file in store.files], "leads": len(store)}
    if lesson.reviewed is not None:
        tensors |= {
            f"reviewed.{name}": torch.from_numpy(np.ascontiguousarray(getattr(lesson.reviewed, name)))
            for name in REVIEWED
        }
        said["reviewed"] = asdict(lesson.reviewed.tier)
    return tensors, said


def _lesson(work: Path, tensors: dict[str, Tensor], said: dict[str, Any]) -> Lesson:
    reviewed = None
    if "reviewed" in said:
        laid = said["reviewed"]
        tier = Tier(**{**laid, "chosen": tuple(laid["chosen"]), "rejected": tuple(laid["rejected"])})
        reviewed = Reviewed(**{name: tensors[f"reviewed.{name}"].numpy() for name in REVIEWED}, tier=tier)
    store = TokenStore([work / "tokens" / name for name in said["tokens"]], said["leads"])
    arrays = {name: tensors[name].numpy() for name in ARRAYS}
    return Lesson(store, tensors["tower"], **arrays, reviewed=reviewed)


def _under(part: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name[len(part) + 1 :]: value for name, value in tensors.items() if name.startswith(f"{part}/")}
