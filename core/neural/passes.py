"""A model as one looks into it: nothing learns, and what a backward pass keeps in memory is bounded.

What one token of a lead keeps for the backward pass, in bytes, reckoned from the shape of the language model (fp32):

    kept whole      4 * (12 * hidden + 4 * wide) a layer       SmolLM2-135M, 12 layers: 0.6 MB; a 1.5 B backbone: 6.1 MB
    checkpointed    4 * hidden a layer, and one layer whole    SmolLM2-135M, 12 layers: 0.1 MB; a 1.5 B backbone: 0.4 MB

A lead of 2,000 tokens on a 1.5 B backbone (28 layers, hidden 1,536, wide 8,960) would keep 12.2 GB: it is read with
checkpoints, which keep 0.8 GB and read each layer a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from core.neural.asllr import AsLLR, Reader

PASS_TOKENS = 2048
"""Most tokens in one forward and backward pass. Source: measured on a CPU, 1,024 to 4,096 are equally fast."""
MOST_BYTES = 2 << 30
"""What a backward pass may keep in a computer's memory, which the app, the leads and other people's pages share."""
GPU_SHARE = 0.4
"""Of a GPU's free memory."""


@contextmanager
def frozen(model: AsLLR) -> Iterator[AsLLR]:
    """The model in eval mode with no parameter asking for gradients; both are put back as they were."""
    modes: list[tuple[nn.Module, bool]] = [(part, part.training) for part in model.modules()]
    asking = [parameter for parameter in model.parameters() if parameter.requires_grad]
    try:
        model.eval().requires_grad_(False)
        yield model
    finally:
        for part, training in modes:
            part.training = training
        for parameter in asking:
            parameter.requires_grad_(True)


def most_bytes(device: torch.device) -> int:
    """What a backward pass may keep on this device."""
    return int(GPU_SHARE * torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else MOST_BYTES


def token_bytes(reader: Reader) -> int:
    """What one token keeps for the backward pass without checkpoints, as reckoned above."""
    config = reader.model.config
    return int(config.num_hidden_layers) * _layer_bytes(reader)


def checkpointed_bytes(reader: Reader) -> int:
    """What one token keeps for the backward pass with checkpoints, as reckoned above."""
    config = reader.model.config
    return 4 * int(config.num_hidden_layers) * int(config.hidden_size) + _layer_bytes(reader)


def _layer_bytes(reader: Reader) -> int:
    config = reader.model.config
    wide = int(getattr(config, "intermediate_size", 4 * config.hidden_size))
    return 4 * (12 * int(config.hidden_size) + 4 * wide)


def rows_at_once(reader: Reader, tokens: int, device: torch.device) -> int:
    """Copies of a lead of so many tokens in one forward and backward pass."""
    return max(min(PASS_TOKENS, most_bytes(device) // token_bytes(reader)) // tokens, 1)


@contextmanager
def checkpoints(reader: Reader) -> Iterator[None]:
    """Every layer keeps its input alone and is read again on the way back; all is put back as it was."""
    layers: list[nn.Module] = list(reader.model.get_decoder().layers)
    try:
        for layer in layers:
            # On the instance, so that it hides the class's own until it is taken away again.
            layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)
        yield
    finally:
        for layer in layers:
            layer.__dict__.pop("forward", None)
