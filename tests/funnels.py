"""Leads whose early steps follow the same intent as a rare order: what a funnel network can gain from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from core.metrics import auc
from core.neural.ctr.layers import Fields
from core.neural.funnel_networks.steps import Steps, conversion_answer
from core.neural.networks import Loss, Part, Recipe, answers, fit

COLUMNS = Fields(tuple(range(30)))
Network = Callable[[Fields, Recipe, Steps], nn.Module]


def telling_funnel(n: int, seed: int) -> Part:
    """Stages 0 to 3, and an order for some 2% of the leads, by an intent that 30 columns tell a third of."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 30))
    intent = (x @ np.tile([1.0, -1.0], 15) / 30**0.5 + 1.4 * rng.standard_normal(n)) / 3**0.5
    stage = np.searchsorted([0.0, 0.8, 2.0], intent)
    return Part(torch.from_numpy(x).float(), torch.zeros(n, 0), (stage == 3).astype(float), stage, np.full(n, np.nan))


def conversion_auc(network: Network, loss: Loss, seed: int, *, steps: bool) -> float:
    """On leads never seen, after training with all steps or with conversion as the only one; all else equal."""
    train, later, test = (telling_funnel(n, 10 * seed + k) for k, n in enumerate((1_500, 1_500, 6_000)))
    taken = Steps.of(train) if steps else Steps(())
    fitted = fit(
        lambda recipe: network(COLUMNS, recipe, taken),
        train,
        later,
        Recipe(learning_rate=3e-3, epochs=10, hidden=(32,)),
        seed=seed,
        loss=loss,
        answer=conversion_answer,
    )
    return auc(test.converted, answers(fitted.network, test, conversion_answer))
