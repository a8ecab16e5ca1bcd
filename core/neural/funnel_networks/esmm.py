r"""ESMM: chances from step to step, multiplied, so that every step is learned from all leads.

                    .--> tower 1 --> p_1                     P(step 1) = p_1
    e (n, F, d) ----+--> tower 2 --> p_2 given step 1        P(step 2) = p_1 p_2
     shared, flat   '--> tower K --> p_K given step K - 1    P(step K) = p_1 p_2 ... p_K = P(conversion)

No step can be likelier than the one before it. A tower alone would learn a step from the few leads that passed the one
before, and answer for all; here the products meet their labels, over all leads.

    loss = sum over steps of mean BCE(P(step k), passed step k)

Source: ESMM (arXiv 1804.07931), equations 1 and 3, which has two steps (click, then order).
# DIFF: any number of steps.
# DIFF: products are taken as log odds, which neither vanish nor lose their gradient at small chances.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.neural.ctr.layers import Deep, FieldEmbedding, Fields
from core.neural.funnel_networks.steps import Steps, steps_loss
from core.neural.networks import Part, Recipe


class ESMM(nn.Module):
    """Shape: x (n, T), text (n, E) -> log odds of each step (n, K), falling from step to step."""

    def __init__(self, fields: Fields, recipe: Recipe, steps: Steps) -> None:
        super().__init__()
        self.steps = steps
        self.embedding = FieldEmbedding(fields, recipe.dimension)
        width = fields.count * recipe.dimension
        towers = (Deep(width, recipe.hidden, recipe.dropout) for _ in range(steps.count))
        self.towers = nn.ModuleList(nn.Sequential(tower, nn.Linear(tower.out, 1)) for tower in towers)

    def forward(self, x: Tensor, text: Tensor) -> Tensor:
        flat = self.embedding(x, text).flatten(1)
        return chained_odds(torch.cat([tower(flat) for tower in self.towers], dim=1))


def chained_odds(conditional: Tensor) -> Tensor:
    """Log odds of passing each step, from the log odds of passing it given that the step before was passed.

    Shape: (n, K) -> (n, K).

    Example:
        >>> chained_odds(torch.zeros(1, 2)).sigmoid().tolist()
        [[0.5, 0.25]]
    """
    on, off = functional.logsigmoid(conditional), functional.logsigmoid(-conditional)
    passed, failed = on[:, 0], off[:, 0]
    odds = [passed - failed]
    for k in range(1, conditional.shape[1]):
        failed = torch.logaddexp(failed, passed + off[:, k])
        passed = passed + on[:, k]
        odds.append(passed - failed)
    return torch.stack(odds, dim=1)


def esmm_loss(network: nn.Module, part: Part) -> Tensor:
    """Cross-entropy over the steps; a lead of unknown stage or outcome counts where it is known."""
    assert isinstance(network, ESMM)
    return steps_loss(network(part.x, part.text), torch.from_numpy(network.steps.passed(part)))
