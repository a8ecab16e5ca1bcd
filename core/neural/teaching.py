r"""Which tier of the funnel taught the ranking head what: its weights as a sum of one vector per tier, and a rest.

The probe's ranking head w minimises, over standardised inputs x and with a strength k of L2 for each column,

    sum over tiers t of L_t(w)  +  1/2 sum over columns of k w^2          L_t: the tier's share of HPRO's pair loss

At the minimum the gradient is zero, which splits the weights without any choice of ours:

    w  =  sum over t of w_t,    w_t = -(1/k) grad L_t(w)
       =  sum over t of (1/k) (share_t / pairs_t) sum over its pairs of sigmoid(m - (s_i - s_j)) (x_i - x_j)

so that the difference of two leads' scores is a sum over tiers too, s_A - s_B = sum over t of w_t . (x_A - x_B): what
was learned from pairs of each tier. A tier's vector is what its pairs pull for when all tiers have settled; it is not
what a model taught by that tier alone would be.

The head stops a little before the minimum (`probe._LinearSolver`), and (1/k) would blow that gap up. So the minimum
is found to ten digits from where the head stopped, the parts are taken there, and the head's distance from it is the
rest.

Source: own derivation; the argument is that of the representer theorem (Schölkopf et al. 2001), and of representer
points (Yeh et al. 2018, arXiv 1811.09720) with tiers in place of single examples.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.config import Config
from core.data.pairs import Pairing
from core.neural.hpro import margin_loss
from core.neural.probe import PAIRS_PER_TIER, Probe, ProbeData

REST = "(rest)"
"""What no tier accounts for, under a name that a tier would hardly have."""


def taught_by_tier(probe: Probe, data: ProbeData, pairing: Pairing, config: Config) -> dict[str, Tensor]:
    """By tier that had pairs, and REST: its part of the ranking head's weights, which all parts sum to.

    {} where it cannot be told: a head of two layers, or one that learned from no pair.

    Args:
        probe, data, pairing, config: as the ranking head was fitted with.

    Shape: (D + T,) fp32 each, over standardised states beside encoded fields.
    """
    head = probe.heads.pairwise
    if not isinstance(head, nn.Linear) or "pairwise" not in probe.strengths:
        return {}
    pairs = pairing.pairs(
        data.stage,
        data.converted,
        data.call_seconds,
        limit=PAIRS_PER_TIER,
        seed=config.seed,
        reviewed=data.reviewed,
    )
    if not len(pairs):
        return {}
    x = probe.heads.features(data.encoded, data.tower).detach().double()
    wide, (of_states, of_tower) = data.encoded.states.shape[1], probe.strengths["pairwise"]
    strength = torch.full((x.shape[1],), of_tower, dtype=torch.float64)
    strength[:wide] = of_states
    chosen, rejected, margin = (torch.from_numpy(a) for a in (pairs.chosen, pairs.rejected, pairs.margin))
    tier, weight = torch.from_numpy(pairs.tier).long(), torch.tensor([t.weight for t in pairs.tiers]).double()

    def losses(weights: Tensor) -> tuple[Tensor, Tensor]:
        return margin_loss(x @ weights, chosen, rejected, margin.double(), tier, weight)

    stopped = head.weight.detach().double()[0]
    settled = _settled(stopped, lambda weights: losses(weights)[0] + 0.5 * (strength * weights**2).sum())
    present = [number for number, count in enumerate(pairs.counts.tolist()) if count]
    means = losses(settled.requires_grad_())[1]
    parts = {}
    for number in present:
        share = weight[number] / weight[present].sum()
        (pull,) = torch.autograd.grad(share * means[number], settled, retain_graph=True)
        parts[pairs.tiers[number].name] = -pull / strength
    parts[REST] = stopped - torch.stack(list(parts.values())).sum(dim=0)
    return {name: part.float() for name, part in parts.items()}


def _settled(start: Tensor, loss_of) -> Tensor:
    """The minimum near `start`."""
    weights = start.clone().requires_grad_()
    optimiser = torch.optim.LBFGS(
        [weights],
        max_iter=500,
        history_size=30,
        tolerance_grad=1e-10,
        tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = loss_of(weights)
        loss.backward()
        return loss

    optimiser.step(closure)
    return weights.detach()
