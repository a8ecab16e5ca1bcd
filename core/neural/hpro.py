"""The HPRO loss: does a lead convert, does it outrank the leads it should, and would the language model say Yes.

Each lead i of a batch is encoded once and gives

    h_i (H) --- pointwise head --> z_i    logit of conversion
        |------ pairwise head ---> s_i    ranking score
        '------ LM head ---------> v_i    (V) logits of the next token; kept: yes, no, other = logsumexp of the rest

and then meets every other lead of the batch that the funnel sets it against:

      s (n)                      tier means           weighted mean over
    .---+---------.                                   the tiers present
    | i  chosen   |  s_i - s_j - m_global  --> mean --.
    | ...         |  s_i - s_j - m_key     --> mean --+--> L_pair --.
    | j  rejected |  s_i - s_j - m_soft    --> mean --'             |
    '-------------'                                                 +--> L
      z (n), y (n)  ----------------------------------> L_point ----|
      yes, no, other (n), y (n)  ---------------------> L_sem ------'

    (1)  P(i > j | m) = sigmoid(s_i - s_j - m)
    (2)  L_pair  = mean -log sigmoid(s_i - s_j - m) = mean softplus(m - (s_i - s_j))
    (3)  L       = 2.0 L_point + 1.0 L_pair + 0.5 L_sem
    (4)  L_point = mean BCE(sigmoid(z_i), y_i)
    (5)  L_sem   = mean -log softmax(v_i)[token of y_i]

What the margin does: |dL/d(s_i - s_j)| = sigmoid(m - (s_i - s_j)), so a margin adds nothing on a badly ordered pair
and at most a factor e^m on an easy one; where a share of the pairs is reversed it sets the scale of s. s is no
probability.

Source: HPRO (arXiv 2606.04387), equations 1-5; the weights and the mean over tiers from the authors' code.
# DIFF: the authors' code never passes funnel stages, so its hierarchy is unreachable and plain BPR runs; here pairs are
# an input.
# DIFF: its pairwise head is frozen by accident; here nothing is frozen: whoever owns the heads decides.
# DIFF: its soft and key-action tiers are not the paper's; ours are (core/data/pairs.py).
# DIFF: it takes -log(sigmoid(x)) in bf16, which loses loss and gradient above 6 and is infinite below -88, and where no
# pair exists it returns a zero without a graph; here logsigmoid in fp32, and a zero that back-propagates.
# DIFF: it sums two of the three terms, so that batch size changes their mix (64 : 16 : 1 at 32 leads); here all are
# means.
# DIFF: its sampler emits one converted lead and 31 others, unsharded, of mismatched labels; here batches are stratified
# by funnel stage (core/data/sampling.py) and the prior is corrected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from core.config import LossWeights
from core.data.pairs import Pairs


@dataclass(frozen=True)
class LossTerms:
    """The loss of one batch and what it is made of; `total` alone is to be back-propagated.

    Shape: total, pointwise, pairwise, semantic () fp32; tier_loss, tier_accuracy (tiers,) fp32 without graph, NaN for a
    tier that has no pair in the batch. The terms are unweighted. Accuracy: share of pairs in their order, ties half.
    """

    total: Tensor
    pointwise: Tensor
    pairwise: Tensor
    semantic: Tensor
    tier_loss: Tensor
    tier_accuracy: Tensor


@dataclass(frozen=True)
class HproLoss:
    """Equation 3 over one batch."""

    weights: LossWeights = field(default_factory=LossWeights)

    def __call__(self, outputs: Mapping[str, Tensor], converted: Tensor, pairs: Pairs) -> LossTerms:
        """Loss of a batch whose leads were encoded once.

        Leads of unknown outcome count in the pairs alone. A term of which the batch holds nothing is a zero with a
        graph.

        Shape: outputs `logit`, `score` and, unless its weight is 0, `yes`, `no`, `other`, each (n,) of any float dtype;
        converted (n,) 1, 0 or NaN; pairs: positions in the batch.
        """
        weights, score = self.weights, outputs["score"]
        converted = converted.to(score.device)
        chosen, rejected, tier = (
            torch.from_numpy(array).to(score.device) for array in (pairs.chosen, pairs.rejected, pairs.tier)
        )
        margin = torch.from_numpy(pairs.margin).to(score.device)
        tier_weight = torch.tensor([t.weight for t in pairs.tiers], device=score.device)
        pointwise = pointwise_loss(outputs["logit"], converted)
        pairwise, tier_loss = margin_loss(score, chosen, rejected, margin, tier, tier_weight)
        total = weights.pointwise * pointwise + weights.pairwise * pairwise
        if weights.semantic:
            semantic = semantic_loss(outputs["yes"], outputs["no"], outputs["other"], converted)
            total = total + weights.semantic * semantic
        else:
            semantic = torch.zeros_like(pointwise)
        if weights.center:
            total = total + weights.center * center_loss(score, chosen, rejected)
        with torch.no_grad():
            difference = _wide(score)[chosen] - _wide(score)[rejected]
            accuracy = _tier_means((difference.sign() + 1) / 2, tier, len(pairs.tiers))
        return LossTerms(total, pointwise, pairwise, semantic, tier_loss.detach(), accuracy)


def margin_loss(
    score: Tensor, chosen: Tensor, rejected: Tensor, margin: Tensor, tier: Tensor, tier_weight: Tensor
) -> tuple[Tensor, Tensor]:
    """Equations 1 and 2: mean within each tier, then weighted mean over the tiers present.

    Shape: score (n,) float; chosen, rejected, margin, tier (p,) positions, positions, float, positions in tier_weight;
    tier_weight (tiers,). Result: loss () and the tiers' means (tiers,), NaN where a tier has no pair.

    Example:
        >>> one = torch.tensor([1])
        >>> loss, _ = margin_loss(torch.zeros(2), one, one - 1, torch.zeros(1), one - 1, torch.ones(1))
        >>> round(loss.item(), 4)
        0.6931
    """
    score = _wide(score)
    if chosen.numel() == 0:
        return score.sum() * 0, score.new_full((len(tier_weight),), torch.nan)
    losses = -functional.logsigmoid(score[chosen] - score[rejected] - margin)
    means = _tier_means(losses, tier, len(tier_weight))
    present = torch.zeros_like(tier_weight, dtype=torch.bool)
    present[tier.long()] = True
    weight = tier_weight.to(losses.dtype) * present
    return (weight * torch.where(present, means, 0)).sum() / weight.sum(), means


def pointwise_loss(logit: Tensor, converted: Tensor) -> Tensor:
    """Equation 4: binary cross-entropy, mean over the leads of known outcome, in fp32.

    Shape: logit (n,), converted (n,) 1, 0 or NaN; result ().
    """
    target, known = _known(converted, logit)
    return _mean(functional.binary_cross_entropy_with_logits(_wide(logit), target, reduction="none"), known)


def semantic_loss(yes: Tensor, no: Tensor, other: Tensor, converted: Tensor) -> Tensor:
    """Equation 5: cross-entropy of Yes or No over the whole vocabulary at the read-out, in fp32.

    Shape: yes, no (n,) vocabulary logits; other (n,) logsumexp of all remaining vocabulary logits; converted (n,) 1, 0
    or NaN, which is left out; result ().
    """
    target, known = _known(converted, yes)
    yes, no, other = _wide(yes), _wide(no), _wide(other)
    everything = torch.logsumexp(torch.stack([yes, no, other]), dim=0)
    return _mean(everything - torch.where(target > 0, yes, no), known)


def center_loss(score: Tensor, chosen: Tensor, rejected: Tensor) -> Tensor:
    """Mean of (s_i + s_j)^2 over the pairs: the pair loss fixes differences alone, this holds their level at zero.

    Shape: score (n,); chosen, rejected (p,); result (). Source: TRL, `center_rewards_coefficient`; it advises 0.01.
    """
    score = _wide(score)
    return (score[chosen] + score[rejected]).square().sum() / max(chosen.numel(), 1)


def output_gradients(
    outputs: Mapping[str, Tensor], converted: Tensor, pairs: Pairs, loss: HproLoss
) -> tuple[LossTerms, dict[str, Tensor]]:
    """The batch's loss and its gradient by each output, for exact large batches in small memory.

    Pairs reach across micro-batches, so their gradients cannot be had one micro-batch at a time. Two passes can:

        1. all micro-batches without graph -> outputs of the whole batch
        2. terms, gradients = output_gradients(outputs, ...)
        3. each micro-batch again, with graph: sum((o.float() * g[rows]).sum() for outputs o, gradients g).backward()

    By the chain rule this is the gradient of the whole batch, provided that both passes draw the same dropout.

    Shape: as for `HproLoss`; gradients: the same keys, each (n,) fp32, zero where the loss does not use an output.
    Source: GradCache (arXiv 2101.06983).
    """
    leaves = {name: _wide(output.detach()).requires_grad_() for name, output in outputs.items()}
    with torch.enable_grad():
        terms = loss(leaves, converted, pairs)
    gradients = torch.autograd.grad(terms.total, list(leaves.values()), allow_unused=True, materialize_grads=True)
    return terms, dict(zip(leaves, gradients, strict=True))


def _tier_means(values: Tensor, tier: Tensor, tiers: int) -> Tensor:
    """Mean of `values` (p,) per tier, (tiers,), NaN where empty; no scatter, so that a GPU repeats itself exactly."""
    member = tier == torch.arange(tiers, device=tier.device)[:, None]
    count = member.sum(dim=1)
    means = (member * values).sum(dim=1) / count.clamp(min=1)
    return torch.where(count > 0, means, torch.nan)


def _wide(values: Tensor) -> Tensor:
    """At least fp32: in bf16 the sigmoid rounds to 1 from 6 on and the gradient is lost."""
    return values if values.dtype == torch.float64 else values.float()


def _known(converted: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    known = ~converted.isnan()
    return torch.where(known, converted, 0).to(_wide(like).dtype), known


def _mean(losses: Tensor, known: Tensor) -> Tensor:
    return torch.where(known, losses, 0).sum() / known.sum().clamp(min=1)
