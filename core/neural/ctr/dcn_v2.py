r"""DCN V2, with whole matrices (DCN-M): cross layers in which every pair of dimensions has a weight of its own.

    e (n, F, d) --> flat x_0 (n, F d) --.--> x_(l+1) = x_0 * (W_l x_l + b_l) + x_l, 3 times --.
                                        |                                                     cat --> Linear --> logit
                                        '--> hidden layers (n, H) ----------------------------'

Source: DCN V2 (arXiv 2008.13535), equation 1, cross and deep part side by side (its parallel structure).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.neural.ctr.dcn import CROSSES
from core.neural.ctr.layers import Deep, FieldEmbedding, Fields
from core.neural.networks import Recipe


class DCNV2(nn.Module):
    """Shape: x (n, T), text (n, E) -> logits (n,)."""

    def __init__(self, fields: Fields, recipe: Recipe) -> None:
        super().__init__()
        width = fields.count * recipe.dimension
        self.embedding = FieldEmbedding(fields, recipe.dimension)
        self.crosses = nn.ModuleList(nn.Linear(width, width) for _ in range(CROSSES))
        self.deep = Deep(width, recipe.hidden, recipe.dropout)
        self.out = nn.Linear(width + self.deep.out, 1)

    def forward(self, x: Tensor, text: Tensor) -> Tensor:
        first = crossed = self.embedding(x, text).flatten(1)
        for cross in self.crosses:
            crossed = torch.addcmul(crossed, first, cross(crossed))
        return self.out(torch.cat([crossed, self.deep(first)], dim=1)).squeeze(1)
