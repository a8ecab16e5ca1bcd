"""The steps of a funnel that leads can teach, and how a network of several steps learns and answers.

A step is "came at least as deep as this stage"; the last one is always conversion. A lead that converted has passed
every step, whatever its stage says, so that no step is passed without the ones before.

A network of K steps gives logits (n, K): the log odds of passing each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from core.errors import NotComputable
from core.neural.networks import Part


@dataclass(frozen=True)
class Steps:
    """The stages that begin a step, from shallow to deep; conversion follows as the last step. Make it with `of`."""

    stages: tuple[int, ...]

    @staticmethod
    def of(part: Part) -> Steps:
        """The steps that both some leads of `part` pass and others do not.

        A stage that no lead stopped before says the same as its neighbour and is left out, and so is one that exactly
        the converted leads reached.

        Raises:
            NotComputable: `part` lacks one of the two outcomes.
        """
        known = np.isfinite(part.converted)
        won = int(np.nansum(part.converted))
        if not 0 < won < known.sum():
            raise NotComputable(
                "a funnel network needs converted and unconverted leads, however: "
                f"{won} of {int(known.sum())} leads with a known outcome converted; give more leads"
            )
        steps: list[int] = []
        last = np.empty(0)
        for stage in np.unique(part.stage[part.stage >= 0]).tolist():
            label = _passed(part, stage)
            here = label[np.isfinite(label)]
            same = np.isfinite(label) & known
            teaches = 0 < here.sum() < len(here) and not np.array_equal(label[same], part.converted[same])
            if teaches and not np.array_equal(label, last, equal_nan=True):
                steps.append(stage)
                last = label
        return Steps(tuple(steps))

    @property
    def count(self) -> int:
        """K, conversion included."""
        return len(self.stages) + 1

    def passed(self, part: Part) -> np.ndarray:
        """Which steps each lead passed: (n, K) float64 1, 0, or NaN where the stage or the outcome is unknown."""
        return np.stack([*(_passed(part, stage) for stage in self.stages), part.converted], axis=1)


def _passed(part: Part, stage: int) -> np.ndarray:
    reached = np.where(part.stage < 0, np.nan, part.stage >= stage)
    return np.where(part.converted == 1, 1.0, reached)


def steps_loss(logits: Tensor, passed: Tensor) -> Tensor:
    """Binary cross-entropy, mean over the leads whose step is known, summed over the steps; a zero with a graph for a
    step of which the batch knows nothing.

    Shape: logits (n, K); passed (n, K) 1, 0 or NaN; result ().

    Example:
        >>> round(steps_loss(torch.zeros(2, 2), torch.tensor([[1.0, torch.nan], [0.0, 0.0]])).item(), 4)
        1.3863
    """
    passed = passed.to(logits)
    known = ~passed.isnan()
    target = torch.nan_to_num(passed)
    each = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return ((each * known).sum(dim=0) / known.sum(dim=0).clamp(min=1)).sum()


def conversion_answer(network: nn.Module, part: Part) -> Tensor:
    """Log odds of conversion, the last step: (n,)."""
    return network(part.x, part.text)[:, -1]
