r"""Wide & Deep: a linear model that remembers beside a deep one that generalises.

    x (n, T) ------------------------------ w.x + b ----------------------.
                                                                          + --> logit (n,)
    e (n, F, d) --> flat (n, F d) --> hidden layers (n, H) --> Linear -----'

Source: Wide & Deep Learning for Recommender Systems (arXiv 1606.07792), equation 3.
# DIFF: no hand-made cross products in the wide part: which ones matter on anybody's leads is not known beforehand.
# DIFF: one optimiser for both parts; the paper trains the wide one with FTRL, the deep one with AdaGrad.
"""

from __future__ import annotations

from torch import Tensor, nn

from core.neural.ctr.layers import Deep, FieldEmbedding, Fields, FirstOrder
from core.neural.networks import Recipe


class WideDeep(nn.Module):
    """Shape: x (n, T), text (n, E) -> logits (n,)."""

    def __init__(self, fields: Fields, recipe: Recipe) -> None:
        super().__init__()
        self.embedding = FieldEmbedding(fields, recipe.dimension)
        self.wide = FirstOrder(fields)
        self.deep = Deep(fields.count * recipe.dimension, recipe.hidden, recipe.dropout)
        self.out = nn.Linear(self.deep.out, 1, bias=False)

    def forward(self, x: Tensor, text: Tensor) -> Tensor:
        e = self.embedding(x, text)
        return self.wide(x) + self.out(self.deep(e.flatten(1))).squeeze(1)
