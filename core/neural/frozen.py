"""asLLR whose language model stays as it is: its states are read once, everything above them learns together.

    states' first components (n, D) --.
                                      +--> h (n, D + T) --> trunk W (H), GELU, dropout --> u (n, H) --.
    fields x (n, T) ------------------'         |                                                     |
                                                '------------------- [h, u] --------------------------+
                                                                        |            |            |
                                                                  pointwise z   pairwise s   Yes / No offsets (from u)

The heads begin as a probe's, as the product's own training does (`starts.py`): linear over h, fitted to convergence,
the trunk's part zero. All three losses then meet in the trunk, as they meet in LoRA's layers when the language model
itself is tuned (`finetune.py`): this is the comparison of losses and pairs that a machine without a GPU can afford.
Without a language model (D = 0) it is the same network over the fields alone, and the semantic head has nothing to say.

# DIFF: the authors train LoRA layers; here the states are frozen and a trunk takes LoRA's place.
# DIFF: of the states' thousand columns the first principal components are read: with a thousand leads, AdamW on all of
# them overfits within an epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn

from core.config import LossWeights
from core.data.pairs import Pairing, Pairs
from core.errors import NotComputable
from core.funnel import whole_funnel
from core.neural.asllr import Outputs
from core.neural.hpro import HproLoss, pointwise_loss, semantic_loss
from core.neural.networks import Part, Recipe
from core.neural.pair_losses import bpr_loss, lambdarank_loss, listmle_loss, rcr_loss


@dataclass(frozen=True)
class Variant:
    """What one asLLR arm learns from."""

    weights: LossWeights = field(default_factory=LossWeights)
    pair_loss: str = "hpro"
    """hpro, bpr, lambdarank, listmle; or rcr, whose list loss teaches the pointwise head, one score for both."""
    margins: str = "own"
    """own; zero; or weights: every margin m becomes a weight e^m, which is all that it can do to an easy pair."""
    pairs: str = "tiers"
    """tiers, as the funnel declares them; or funnel: every deeper stage over every shallower one."""
    tiers: tuple[str, ...] = ()
    """Names of the tiers that make pairs; empty = all."""
    stratify: bool = True
    frozen_pairwise: bool = False
    """The pairwise head stays as drawn, as in the authors' code by accident."""
    rank_by: str = "auto"
    """pointwise, pairwise, blend; auto = whichever the later slice prefers."""

    def pairing(self, pairing: Pairing) -> Pairing:
        """The tiers that this variant keeps, with its margins.

        Raises:
            NotComputable: the whole funnel is asked for, and has not two stages.
        """
        funnel = pairing.funnel
        tiers = [tier for tier in funnel.effective_tiers() if not self.tiers or tier.name in self.tiers]
        if self.pairs == "funnel":
            if len(funnel.stages) < 2:
                raise NotComputable(
                    "pairs over the whole funnel need two stages or more, however: the schema names "
                    f"{len(funnel.stages)}; name them as funnel.stages, and roles.stage"
                )
            tiers = list(whole_funnel(funnel.stages).effective_tiers())
        if self.margins == "zero":
            tiers = [replace(tier, margin=0.0) for tier in tiers]
        if self.margins == "weights":
            tiers = [replace(tier, margin=0.0, weight=tier.weight * float(np.exp(tier.margin))) for tier in tiers]
        return Pairing(replace(funnel, tiers=tuple(tiers)), pairing.bounds)


Start = Mapping[str, tuple[Tensor, Tensor]]
"""Weights (1, D + T) and bias (1,) over h, by head: where a network begins."""


class Frozen(nn.Module):
    """The network of the drawing."""

    def __init__(self, start: Start, inputs: int, recipe: Recipe, variant: Variant) -> None:
        """`start`: heads not in it begin at zero; `inputs`: D + T."""
        super().__init__()
        hidden = recipe.hidden[0]
        self.trunk = nn.Sequential(nn.Linear(inputs, hidden), nn.GELU(), nn.Dropout(recipe.dropout))
        self.pointwise = nn.Linear(inputs + hidden, 1)
        self.pairwise = nn.Linear(inputs + hidden, 1)
        self.semantic_offset = nn.Linear(hidden, 2)
        for head in (self.pointwise, self.pairwise, self.semantic_offset):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)
        with torch.no_grad():
            for name, (weight, bias) in start.items():
                begun: nn.Linear = getattr(self, name)
                begun.weight[:, :inputs] = weight
                begun.bias.copy_(bias)
        if variant.frozen_pairwise:
            nn.init.normal_(self.pairwise.weight, std=(inputs + hidden) ** -0.5)
            self.pairwise.requires_grad_(False)

    def forward(self, part: Part) -> Outputs:
        h = torch.cat([part.text, part.x], dim=1)
        u = self.trunk(h)
        both = torch.cat([h, u], dim=1)
        offset = self.semantic_offset(u)
        said = torch.zeros(len(h), 3) if part.vocabulary is None else part.vocabulary
        yes, no = said[:, 0] + offset[:, 0], said[:, 1] + offset[:, 1]
        return Outputs(self.pointwise(both).squeeze(1), self.pairwise(both).squeeze(1), yes, no, said[:, 2])


def loss_of(variant: Variant, pairing: Pairing, top: int) -> Callable[[nn.Module, Part], Tensor]:
    """The variant's loss of a batch.

    `pairing`: as `Variant.pairing` gives it; `top`: the grade of a converted lead, so that stages below count as less.
    """
    hpro = HproLoss(variant.weights)
    nothing = _no_pairs(pairing)

    def loss(network: nn.Module, part: Part) -> Tensor:
        out: Outputs = network(part)
        converted = torch.from_numpy(part.converted)
        if variant.pair_loss == "hpro":
            some = variant.weights.pairwise > 0
            pairs = pairing.pairs(part.stage, part.converted, part.call_seconds) if some else nothing
            return hpro(out.as_dict(), converted, pairs).total
        weights = variant.weights
        if variant.pair_loss == "rcr":
            both = weights.pointwise + weights.pairwise
            total = both * rcr_loss(out.logit, converted, share=weights.pairwise / both)
        else:
            if variant.pair_loss == "bpr":
                pairwise = bpr_loss(out.score, converted)
            else:
                by_grade = lambdarank_loss if variant.pair_loss == "lambdarank" else listmle_loss
                pairwise = by_grade(out.score, torch.from_numpy(grades_of(part, top)))
            total = weights.pointwise * pointwise_loss(out.logit, converted) + weights.pairwise * pairwise
        if weights.semantic:
            total = total + weights.semantic * semantic_loss(out.yes, out.no, out.other, converted)
        return total

    return loss


def grades_of(part: Part, top: int) -> np.ndarray:
    """How deep each lead came, (n,) int64: its stage, `top` where it converted, -1 where neither is known."""
    return np.where(part.converted == 1, top, part.stage)


def need_pairs(variant: Variant, pairing: Pairing, part: Part, top: int) -> None:
    """Make sure that the variant's pairs can teach something; arguments as for `loss_of`.

    Raises:
        NotComputable: none of the leads of `part` outranks another one.
    """
    if variant.weights.pairwise == 0 or variant.pair_loss in ("bpr", "rcr"):
        return
    if variant.pair_loss == "hpro":
        tiers = ", ".join(tier.name for tier in pairing.funnel.effective_tiers())
        wanted = f"by these tiers: {tiers}"
        some = len(pairing.pairs(part.stage, part.converted, part.call_seconds, limit=1)) > 0
    else:
        wanted = "by the stage reached"
        grade = grades_of(part, top)
        some = len(np.unique(grade[grade >= 0])) > 1
    if not some:
        raise NotComputable(
            f"the {len(part):,} training leads make no pair to learn from, {wanted}; {int((part.stage >= 0).sum()):,} "
            "of them have a known stage: name roles.stage and funnel.stages, so that stages can be told apart"
        )


def answer_of(rank_by: str) -> Callable[[nn.Module, Part], Tensor]:
    """What ranks: the pointwise logit, the pairwise score, or both on one scale."""

    def answer(network: nn.Module, part: Part) -> Tensor:
        out: Outputs = network(part)
        heads = {"pointwise": out.logit, "pairwise": out.score, "blend": torch.stack([out.logit, out.score], dim=1)}
        return heads[rank_by]

    return answer


def _no_pairs(pairing: Pairing) -> Pairs:
    none = np.empty(0, dtype=np.int64)
    return Pairs(none, none, none.astype(np.float32), none.astype(np.int16), pairing.funnel.effective_tiers())
