"""Leads through the frozen language model, once each: states on disk by shard, so that a killed run goes on."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from core.data.prompts import Tokens
from core.neural.asllr import Encoded, Reader
from core.neural.plans import Plan, arithmetic, prepare
from core.neural.token_store import lengths_of

SHARD_LEADS = {"cpu": 512, "cuda": 4_096}
"""Leads read, sorted by length, before their states are kept: what a killed run loses at most. Sorting 4,096 at a time
pads 1.04 times for a GPU's passes, 512 at a time 1.23 times (benchmarks/padding.py)."""
Progress = Callable[[int, int], None]
"""Called with (tokens read, tokens in all)."""


PASS_TOKENS = {"cpu": 2_048, "cuda": 32_768}
"""Tokens of one forward pass of several leads. A CPU reads them one by one (core.neural.plans)."""


@dataclass(eq=False)
class Shelf:
    """A folder of states by shard of leads: shards of the same prompts and reader are not read again."""

    folder: Path
    spared: float = 0.0
    """Seconds that reading once took of all that was found here so far."""


def token_budget(reader: Reader, device: torch.device, *, learning_layers: int = 0) -> int:
    """Tokens that fit in memory at once: a share of what is free, divided by what one token keeps alive.

    Args:
        learning_layers: deepest layers whose activations stay for the backward pass; 0 = reading alone. With
            checkpointing each keeps its input, and one of them all.
    """
    config = reader.model.config
    wide = int(getattr(config, "intermediate_size", 4 * config.hidden_size))
    one_layer = 4 * (12 * int(config.hidden_size) + 4 * wide)
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available
    token = one_layer * max(learning_layers, 3)
    if reader.engine.checkpointing and learning_layers:
        token = one_layer * 3 + 4 * int(config.hidden_size) * learning_layers
    if learning_layers and arithmetic(reader.engine, device) == torch.bfloat16:
        # Each pass keeps its own copies of frozen weights that are not in bf16; one holds a quarter of PASS_TOKENS or
        # more.
        layers = 1 if reader.engine.checkpointing else learning_layers
        token += layers * _rounded_weights(reader) * 2 // (PASS_TOKENS[device.type] // 4)
    fits = int(max(0.4 * free / token, 512))
    # Never below one pass for want of free memory: dropout is drawn by pass, so a resumed run must cut the same passes.
    return max(fits, PASS_TOKENS[device.type]) if learning_layers else min(fits, PASS_TOKENS[device.type])


def _rounded_weights(reader: Reader) -> int:
    """Of one layer, those that each pass in bf16 rounds anew: all that are frozen but those of `learner_of`."""
    layers = list(reader.model.get_decoder().layers)
    frozen = [value for value in layers[-1].parameters() if not value.requires_grad] if layers else []
    return sum(value.numel() for value in frozen if value.ndim > 1 and value.dtype != torch.bfloat16)


def encode(
    reader: Reader,
    prompts: Sequence[Tokens],
    *,
    device: torch.device,
    budget: int = 0,
    cache: Shelf | None = None,
    on_progress: Progress | None = None,
    plan: Plan | None = None,
) -> Encoded:
    """Read every prompt with the frozen model.

    Args:
        budget: most tokens in memory at once; 0 = from the machine's memory. Halved when memory runs out. Of no
            account on a CPU, which reads lead by lead.
        cache: where states are kept and looked for; None = nowhere.
        plan: how to read; None = as `reader.engine` asks.

    Returns:
        Encoded on the CPU, one row per prompt, in order.
    """
    if not prompts:
        return Encoded.empty(0)
    lengths = lengths_of(prompts)
    total, done = int(lengths.sum()), 0
    plan, reader = plan or prepare(reader, device), reader.to(device).eval()
    budget = budget or token_budget(reader, device)
    shards = []
    size = SHARD_LEADS[device.type]
    for start in range(0, len(prompts), size):
        part = prompts[start : start + size]
        kept = None if cache is None else cache.folder / f"states-{_fingerprint(reader, plan, part)}.safetensors"
        if cache is not None and kept is not None and kept.exists():
            tensors = load_file(kept)
            cache.spared += _took(kept)
            done += int(lengths[start : start + size].sum())
            if on_progress:
                on_progress(done, total)
        else:
            tensors, began = {}, time.perf_counter()
            for rows, encoded in _read(reader, plan, part, budget):
                for name in Encoded.__dataclass_fields__:
                    values = getattr(encoded, name).cpu()
                    tensors.setdefault(name, torch.empty(len(part), *values.shape[1:]))[torch.from_numpy(rows)] = values
                done += sum(len(part[row]) for row in rows)
                if on_progress:
                    on_progress(done, total)
            if kept is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                took = {"seconds": f"{time.perf_counter() - began:.6f}"}
                save_file(tensors, kept.with_suffix(".part"), metadata=took)
                os.replace(kept.with_suffix(".part"), kept)
        shards.append(tensors)
    return Encoded(*(torch.cat([shard[name] for shard in shards]) for name in Encoded.__dataclass_fields__))


def _took(kept: Path) -> float:
    """Seconds that reading this shard took."""
    with safe_open(kept, "pt") as file:
        return float((file.metadata() or {}).get("seconds", 0))


def _read(reader: Reader, plan: Plan, prompts: Sequence[Tokens], budget: int) -> Iterator[tuple[np.ndarray, Encoded]]:
    """Yield (rows, Encoded) pass by pass; one that does not fit in memory is tried again in halves."""
    waiting = plan.passes([len(prompt) for prompt in prompts], budget)
    while waiting:
        rows = waiting.pop(0)
        batch = plan.collate([prompts[row] for row in rows])
        try:
            with torch.inference_mode(), plan.autocast():
                encoded = reader(batch.ids, batch.lengths, batch.body, batch.begun)
        except RuntimeError as error:
            if not out_of_memory(error) or len(rows) == 1:
                raise
            waiting = [*np.array_split(rows, 2), *waiting]
            continue
        yield rows, encoded


def out_of_memory(error: RuntimeError) -> bool:
    """Whether torch failed for want of memory, on a GPU or a CPU."""
    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error) or "out of memory" in str(error)


def _fingerprint(reader: Reader, plan: Plan, prompts: Sequence[Tokens]) -> str:
    config = reader.model.config
    model = config.name_or_path, config.num_hidden_layers, reader.hidden, reader.readout, reader.layers
    digest = hashlib.sha256(repr((*model, plan.layout, plan.attention, str(plan.dtype))).encode())
    digest.update(reader.model.get_input_embeddings().weight[:8].detach().float().cpu().numpy().tobytes())
    for prompt in prompts:
        digest.update(prompt.ids.tobytes() + bytes([prompt.body]))
    return digest.hexdigest()[:24]
