r"""AITM: what a step has learned goes on to the next, as much of it as the lead calls for.

                    .--> tower 1 --> q_1 = z_1 --------------------------> P(step 1)
                    |                   '-- transfer --> p_1 --.
    e (n, F, d) ----+--> tower 2 --> q_2 ----------------------+- attend --> z_2 --> P(step 2)
     shared, flat   |                                                         '-- transfer --> p_2 --.
                    '--> tower K --> q_K ------------------------------------------------------------+- attend --> z_K

    attend:  z = sum over u in (p, q) of a_u V u,   a = softmax over u of <Q u, K u> / sqrt(width)
    loss   = sum over steps of mean BCE(P(step k), passed step k)
             + 0.6 mean over leads of sum over k of max(P(step k) - P(step k - 1), 0)

Source: AITM (arXiv 2105.08489), section 3; transfer and read-out as in the authors' code.
# DIFF: each step has a Q, K and V of its own; the authors' code has one for all.
# DIFF: no batch normalisation in the towers: batches of a few hundred leads with repeats of rare stages are no sample.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.neural.ctr.layers import Deep, FieldEmbedding, Fields
from core.neural.funnel_networks.steps import Steps, steps_loss
from core.neural.networks import Part, Recipe

ORDER_WEIGHT = 0.6
"""Weight of the penalty on a step likelier than the one before it. Source: the authors' code for public data; 0.3 in
their other script."""


class Transfer(nn.Module):
    """What the step before knows, weighed against what the own tower says. Shape: before, own (n, H) -> (n, H)."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.handed = Deep(width, [width], dropout)
        self.query, self.key, self.value = (nn.Linear(width, width, bias=False) for _ in range(3))

    def forward(self, before: Tensor, own: Tensor) -> Tensor:
        both = torch.stack([self.handed(before), own], dim=1)
        fit = (self.query(both) * self.key(both)).sum(dim=2) / both.shape[2] ** 0.5
        return (fit.softmax(dim=1)[:, :, None] * self.value(both)).sum(dim=1)


class AITM(nn.Module):
    """Shape: x (n, T), text (n, E) -> log odds of each step (n, K)."""

    def __init__(self, fields: Fields, recipe: Recipe, steps: Steps) -> None:
        super().__init__()
        self.steps = steps
        self.embedding = FieldEmbedding(fields, recipe.dimension)
        flat = fields.count * recipe.dimension
        towers = [Deep(flat, recipe.hidden, recipe.dropout) for _ in range(steps.count)]
        hidden = towers[0].out
        self.towers = nn.ModuleList(towers)
        self.transfers = nn.ModuleList(Transfer(hidden, recipe.dropout) for _ in range(steps.count - 1))
        self.outs = nn.ModuleList(nn.Linear(hidden, 1) for _ in range(steps.count))

    def forward(self, x: Tensor, text: Tensor) -> Tensor:
        flat = self.embedding(x, text).flatten(1)
        z = [self.towers[0](flat)]
        for tower, transfer in zip(self.towers[1:], self.transfers, strict=True):
            z.append(transfer(z[-1], tower(flat)))
        return torch.cat([out(step) for out, step in zip(self.outs, z, strict=True)], dim=1)


def order_penalty(logits: Tensor) -> Tensor:
    """How much likelier any step is than the one before it, summed over the steps, mean over the leads.

    Shape: (n, K) -> (); 0 for an empty batch.

    Example:
        >>> round(order_penalty(torch.tensor([[0.0, 2.0, -1.0]])).item(), 4)
        0.3808
    """
    return logits.sigmoid().diff(dim=1).relu().sum() / max(len(logits), 1)


def aitm_loss(network: nn.Module, part: Part) -> Tensor:
    """Cross-entropy over the steps and the penalty; a lead of unknown stage or outcome counts where it is known."""
    assert isinstance(network, AITM)
    logits = network(part.x, part.text)
    return steps_loss(logits, torch.from_numpy(network.steps.passed(part))) + ORDER_WEIGHT * order_penalty(logits)
