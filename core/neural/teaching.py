r"""Which tier of the funnel teaches the ranking head what: one vector per tier, beside the head's weights.

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

Where LoRA trained the language model along with the head, nothing holds w to a minimum under fixed x. What is left is
the same pull at the weights as they are, over the states as they came to be,

    p_t = -grad L_t(w),    p_t . (x_A - x_B): how hard the tier's pairs push for A above B at the end of training

which are directions to be held against each other; they are no parts of w, and sum to nothing.

Source: own derivation; the argument is that of the representer theorem (Schölkopf et al. 2001), and of representer
points (Yeh et al. 2018, arXiv 1811.09720) with tiers in place of single examples.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.config import Config
from core.data.leads import Leads
from core.data.pairs import Pairing, Pairs, Reviewed
from core.data.sampling import mostly_won
from core.data.splitting import split_by_time
from core.funnel import whole_funnel
from core.neural.hpro import margin_loss
from core.neural.probe import PAIRS_PER_TIER, Probe, ProbeData
from core.neural.scorer import NeuralScorer
from core.progress import Watch, nobody

REST = "(rest)"
"""What no tier accounts for, under a name that a tier would hardly have; where it is missing, nothing sums."""
PUSHING_LEADS = 512
"""Training leads whose pairs are asked how they push. Source: ours, for two minutes of reading on a CPU."""


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
    stopped = head.weight.detach().double()[0]
    settled = _settled(stopped, lambda weights: _losses(x, pairs, weights)[0] + 0.5 * (strength * weights**2).sum())
    parts = {name: pull / strength for name, pull in _pulls(x, pairs, settled).items()}
    parts[REST] = stopped - torch.stack(list(parts.values())).sum(dim=0)
    return {name: part.float() for name, part in parts.items()}


def pushed_by_tier(
    scorer: NeuralScorer, leads: Leads, pairing: Pairing, reviewed: Reviewed | None = None, watch: Watch = nobody
) -> dict[str, Tensor]:
    """By tier that has pairs among these training leads: where it pushes the ranking head at its final weights.

    {} for a head of two layers, and where there is no pair.

    Args:
        leads: some of those that trained the run; each is read once.
        reviewed: what people said of pairs among them.

    Shape: (D + T,) fp32 each, over standardised states beside encoded fields.
    """
    head = scorer.model.heads.pairwise
    pairs = pairing.pairs(
        leads.stage,
        leads.converted,
        leads.call_seconds,
        limit=PAIRS_PER_TIER,
        seed=scorer.run.config.seed,
        reviewed=reviewed,
    )
    if not isinstance(head, nn.Linear) or not len(pairs):
        return {}
    encoded, tower = scorer.read(leads, watch)
    with torch.no_grad():
        x = scorer.model.heads.cpu().features(encoded, torch.from_numpy(tower)).double()
    return {name: pull.float() for name, pull in _pulls(x, pairs, head.weight.detach().double()[0]).items()}


def pushes_of(scorer: NeuralScorer, leads: Leads, watch: Watch = nobody) -> dict[str, Tensor]:
    """`pushed_by_tier` of a finished run, over a sample of the leads that it was trained on.

    {} where `leads` are others than those, or where people's reviews, which are not kept with a run, had a part in it.
    """
    run = scorer.run
    if leads.content_hash != run.card.get("data", {}).get("sha256") or "reviews" in run.card:
        return {}
    train = split_by_time(leads).train
    pairing = Pairing.fit(leads.take(train))
    if str(run.card.get("decisions", {}).get("pairs", "")).startswith("funnel"):
        pairing = Pairing(whole_funnel(run.schema.funnel.stages), {})
    rows = mostly_won(train, leads.converted, PUSHING_LEADS, run.config.seed)
    return pushed_by_tier(scorer, leads.take(rows), pairing, watch=watch)


def _losses(x: Tensor, pairs: Pairs, weights: Tensor) -> tuple[Tensor, Tensor]:
    """HPRO's pair loss of a linear head over x (n, D + T), and the mean of each tier (tiers,)."""
    chosen, rejected, margin = (torch.from_numpy(a) for a in (pairs.chosen, pairs.rejected, pairs.margin))
    tier, weight = torch.from_numpy(pairs.tier).long(), torch.tensor([t.weight for t in pairs.tiers]).double()
    return margin_loss(x @ weights, chosen, rejected, margin.double(), tier, weight)


def _pulls(x: Tensor, pairs: Pairs, weights: Tensor) -> dict[str, Tensor]:
    """By tier that has pairs: -grad of its share of the loss at `weights`, (D + T,)."""
    at = weights.detach().clone().requires_grad_()
    present = [number for number, count in enumerate(pairs.counts.tolist()) if count]
    weight, means = torch.tensor([t.weight for t in pairs.tiers]).double(), _losses(x, pairs, at)[1]
    pulls = {}
    for number in present:
        share = weight[number] / weight[present].sum()
        (slope,) = torch.autograd.grad(share * means[number], at, retain_graph=True)
        pulls[pairs.tiers[number].name] = -slope
    return pulls


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
