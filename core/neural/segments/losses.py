"""What a binary network may learn by where positive labels are missing.

Each takes logits z, the labels that were given and the labels as corrected so far, all (n,), and gives a mean, ().

Sources: SPLC and Hill: Zhang et al. 2021 (arXiv 2112.07368), their code's `losses.py`; nnPU: Kiryo et al. 2017 (arXiv
1703.00593).
# DIFF: means where their code sums, so that the size of a batch does not set the step; labels are corrected outside
# (core.neural.segments.correction) rather than anew in each pass from a fixed threshold.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid, softplus

MARGIN = 1.0
"""Taken off the logits of given positives, which so must be surer. Source: the authors' code."""
FOCUS = 2.0
"""Exponent of the focal weight. Source: the authors' code."""
HILL = 1.5
"""Lambda: where a negative's loss turns down again, so that one which looks positive is let go. Source: the paper."""

Loss = Callable[[Tensor, Tensor, Tensor, float], Tensor]
"""(z, given, now, prior) -> mean loss; `prior`: the share of positives, hidden ones counted, that is believed."""


def splc(z: Tensor, given: Tensor, now: Tensor, prior: float) -> Tensor:
    """Self-paced loss correction: focal, with a margin on given positives, none on corrected ones.

    Example:
        >>> one = torch.ones(1)
        >>> round(float(splc(torch.tensor([1.0]), one, one, 0.5)), 4)  # -(1 - 0.5)**2 * log 0.5
        0.1733
    """
    shifted = torch.where(given == 1, z - MARGIN, z)
    p = torch.sigmoid(shifted)
    weight = ((1 - p) * now + p * (1 - now)) ** FOCUS
    return -(weight * (now * logsigmoid(shifted) + (1 - now) * logsigmoid(-shifted))).mean()


def hill(z: Tensor, given: Tensor, now: Tensor, prior: float) -> Tensor:
    """Positives as `splc`; negatives (lambda - p) p^2, whose pull fades where p is high: no label is corrected.

    Example:
        >>> round(float(hill(torch.tensor([0.0]), torch.zeros(1), torch.zeros(1), 0.5)), 4)  # (1.5 - 0.5) * 0.5**2
        0.25
    """
    p, shifted = torch.sigmoid(z), z - MARGIN
    positive = -((1 - torch.sigmoid(shifted)) ** FOCUS) * logsigmoid(shifted)
    return (given * positive + (1 - given) * (HILL - p) * p**2).mean()


def bce(z: Tensor, given: Tensor, now: Tensor, prior: float) -> Tensor:
    """Plain cross-entropy on the labels as given: a missing label is a no."""
    return binary_cross_entropy_with_logits(z, given)


def corrected_bce(z: Tensor, given: Tensor, now: Tensor, prior: float) -> Tensor:
    """Plain cross-entropy on the labels as corrected: the correction alone, without the focal weight."""
    return binary_cross_entropy_with_logits(z, now)


def weighted_bce(z: Tensor, given: Tensor, now: Tensor, prior: float) -> Tensor:
    """Cross-entropy in which positives and negatives of the batch weigh the same in all."""
    positives = given.mean().clamp(1e-6, 1 - 1e-6)
    weight = given / positives + (1 - given) / (1 - positives)
    return binary_cross_entropy_with_logits(z, given, weight / 2)


def nnpu(z: Tensor, given: Tensor, now: Tensor, prior: float) -> Tensor:
    """Non-negative risk of positive and unlabelled data: pi R_p+ + max(0, R_u- - pi R_p-), with logistic losses.

    # DIFF: everybody stands for the unlabelled sample, since those with a label are taken out of the same population;
    # below zero the paper steps the other way, here the term rests at zero.
    """
    positive = z[given == 1]
    unlabelled = softplus(z).mean()
    if not len(positive):
        return unlabelled
    negative = unlabelled - prior * softplus(positive).mean()
    return prior * softplus(-positive).mean() + negative.clamp(min=0)


LOSSES: dict[str, Loss] = {
    "splc": splc,
    "hill": hill,
    "corrected-bce": corrected_bce,
    "weighted-bce": weighted_bce,
    "bce": bce,
    "nnpu": nnpu,
}
"""By the name that `--loss` takes."""
CORRECTS = frozenset({"splc", "corrected-bce"})
"""Losses that look at corrected labels."""
