"""Small networks over fields: inputs for their tests, and what they share, written number by number from the papers."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from core.neural.ctr.layers import Fields
from core.neural.networks import Part, Recipe

FIELDS = Fields((0, 0, 0, 1, 3, 3), text=5)
"""Three fields (number 2 has no column) and a text."""
RECIPE = Recipe(hidden=(4, 3), dimension=2)


def inputs(n: int = 4, fields: Fields = FIELDS, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Random x (n, T) and text (n, E), float64."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, len(fields.groups), generator=generator, dtype=torch.float64)
    return x, torch.randn(n, fields.text, generator=generator, dtype=torch.float64)


def make_part(n: int = 60, fields: Fields = FIELDS, seed: int = 0) -> Part:
    """Random leads with stages 0 to 3, of which the last converted."""
    x, text = (given.float() for given in inputs(n, fields, seed))
    stage = np.random.default_rng(seed).integers(0, 4, n)
    return Part(x, text, (stage == 3).astype(float), stage, np.full(n, np.nan))


def fixed(network: nn.Module, seed: int = 0) -> dict[str, np.ndarray]:
    """Give the network random weights, double and in eval mode, and return them by name."""
    generator = torch.Generator().manual_seed(seed)
    network.double().eval()
    with torch.no_grad():
        for value in network.parameters():
            value.copy_(0.5 * torch.randn(value.shape, generator=generator, dtype=torch.float64))
    return {name: value.detach().numpy() for name, value in network.named_parameters()}


def set_weights(network: nn.Module, weights: dict[str, list]) -> None:
    """Set some weights by name."""
    found = network.load_state_dict({name: torch.tensor(value) for name, value in weights.items()}, strict=False)
    assert not found.unexpected_keys


def embed(weights: dict[str, np.ndarray], fields: Fields, x: np.ndarray, text: np.ndarray) -> np.ndarray:
    """One lead's embeddings (F, d): each field's own columns times their rows, the text's likewise, and the biases."""
    names = sorted(set(fields.groups))
    e = weights["embedding.bias"].copy()
    for column, group in enumerate(fields.groups):
        for k in range(e.shape[1]):
            e[names.index(group), k] += x[column] * weights["embedding.weight"][column, k]
    for column in range(fields.text):
        for k in range(e.shape[1]):
            e[-1, k] += text[column] * weights["embedding.text_weight"][column, k]
    return e


def deep(weights: dict[str, np.ndarray], name: str, values: np.ndarray) -> np.ndarray:
    """Linear and ReLU, layer by layer; dropout is off."""
    layer = 0
    while f"{name}.{layer}.weight" in weights:
        matrix, bias = weights[f"{name}.{layer}.weight"], weights[f"{name}.{layer}.bias"]
        values = np.array([max(0.0, bias[out] + sum(matrix[out] * values)) for out in range(len(bias))])
        layer += 3
    return values
