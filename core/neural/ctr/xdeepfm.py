r"""xDeepFM: interactions of every order up to a given one, explicitly, beside a deep part.

    x (n, T) ---------------------------- w.x + b --------------------------.
                                                                            |
               .--> CIN: maps of order 2, 3, ... (n, sum H_k) --> Linear ----+--> logit (n,)
    e (n, F, d)                                                             |
               '--> flat (n, F d) --> hidden layers (n, H) --> Linear -------'

    CIN (compressed interaction network), X^0 = e:
        X^k_h = sum over i, j of W^k_hij (X^(k-1)_i * X^0_j)      (n, H_k, d), * by element
        p^k_h = sum over d of X^k_h                               (n, H_k)

Source: xDeepFM (arXiv 1803.05170), sections 3.2 and 3.4; no activation in the CIN, which the paper found best.
# DIFF: as many maps as the deep part has units, layer by layer; the paper has 100 or 200 in each of 2 or 3 layers, for
# millions of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from core.neural.ctr.layers import Deep, FieldEmbedding, Fields, FirstOrder
from core.neural.networks import Recipe


class CIN(nn.Module):
    """The interaction network. Shape: (n, F, d) -> (n, sum of `maps`)."""

    def __init__(self, fields: int, maps: Sequence[int]) -> None:
        super().__init__()
        layers = ((above * fields, here) for above, here in pairwise([fields, *maps]))
        self.layers = nn.ModuleList(nn.Linear(products, here, bias=False) for products, here in layers)

    def forward(self, e: Tensor) -> Tensor:
        # Dimensions become rows: all products of a row lie side by side, and a layer is one matrix product.
        first = e.transpose(1, 2).flatten(0, 1)
        maps, sums = first, []
        for layer in self.layers[:-1]:
            maps = layer((maps[:, :, None] * first[:, None, :]).flatten(1))
            sums.append(maps.unflatten(0, (-1, e.shape[2])).sum(dim=1))
        # Of the last maps only the sums over d are used, and those are cheap: sum the products first.
        products = maps.unflatten(0, (-1, e.shape[2])).transpose(1, 2) @ e.transpose(1, 2)
        sums.append(self.layers[-1](products.flatten(1)))
        return torch.cat(sums, dim=1)


class XDeepFM(nn.Module):
    """Shape: x (n, T), text (n, E) -> logits (n,)."""

    def __init__(self, fields: Fields, recipe: Recipe) -> None:
        super().__init__()
        self.embedding = FieldEmbedding(fields, recipe.dimension)
        self.linear = FirstOrder(fields)
        self.cin = CIN(fields.count, recipe.hidden)
        self.deep = Deep(fields.count * recipe.dimension, recipe.hidden, recipe.dropout)
        self.out = nn.Linear(sum(recipe.hidden) + self.deep.out, 1, bias=False)

    def forward(self, x: Tensor, text: Tensor) -> Tensor:
        e = self.embedding(x, text)
        both = torch.cat([self.cin(e), self.deep(e.flatten(1))], dim=1)
        return self.linear(x) + self.out(both).squeeze(1)
