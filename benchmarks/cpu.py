"""On a processor: the product's scoring against plain transformers and peft code, on the same weights.

Plain code is what a reader of the two libraries' documentation would write, with nothing that they would have to know:

    plain      AutoModelForCausalLM with a peft adapter, so many leads at a time in the order of the file (8 is the
               default of transformers' Trainer), padded to the longest of them (tokenizer.pad, attention mask), under
               no_grad; logits of the whole vocabulary at every position, of which Yes and No at each lead's last
               token are kept
    knowing    the same by somebody who knows `logits_to_keep` (padding on the left, logits at the last position
               alone) and `merge_adapter`

Ours is `core.neural.states.encode` as a loaded run calls it, its adapter merged; merging and loading are counted on no
side, nor is tokenising. Adapters, read-out (last token) and arithmetic (fp32) are the same. Lengths are those of sales
dialogues (benchmarks/padding.py).

Seconds are processor time of all threads; sides take turns, the least of `--repeats` rounds counts. 32 leads of 2,000
tokens have 12 GB of logits.

    python -m benchmarks.cpu [--leads 64] [--batches 8 32] [--json] [--smoke]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model, set_peft_model_state_dict
from transformers import PreTrainedTokenizerBase

from benchmarks.padding import dialogue_lengths
from benchmarks.scoring import random_prompts
from core.config import Config, Lora
from core.data.prompts import Prompt
from core.engine import Engine
from core.neural.backbones import Backbone, load_backbone, yes_no_tokens
from core.neural.checkpoints import adapter_state, add_lora
from core.neural.merging import merge
from core.neural.scorer import make_reader
from core.neural.states import encode

FP32 = Engine(precision="fp32")
"""On both sides, also where the product would take bf16 unasked."""
CPU = torch.device("cpu")
OURS, PLAIN, KNOWING = "ours", "plain", "knowing"


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
    model: PeftModel, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Prompt], batch: int, keep: bool = False
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


def sides(backbone: str, depth: int, batches: Sequence[int], prompts: Sequence[Prompt], seed: int) -> dict[str, Any]:
    """What scores the prompts, by name: three models with one adapter, drawn at random."""
    bases = [load_backbone(backbone, depth=depth or None) for _ in range(3)]
    lora, own = Lora(dropout=0.0), bases[0].model
    add_lora(own, Config(lora=lora))
    torch.manual_seed(seed)
    for name, value in own.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(value, std=0.02)
    plain, knowing = (adapted(base, lora, "CAUSAL_LM").eval() for base in bases[1:])
    for model in (plain, knowing):
        state = {f"base_model.model.{name}": value for name, value in adapter_state(own).items()}
        answer = set_peft_model_state_dict(model, state)
        assert not answer.unexpected_keys, answer.unexpected_keys[:3]
    merge(own)
    knowing.merge_adapter()
    found: dict[str, Callable[[], np.ndarray]] = {OURS: partial(our_scores, bases[0], prompts)}
    for batch in batches:
        found[f"{PLAIN}_{batch}"] = partial(plain_scores, plain, bases[1].tokenizer, prompts, batch)
        found[f"{KNOWING}_{batch}"] = partial(plain_scores, knowing, bases[2].tokenizer, prompts, batch, keep=True)
    return found


def measure(backbone: str, depth: int, leads: int, batches: Sequence[int], repeats: int, seed: int) -> dict[str, Any]:
    """Leads a second of processor time by side, ours over the others, and how far the answers lie apart."""
    lengths = dialogue_lengths(leads, seed)
    prompts = random_prompts(lengths, load_backbone(backbone, depth=1).model.config.vocab_size, seed)
    each = sides(backbone, depth, batches, prompts, seed)
    each[OURS]()  # the first call also sets up memory and threads
    took = dict.fromkeys(each, float("inf"))
    said: dict[str, np.ndarray] = {}
    for _ in range(repeats):
        for name, side in each.items():
            start = time.process_time()
            said[name] = side()
            took[name] = min(took[name], time.process_time() - start)
    return {
        "backbone": backbone,
        "depth": depth,
        "threads": torch.get_num_threads(),
        "leads": leads,
        "mean_tokens": float(lengths.mean()),
        "leads_per_second": {name: leads / spent for name, spent in took.items()},
        "ours_over": {name: spent / took[OURS] for name, spent in took.items() if name != OURS},
        "largest_answer": float(np.abs(said[OURS]).max()),
        "largest_difference": max(float(np.abs(one - said[OURS]).max()) for one in said.values()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--backbone", default="smollm2-135m", help="as for training: tiny, smollm2-135m, a folder, a hub id"
    )
    parser.add_argument("--depth", type=int, default=12, help="layers used; 0 = all")
    parser.add_argument("--leads", type=int, default=64)
    parser.add_argument("--batches", type=int, nargs="+", default=[8, 32], help="leads in a batch of the plain code")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--smoke", action="store_true", help="tiny, a few leads, one round: only to see that it runs")
    given = parser.parse_args()
    if given.smoke:
        given.backbone, given.depth, given.leads, given.batches, given.repeats = "tiny", 0, 16, [8], 1
    result = measure(given.backbone, given.depth, given.leads, given.batches, given.repeats, given.seed)
    if given.json:
        print(json.dumps(result))
        return
    title = "{backbone}, {depth} layers; {leads} leads of {mean_tokens:.0f} tokens, {threads} threads, processor time"
    print(title.format(**result))
    for name, rate in result["leads_per_second"].items():
        more = f"   ours is {result['ours_over'][name]:.2f} times as fast" if name != OURS else ""
        print(f"{name:<12}{rate:8.2f} leads a second{more}")
    print("answers of up to {largest_answer:.1f} differ by {largest_difference:.1e} at most".format(**result))


if __name__ == "__main__":
    main()
