"""Where asLLR's networks over frozen states begin: each head fitted to convergence by its own loss.

Heads that several variants have in common are fitted once: the pointwise one by all, the pairwise one by those that
learn from the same pairs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from torch import Tensor

from core.config import Config, LossWeights
from core.data.pairs import Pairing
from core.neural.asllr import Encoded
from core.neural.costs import Costs
from core.neural.frozen import Start, Variant
from core.neural.networks import Part
from core.neural.probe import ProbeData, fit_probe

FOLDS, FEW_FOLDS, MANY_LEADS = 5, 3, 10_000
"""Folds by which the heads' penalty is chosen; fewer above so many leads, where each fold says enough. Source: ours."""


class Starts:
    """Heads by variant and seed, over the components and fields of the training part."""

    def __init__(self, train: Part, customers: np.ndarray, config: Config, costs: Costs) -> None:
        """`customers`: (n,), one id a lead of `train`; folds never divide a customer."""
        self.config, self.costs, self.folds = config, costs, FEW_FOLDS if len(train) > MANY_LEADS else FOLDS
        states = replace(Encoded.empty(len(train)), states=train.text)
        self.data = ProbeData(states, train.x, train.converted, train.stage, train.call_seconds, customers)

    def of(self, variant: Variant, pairing: Pairing, seed: int) -> Start:
        """Weights and bias of the heads that the variant trains; `pairing` as `Variant.pairing` gives it.

        Raises:
            NotComputable: the training part has one outcome only.
        """
        pointwise = self._head("pointwise", pairing, seed)
        if variant.frozen_pairwise or variant.pair_loss == "rcr" or not variant.weights.pairwise:
            return {"pointwise": pointwise}
        if variant.pair_loss == "hpro":
            return {"pointwise": pointwise, "pairwise": self._head("pairwise", pairing, seed)}
        # The other losses have no probe of their own: the ranking head begins as the best guess of who converts.
        return {"pointwise": pointwise, "pairwise": pointwise}

    def _head(self, name: str, pairing: Pairing, seed: int) -> tuple[Tensor, Tensor]:
        tiers = pairing.funnel.tiers if name == "pairwise" else ()

        def fit() -> tuple[Tensor, Tensor]:
            alone = LossWeights(**{"pointwise": 0.0, "pairwise": 0.0, "semantic": 0.0, name: 1.0})
            config = replace(self.config, loss=alone, seed=seed, heads="linear")
            fitted = getattr(fit_probe(self.data, pairing, config, self.folds).heads, name)
            # The heads standardise what they read, and components are at scale 1 already: the weights carry over.
            return fitted.weight.detach(), fitted.bias.detach()

        return self.costs.once(("head", name, seed, tiers), fit)
