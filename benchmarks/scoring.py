"""Scoring speed: our passes against plain padded loops, on the same language model and the same leads.

    padded to 3,600, one by one   what the published reference code does when it evaluates
    padded to 2,000, 32 at once   the same with the paper's token limit, batched
    random batches of 32          padded to the longest lead of each batch
    sorted, a budget of tokens    sorted by length, so many tokens per batch
    packed, a budget of tokens    so many tokens in one row, without padding
    ours                          core.neural.states.encode: on a CPU each lead alone, on a GPU packed or sorted

All go through our reader, which needs no attention mask and no vocabulary logits but at the read-out: what is
measured is the padding alone, and the reference code itself is slower than its row. On a CPU seconds are processor
time, which a busy machine lengthens less than the clock; the least of `--repeats` rounds counts.

    python -m benchmarks.scoring [--backbone tiny] [--depth 0] [--leads 64] [--budgets 2048] [--bf16] [--json] [--smoke]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from benchmarks.padding import LONGEST, REFERENCE_LONGEST, dialogue_lengths, random_batches
from core.data.prompts import Prompt
from core.engine import Engine
from core.neural.asllr import Encoded, Heads, Reader
from core.neural.attention import LEADS
from core.neural.backbones import load_backbone
from core.neural.batches import collate
from core.neural.plans import Plan, prepare
from core.neural.scorer import make_reader, pick_device
from core.neural.states import encode

PADDED, REFERENCE, RANDOM, OURS = "padded_to_2000", "padded_to_3600", "random_batches_of_32", "ours"
BF16 = "ours_in_bf16"


def random_prompts(lengths: np.ndarray, vocabulary: int, seed: int) -> list[Prompt]:
    """Prompts of these lengths: how long reading takes does not depend on the words."""
    rng = np.random.default_rng(seed)
    return [
        Prompt(rng.integers(2, vocabulary, n), 8, np.full(n, -1), np.zeros((n, 2), dtype=np.int64), (), 0)
        for n in lengths.tolist()
    ]


def padded_loop(
    reader: Reader, prompts: Sequence[Prompt], batches: Sequence[np.ndarray], plan: Plan, width: int = 0
) -> Encoded:
    """Read batch by batch, each padded to `width` tokens or, where that is 0, to its longest lead."""
    parts = []
    for rows in batches:
        batch = collate([prompts[row] for row in rows], plan.device)
        ids = functional.pad(batch.ids, (0, max(width - batch.ids.shape[1], 0)))
        with torch.inference_mode(), plan.autocast():
            parts.append(reader(ids, batch.lengths, batch.body))
    names = Encoded.__dataclass_fields__
    read = Encoded(*(torch.cat([getattr(part, name) for part in parts]).cpu() for name in names))
    return read.rows(torch.from_numpy(np.argsort(np.concatenate(batches))))


def seconds(device: torch.device) -> float:
    """Processor time, or the clock once a GPU has finished."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        return time.perf_counter()
    return time.process_time()


def ranking_scores(read: dict[str, Encoded]) -> dict[str, np.ndarray]:
    """The same random ranking head over each reading, in standard deviations of ours, each (leads,)."""
    ours = read[OURS]
    heads = Heads(ours.states.shape[1], ours.last.shape[1], 0)
    heads.of_states.fit(ours.states)
    torch.manual_seed(0)
    for weight in heads.pairwise.parameters():
        torch.nn.init.normal_(weight)
    with torch.inference_mode():
        score = {name: heads(one, torch.zeros(len(one), 0)).score for name, one in read.items()}
    return {name: (one / score[OURS].std()).numpy() for name, one in score.items()}


def moved(exact: np.ndarray, rounded: np.ndarray) -> dict[str, float]:
    """How far rounding moves scores (n,): the largest step, and the share of pairs that change their order."""
    first, second = np.triu_indices(len(exact), k=1)
    turned = (exact[first] > exact[second]) != (rounded[first] > rounded[second])
    return {"largest_step": float(np.abs(rounded - exact).max()), "pairs_turned": float(turned.mean())}


def measure(
    backbone: str, depth: int, leads: int, budgets: Sequence[int], repeats: int, seed: int, bf16: bool
) -> dict[str, Any]:
    """Leads a second by method, ours over each other one, and how far the scores lie apart."""
    device = pick_device("auto")
    base = load_backbone(backbone, depth=depth or None)
    reader = make_reader(base, "both", (), Engine(precision="fp32" if bf16 else "auto")).eval()
    plan = prepare(reader, device)
    if budgets and plan.layout == "alone":
        base.model.set_attn_implementation(LEADS)  # reads what is not packed as before
    lengths = dialogue_lengths(leads, seed)
    prompts = random_prompts(lengths, base.model.config.vocab_size, seed)
    loop = partial(padded_loop, reader, prompts, plan=plan)
    ours = partial(encode, reader, prompts, device=device)
    blocks = [np.arange(start, min(start + 32, leads)) for start in range(0, leads, 32)]
    methods: dict[str, Callable[[], Encoded]] = {
        OURS: partial(ours, plan=plan),
        RANDOM: partial(loop, random_batches(leads, 32, seed)),
        PADDED: partial(loop, blocks, width=LONGEST),
        REFERENCE: partial(loop, [np.array([row]) for row in range(leads)], width=REFERENCE_LONGEST),
    }
    for budget in budgets:
        methods[f"sorted_{budget}"] = partial(ours, plan=replace(plan, layout="padded"), budget=budget)
        methods[f"packed_{budget}"] = partial(ours, plan=replace(plan, layout="packed"), budget=budget)
    if bf16:
        methods[BF16] = partial(ours, plan=replace(plan, dtype=torch.bfloat16))
    encode(reader, prompts[:1], device=device)  # the first call also sets up memory and threads
    took: dict[str, float] = dict.fromkeys(methods, float("inf"))
    read: dict[str, Encoded] = {}
    for _ in range(repeats):
        for name, method in methods.items():
            start = seconds(device)
            read[name] = method()
            took[name] = min(took[name], seconds(device) - start)
    scores = ranking_scores(read)
    rounded = {"bf16": moved(scores[OURS], scores.pop(BF16))} if bf16 else {}
    return {
        "backbone": backbone,
        "layers": base.identity.layers,
        "device": device.type,
        "layout": plan.layout,
        "leads": leads,
        "mean_tokens": float(lengths.mean()),
        "leads_per_second": {name: leads / spent for name, spent in took.items()},
        "ours_over": {name: spent / took[OURS] for name, spent in took.items() if name != OURS},
        "largest_score_difference": max(float(np.abs(one - scores[OURS]).max()) for one in scores.values()),
        **rounded,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="tiny", help="as for training: tiny, smollm2-135m, a folder, a hub id")
    parser.add_argument("--depth", type=int, default=0, help="layers used; 0 = all")
    parser.add_argument("--leads", type=int, default=64)
    parser.add_argument("--budgets", type=int, nargs="*", default=[], help="also sorted and packed by so many tokens")
    parser.add_argument("--bf16", action="store_true", help="ours in fp32 and in bf16, and how far scores move")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--smoke", action="store_true", help="few leads, one round: only to see that it runs")
    arguments = parser.parse_args()
    leads, repeats = (12, 1) if arguments.smoke else (arguments.leads, arguments.repeats)
    result = measure(
        arguments.backbone, arguments.depth, leads, arguments.budgets, repeats, arguments.seed, arguments.bf16
    )
    if arguments.json:
        print(json.dumps(result))
        return
    title = "{backbone}, {layers} layers, {device}; {leads} leads of {mean_tokens:.0f} tokens on average"
    print(title.format(**result))
    for name, rate in result["leads_per_second"].items():
        ratio = f"   ours is {result['ours_over'][name]:.2f} times as fast" if name != OURS else ""
        print(f"{name.replace('_', ' '):<24}{rate:10.2f} leads a second{ratio}")
    print(f"largest difference of a score: {result['largest_score_difference']:.1e} standard deviations")
    if arguments.bf16:
        print(
            "in bf16 {largest_step:.1e} standard deviations; {pairs_turned:.2%} of pairs turn".format(**result["bf16"])
        )


if __name__ == "__main__":
    main()
