r"""DeepFM: a factorisation machine and a deep part over the same embeddings.

    x (n, T) ---------------------------- w.x + b --------------------------.
                                                                            |
               .--> sum over pairs of fields <e_i, e_j> --------------------+--> logit (n,)
    e (n, F, d)                                                             |
               '--> flat (n, F d) --> hidden layers (n, H) --> Linear -------'

Source: DeepFM (arXiv 1703.04247), equations 1 to 4.
"""

from __future__ import annotations

from torch import Tensor, nn

from core.neural.ctr.layers import Deep, FieldEmbedding, Fields, FirstOrder
from core.neural.networks import Recipe


def pair_products(e: Tensor) -> Tensor:
    """Sum of <e_i, e_j> over the pairs i < j of fields, in time linear in F. Shape: (n, F, d) -> (n,).

    Source: Rendle 2010, Factorization Machines, lemma 3.1.

    Example:
        >>> import torch
        >>> pair_products(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])).tolist()
        [11.0]
    """
    return (e.sum(dim=1).square() - e.square().sum(dim=1)).sum(dim=1) / 2


class DeepFM(nn.Module):
    """Shape: x (n, T), text (n, E) -> logits (n,)."""

    def __init__(self, fields: Fields, recipe: Recipe) -> None:
        super().__init__()
        self.embedding = FieldEmbedding(fields, recipe.dimension)
        self.linear = FirstOrder(fields)
        self.deep = Deep(fields.count * recipe.dimension, recipe.hidden, recipe.dropout)
        self.out = nn.Linear(self.deep.out, 1, bias=False)

    def forward(self, x: Tensor, text: Tensor) -> Tensor:
        e = self.embedding(x, text)
        return self.linear(x) + pair_products(e) + self.out(self.deep(e.flatten(1))).squeeze(1)
