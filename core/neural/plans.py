"""An `Engine` as one device computes it: how leads stand in a pass, in what arithmetic.

    alone    a pass is one lead                                                  a processor
    packed   a pass is one row of leads, one behind another (.attention)         a GPU in bf16; flex on any GPU
    padded   leads of about one length side by side, padded to the longest       any other GPU

On a processor a pass of one lead is as fast as any other from about 200 tokens a lead on, and what is read of a lead
does not depend, to the last bit, on the leads beside it: any split of a file among processes gives the same scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch

from core.data.prompts import Tokens
from core.engine import Engine
from core.neural.asllr import Reader
from core.neural.attention import LEADS, packs
from core.neural.batches import Batch, collate, token_batches
from core.neural.packing import packed_rows

ATTENTION = {"flash": LEADS, "flex": "flex_attention", "sdpa": "sdpa"}
"""What transformers calls each `Engine.attention`."""


@dataclass(frozen=True)
class Plan:
    """How one device reads leads: as asked for (`plan_for`), and as a language model can (`prepare`, `plan_of`)."""

    device: torch.device
    layout: Literal["alone", "packed", "padded"]
    attention: str
    """A key of ATTENTION."""
    dtype: torch.dtype
    """Of the language model's arithmetic; what learns is fp32."""

    def passes(self, lengths: Sequence[int], budget: int) -> list[np.ndarray]:
        """Positions of the leads of each pass, at most `budget` tokens in each, the pass with the longest lead first.

        A lead longer than the budget is a pass of its own.
        """
        if self.layout == "alone":
            return list(np.argsort(-np.asarray(lengths), kind="stable")[:, None])
        return (packed_rows if self.layout == "packed" else token_batches)(lengths, budget)

    def collate(self, prompts: Sequence[Tokens]) -> Batch:
        """The leads of one pass, on the device, as `Reader` and `AsLLR` take them."""
        return collate(prompts, self.device, packed=self.layout == "packed")

    def autocast(self) -> torch.autocast:
        """The arithmetic of a pass. Heads leave it."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.dtype == torch.bfloat16)


def plan_for(engine: Engine, device: torch.device, config: Any) -> Plan:
    """How `device` is to compute a language model of this transformers `config`.

    A model whose layers see a window alone, keep a state or drop attention at random is padded on a GPU.
    """
    dtype = arithmetic(engine, device)
    if device.type == "cpu":
        return Plan(device, "alone", "sdpa", dtype)
    kernel = dtype == torch.bfloat16 and runs_bf16(device)
    if not packs(config) or engine.attention == "sdpa" or (not kernel and engine.attention != "flex"):
        return Plan(device, "padded", "sdpa", dtype)
    return Plan(device, "packed", "flex" if engine.attention == "flex" else "flash", dtype)


def arithmetic(engine: Engine, device: torch.device) -> torch.dtype:
    """What the device computes a language model in."""
    bf16 = engine.precision == "bf16" or (engine.precision == "auto" and runs_bf16(device))
    return torch.bfloat16 if bf16 else torch.float32


def plan_of(reader: Reader, device: torch.device) -> Plan:
    """How `device` computes the reader as `prepare` left it: padded where its model did not take the attention up."""
    plan = plan_for(reader.engine, device, reader.model.config)
    taken = reader.model.config._attn_implementation == ATTENTION[plan.attention]
    # Without that attention the leads of a row would see each other.
    return plan if plan.layout != "packed" or taken else replace(plan, layout="padded", attention="sdpa")


def prepare(reader: Reader, device: torch.device, *, learning: bool = False) -> Plan:
    """Move the reader to the device and set its language model up as `reader.engine` asks.

    Args:
        learning: a backward pass follows, so checkpointing counts.
    """
    model = reader.to(device).model
    plan = plan_for(reader.engine, device, model.config)
    # transformers takes sdpa of itself, and a model that cannot stays with what it has.
    if plan.layout == "packed" and model.config._attn_implementation != ATTENTION[plan.attention]:
        model.set_attn_implementation(ATTENTION[plan.attention])
    if learning and reader.engine.checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
    if reader.engine.compile and device.type == "cuda":
        # Layer by layer: all have the same code, so it is compiled once.
        for layer in model.get_decoder().layers:
            if layer._compiled_call_impl is None:
                layer.compile(dynamic=True)
    return plan_of(reader, device)


def runs_bf16(device: torch.device) -> bool:
    """Whether the device computes in bf16 rather than imitates it: on a processor that is several times slower."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    has = torch.cpu.get_capabilities()
    return bool(has.get("avx512_bf16") or has.get("amx_bf16"))
