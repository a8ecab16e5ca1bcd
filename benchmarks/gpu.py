"""How near the hardware's own limit the language model trains and scores, against TRL and a padded loop.

    ours     core.neural.states.encode scores, core.neural.whole_batch.gradients and AdamW train: what the product runs
    trl      training alone: TRL's RewardTrainer with the same LoRA, pairs a step doubled from four while they fit into
             a GPU, gradient checkpointing off (its default, on, costs a third)
    padded   as the published code does it: every lead padded on the left to 3,600 tokens, attention mask, logits of
             the whole vocabulary at every position; one lead at a time where it scores, two where it trains, 16 times
             a step

for Qwen2.5-1.5B's shape with random weights and for the embedded language model, at 400 and 2,000 tokens a lead and on
the log-normal mix (benchmarks/padding.py). Tokens are those that leads really have, whatever is computed beside them.

Share of peak: floating-point operations that the leads need, over the seconds they took, over those of the fastest
large square matrix product of this run, in the arithmetic that the product chose. Operations a token:

    scoring    2 N + A
    training   4 N + 3.5 A + 6 R

    N   weights of the decoder's linear layers (Qwen2.5-1.5B: 1.310e9); neither head nor embedding
    A   2 * tokens of the lead * heads * head width * layers: causal attention forward; backward takes 2.5 times that
    R   adapter weights

Hours for six million leads are of scoring by the product: its prompts written and tokenised by one process, then read.

4 N, not 6 N: frozen weights need no gradient. Recomputing, padding and logits that nobody asked for do not count.

    pip install -r requirements-bench.txt (for TRL; without it that side is left out)
    python -m benchmarks.gpu [--shapes qwen2.5-1.5b smollm2-135m] [--tokens 800000] [--rival-leads 256] [--profile]
                             [--set checkpointing=true] [--keep] [--json] [--smoke]

`--keep` writes date, hardware and figures to benchmarks/results/. With `--smoke` a tiny shape runs on a CPU.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from transformers import PreTrainedTokenizerBase

from benchmarks.gpu_sides import Ours, Padded, Shape, Side, moment, shape_called
from benchmarks.gpu_trl import Trl
from benchmarks.padding import LONGEST, dialogue_lengths
from benchmarks.six_million import PAPER
from core.config import Config, with_settings
from core.data.leads import Leads
from core.data.prompts import PromptWriter
from core.data.schema import Roles, Schema
from core.errors import BackboneError
from core.neural.batches import tokenize_with
from core.neural.scorer import pick_device

RESULTS = Path(__file__).parent / "results"
SIDES: dict[str, Callable[..., Side]] = {"ours": Ours, "trl": Trl, "padded": Padded}
LENGTHS = ("400", "2000", "mix")
TOP_KERNELS = 12
TALK = "I would like to know what the car costs and when it could be here , since ours is sold next month ."
"""Said over and over in the prompts whose writing is timed; a word is about a token."""
WRITTEN = 512
"""Leads whose prompts are written."""


def matmul_peak(device: torch.device, dtype: torch.dtype, size: int, repeats: int) -> float:
    """Floating-point operations a second of a square matrix product, the fastest of `repeats`."""
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    took = []
    for _ in range(repeats):
        began = moment(device)
        a @ b
        took.append(moment(device) - began)
    return 2 * size**3 / min(took)


def flops(shape: Shape, lengths: np.ndarray, training: bool) -> float:
    """Operations that leads of these lengths need, as the module's table has it."""
    tokens = float(lengths.sum())
    attention = 2.0 * float((lengths.astype(float) ** 2).sum()) * shape.attention_width * shape.layers
    if training:
        return 4 * shape.weights * tokens + 3.5 * attention + 6 * shape.adapters * tokens
    return 2 * shape.weights * tokens + attention


def lengths_of(kind: str, tokens: int, longest: int, seed: int) -> np.ndarray:
    """Leads of `kind` that together have about so many tokens; none is longer than `longest`."""
    if kind == "mix":
        drawn = np.minimum(dialogue_lengths(max(tokens // 100, 8), seed), longest)
        return drawn[: max(int(np.searchsorted(drawn.cumsum(), tokens)), 4)]
    size = min(int(kind), longest)
    return np.full(max(tokens // size, 4), size)


def cell(
    side: str, shape: Shape, kind: str, training: bool, lengths: np.ndarray, config: Config, device: torch.device
) -> dict[str, Any]:
    """One side's figures on leads of these lengths."""
    work = SIDES[side](shape, lengths, training, config, device)
    work.timed(few=True)
    if device.type == "cuda":
        gc.collect()
        torch.cuda.reset_peak_memory_stats(device)
    read, seconds = work.timed()
    needed = flops(shape, read, training)
    return {
        "side": side,
        "lengths": kind,
        "what": "training" if training else "scoring",
        "leads": len(read),
        "at_once": work.size,
        "tokens_per_second": float(read.sum() / seconds),
        "leads_per_second": float(len(read) / seconds),
        "flops_per_second": needed / seconds,
        "peak_memory_gb": torch.cuda.max_memory_allocated(device) / 1e9 if device.type == "cuda" else None,
    }


def writing_rate(tokenizer: PreTrainedTokenizerBase, lengths: np.ndarray) -> float:
    """Tokens a second at which the product writes and tokenises prompts of about these lengths."""
    n, ids = len(lengths), [f"L{row}" for row in range(len(lengths))]
    said = ["Customer: " + " ".join(np.resize(TALK.split(), length)) for length in lengths.tolist()]
    unknown = {"snapshot_time": pd.NaT, "converted": np.nan, "stage": -1, "call_seconds": np.nan}
    roles = pd.DataFrame({"lead_id": ids, "customer_id": ids, "owner": "", **unknown, "dialogue": said}, range(n))
    leads = Leads(roles, pd.DataFrame(index=range(n)), Schema(Roles("lead_id", dialogue=("dialogue",))))
    writer = PromptWriter(tokenize_with(tokenizer.backend_tokenizer), LONGEST)
    writer.write(leads.take(np.arange(2)))
    began = time.perf_counter()
    prompts = writer.write(leads)
    return sum(len(prompt) for prompt in prompts) / (time.perf_counter() - began)


def profiled(
    shape: Shape, training: bool, lengths: np.ndarray, config: Config, device: torch.device
) -> list[dict[str, Any]]:
    """What took longest in ours: kernels of the GPU, operators of a CPU, by share of their own time."""
    work = SIDES["ours"](shape, lengths, training, config, device)
    work.timed(few=True)
    kinds = [torch.profiler.ProfilerActivity.CPU]
    kinds += [torch.profiler.ProfilerActivity.CUDA] if device.type == "cuda" else []
    with torch.profiler.profile(activities=kinds) as found:
        work.timed()
    own = "self_device_time_total" if device.type == "cuda" else "self_cpu_time_total"
    rows = sorted(found.key_averages(), key=lambda row: getattr(row, own), reverse=True)
    total = sum(getattr(row, own) for row in rows)
    return [{"name": row.key, "share": getattr(row, own) / total, "calls": row.count} for row in rows[:TOP_KERNELS]]


def measure(
    shapes: Sequence[str],
    sides: Sequence[str],
    kinds: Sequence[str],
    tokens: int,
    rival_leads: int,
    longest: int,
    matrix: int,
    config: Config,
    profile: bool,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Every cell of every shape; `say` is told of each as it is done."""
    device = pick_device("auto")
    result: dict[str, Any] = {"when": datetime.now(UTC).isoformat(timespec="minutes"), "hardware": hardware(device)}
    result |= {"engine": asdict(config.engine), "shapes": {}}
    for name in shapes:
        try:
            shape = shape_called(name, config, device)
        except BackboneError as error:
            say(f"{name} is left out: {error}")
            continue
        peak = matmul_peak(device, shape.dtype, matrix, 10)
        rows = []
        for kind in kinds:
            lengths = lengths_of(kind, tokens, longest, 0)
            for training in (False, True):
                for side in sides:
                    if side == "trl" and not training:
                        continue
                    taken = lengths if side == "ours" else lengths[:rival_leads]
                    row = cell(side, shape, kind, training, taken, config, device)
                    row["share_of_peak"] = row["flops_per_second"] / peak
                    if side == "ours" and not training:
                        tokens_of_all = PAPER * row["tokens_per_second"] / row["leads_per_second"]
                        row["written_tokens_per_second"] = writing_rate(shape.tokenizer, lengths[:WRITTEN])
                        both = 1 / row["tokens_per_second"] + 1 / row["written_tokens_per_second"]
                        row["hours_for_six_million"] = tokens_of_all * both / 3600
                    rows.append(row)
                    say(line(row))
        found: dict[str, Any] = {"peak_flops": peak, "dtype": str(shape.dtype), "cells": rows}
        found["ours_over"] = ratios(rows)
        if profile:
            leads = lengths_of("mix", tokens, longest, 0)[:rival_leads]
            found["profile"] = {
                what: profiled(shape, what == "training", leads, config, device) for what in ("scoring", "training")
            }
        result["shapes"][name] = found
    return result


def ratios(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Our real tokens a second over every other side's, by `what lengths side`."""
    rates = {(row["what"], row["lengths"], row["side"]): row["tokens_per_second"] for row in rows}
    return {
        f"{what} {kind} {side}": rates[what, kind, "ours"] / rate
        for (what, kind, side), rate in rates.items()
        if side != "ours" and (what, kind, "ours") in rates
    }


def hardware(device: torch.device) -> dict[str, Any]:
    """What this ran on."""
    gpu = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    return {"gpu": gpu, "processor": platform.machine(), "threads": torch.get_num_threads(), "torch": torch.__version__}


def line(row: dict[str, Any]) -> str:
    """One cell for a person."""
    memory = "" if row["peak_memory_gb"] is None else f"{row['peak_memory_gb']:7.1f} GB"
    hours = f"{row['hours_for_six_million']:10,.1f} h for six million leads" if "hours_for_six_million" in row else ""
    return (
        f"{row['what']:<9}{row['lengths']:>5} {row['side']:<7}{row['tokens_per_second']:12,.0f} tokens/s "
        f"{row['share_of_peak']:6.1%} of peak {memory}  {row['at_once']}{hours}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", nargs="+", default=["qwen2.5-1.5b", "smollm2-135m"])
    parser.add_argument("--sides", nargs="+", choices=list(SIDES), default=list(SIDES))
    parser.add_argument("--lengths", nargs="+", choices=LENGTHS, default=LENGTHS, help="tokens of each lead")
    parser.add_argument("--tokens", type=int, default=800_000, help="tokens that ours reads in each cell")
    parser.add_argument("--rival-leads", type=int, default=256, help="leads that the other sides read in each cell")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="assignments", help="engine")
    parser.add_argument("--profile", action="store_true", help="also the kernels that took longest")
    parser.add_argument("--keep", action="store_true", help="write the figures to benchmarks/results")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--smoke", action="store_true", help="a tiny shape, few tokens: only to see that it runs")
    given = parser.parse_args()
    say: Callable[[str], None] = (lambda text: None) if given.json else (lambda text: print(text, flush=True))
    settings = [f"engine.{assignment}" for assignment in given.assignments]
    config = with_settings(Config(batch_leads=16 if given.smoke else 256), settings)
    tokens, rivals, longest, matrix = given.tokens, given.rival_leads, LONGEST, 8192
    if given.smoke:
        given.shapes, given.lengths = ["tiny-qwen2"], ["mix"]
        tokens, rivals, longest, matrix = 2_000, 4, 300, 512
    sides = [side for side in given.sides if side != "trl" or importlib.util.find_spec("trl")]
    result = measure(given.shapes, sides, given.lengths, tokens, rivals, longest, matrix, config, given.profile, say)
    if given.keep:
        RESULTS.mkdir(exist_ok=True)
        name = (result["hardware"]["gpu"] or result["hardware"]["processor"]).replace(" ", "-")
        path = RESULTS / f"gpu-{result['when'][:10]}-{name}.json"
        path.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
        say(f"kept as {path.name}")
    if given.json:
        print(json.dumps(result))
        return
    for name, found in result["shapes"].items():
        told = ", ".join(f"{key} {ratio:.1f}" for key, ratio in found["ours_over"].items())
        print(f"{name}: peak {found['peak_flops'] / 1e12:,.2f} TFLOP/s in {found['dtype']}; ours over others: {told}")
        for what, rows in found.get("profile", {}).items():
            print(f"{what}: " + ", ".join(f"{row['name']} {row['share']:.0%}" for row in rows))


if __name__ == "__main__":
    main()
