"""LoRA's products added to the weights that they adapt, so that reading costs what the bare language model costs.

    apart     x W' + ((x A') B') * scale      three matrix products for each adapted layer
    merged    x (W + B A * scale)'            one

In fp32 both say the same but for rounding. In bf16 most of a small B A would be rounded away: there LoRA stays apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn


def merge(model: nn.Module) -> None:
    """Merge the LoRA layers of a language model in fp32, if it has any. A merged one learns nothing more."""
    for layer in _adapted(model):
        layer.merge()


@contextmanager
def apart(model: nn.Module) -> Iterator[None]:
    """LoRA's own weights count as long as this is open, merged or not; the model then is as it was, to the last bit."""
    merged = [layer for layer in _adapted(model) if layer.merged]
    kept = [layer.get_base_layer().weight.detach().clone() for layer in merged]
    names = [list(layer.merged_adapters) for layer in merged]
    try:
        for layer in merged:
            layer.unmerge()
        yield
    finally:
        with torch.no_grad():
            for layer, weight, adapters in zip(merged, kept, names, strict=True):
                layer.get_base_layer().weight.copy_(weight)
                layer.merged_adapters[:] = adapters


def _adapted(model: nn.Module) -> list[BaseTunerLayer]:
    return [part for part in model.modules() if isinstance(part, BaseTunerLayer)]
