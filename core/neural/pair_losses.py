"""Ranking losses beside HPRO's, over one batch of scores and graded leads: what else could teach the order.

Each takes scores s (n,) and grades g (n,), higher = better, and returns a loss () in fp32
with a graph, a zero where the batch has nothing to compare.

Source: BPR, Rendle et al. 2009 (arXiv 1205.2618); LambdaRank as LambdaLoss states it, Wang et al. 2018; ListMLE, Xia et
al. 2008; RCR, Bai et al. 2023 (arXiv 2211.01494).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def bpr_loss(score: Tensor, converted: Tensor) -> Tensor:
    """Converted over not converted, no margin, every pair alike. Unknown outcomes (NaN) make no pair.

    Shape: score (n,), converted (n,) 1, 0 or NaN; result ().

    Example:
        >>> round(bpr_loss(torch.zeros(2), torch.tensor([1.0, 0.0])).item(), 4)
        0.6931
    """
    score = score.float()
    won, lost = score[converted == 1], score[converted == 0]
    if not len(won) or not len(lost):
        return score.sum() * 0
    return functional.softplus(lost[None, :] - won[:, None]).mean()


def lambdarank_loss(score: Tensor, grade: Tensor) -> Tensor:
    """Pairs of different grade, each weighted by how much NDCG their exchange would change.

    Gains are 2^g - 1, discounts log2(1 + place) at the present places; weights carry no gradient and have mean 1, so
    that the step size means what it means for the other losses.

    Shape: score (n,), grade (n,) integers, negative = unknown and left out; result ().
    """
    score = score.float()
    kept = grade >= 0
    score, grade = score[kept], grade[kept]
    place = torch.empty_like(grade)
    place[torch.argsort(score.detach(), descending=True, stable=True)] = torch.arange(1, len(grade) + 1)
    discount = 1 / torch.log2(1 + place.float())
    gain = torch.exp2(grade.float()) - 1
    better, worse = torch.nonzero(grade[:, None] > grade[None, :], as_tuple=True)
    if not len(better):
        return score.sum() * 0
    weight = (gain[better] - gain[worse]) * (discount[better] - discount[worse]).abs()
    losses = functional.softplus(score[worse] - score[better])
    return (weight * losses).sum() / weight.sum().clamp(min=1e-12)


def listmle_loss(score: Tensor, grade: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """How unlikely the graded order is under Plackett-Luce, a lead's share; ties are ordered at random.

    Shape: score (n,), grade (n,) integers, negative = unknown and left out; result ().
    """
    score = score.float()
    kept = grade >= 0
    score, grade = score[kept], grade[kept]
    if len(score) < 2 or bool((grade == grade[0]).all()):
        return score.sum() * 0
    shuffled = torch.randperm(len(grade), generator=generator)
    order = shuffled[torch.argsort(grade[shuffled], descending=True, stable=True)]
    ranked = score[order]
    rest = torch.logcumsumexp(ranked.flip(0), dim=0).flip(0)
    # Among the leads of the lowest grade every order is as good: they stand in the sums, and add no term.
    ordered = grade[order] > grade.min()
    return (rest - ranked)[ordered].mean()


def rcr_loss(logit: Tensor, converted: Tensor, share: float = 0.5) -> Tensor:
    """Regression-compatible ranking: cross-entropy and a list loss over the probabilities, in one score.

    (1 - share) * BCE + share * -1/C sum_i y_i log(q_i / sum_j q_j), with q = sigmoid(logit) and C converted leads; both
    have the same optimum, so that the score stays a logit. Without a converted lead there is no list to rank.

    Shape: logit (n,), converted (n,) 1, 0 or NaN; result ().
    """
    known = ~converted.isnan()
    logit, target = logit.float()[known], converted[known].float()
    if not len(logit):
        return logit.sum() * 0
    pointwise = (1 - share) * functional.binary_cross_entropy_with_logits(logit, target)
    if target.sum() == 0:
        return pointwise
    log_q = functional.logsigmoid(logit)
    listwise = -(target * (log_q - torch.logsumexp(log_q, dim=0))).sum() / target.sum()
    return pointwise + share * listwise
