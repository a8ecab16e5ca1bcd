"""asLLR over frozen states: what each variant learns from, where its network begins, what stays frozen."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.config import LossWeights
from core.data.pairs import Pairing
from core.errors import NotComputable
from core.funnel import PRESETS, Funnel
from core.neural.frozen import Frozen, Variant, answer_of, loss_of, need_pairs
from core.neural.networks import Part, Recipe
from core.neural.pair_losses import rcr_loss

FUNNEL = PRESETS["automotive"]
PAIRING = Pairing(FUNNEL, {"soft_signal": np.tile([60.0, 200.0], (6, 1))})


def part(n: int = 40, components: int = 3, seed: int = 0) -> Part:
    rng = np.random.default_rng(seed)
    stage = rng.integers(-1, 5, n)
    converted = np.where(stage == 4, 1.0, np.where(stage < 0, np.nan, 0.0))
    return Part(
        torch.from_numpy(rng.normal(size=(n, 2)).astype(np.float32)),
        torch.from_numpy(rng.normal(size=(n, components)).astype(np.float32)),
        converted,
        stage,
        rng.uniform(0, 300, n),
        torch.from_numpy(rng.normal(size=(n, 3)).astype(np.float32)),
    )


def test_a_variant_keeps_its_tiers_and_margins() -> None:
    names = [tier.name for tier in Variant(tiers=("key_action",)).pairing(PAIRING).funnel.tiers]
    assert names == ["key_action"]
    assert [tier.margin for tier in Variant(margins="zero").pairing(PAIRING).funnel.tiers] == [0, 0, 0]
    weighed = Variant(margins="weights").pairing(PAIRING).funnel.tiers
    assert [(tier.margin, round(tier.weight, 3)) for tier in weighed] == [(0, 2.718), (0, 1.649), (0, 1.105)]
    whole = Variant(pairs="funnel").pairing(PAIRING).funnel.tiers
    assert [tier.weight for tier in whole] == [1, 2, 4, 8] and whole[-1].chosen == ("lock_in",)


def test_a_network_begins_as_the_heads_it_is_given() -> None:
    leads, rng = part(), torch.Generator().manual_seed(0)
    start = {
        name: (torch.randn(1, 5, generator=rng), torch.randn(1, generator=rng)) for name in ("pointwise", "pairwise")
    }
    network = Frozen(start, 5, Recipe(), Variant()).eval()
    h = torch.cat([leads.text, leads.x], dim=1)
    said = network(leads)
    assert torch.allclose(said.logit, (h @ start["pointwise"][0].T + start["pointwise"][1]).squeeze(1), atol=1e-5)
    assert torch.allclose(said.score, (h @ start["pairwise"][0].T + start["pairwise"][1]).squeeze(1), atol=1e-5)
    assert leads.vocabulary is not None and torch.equal(said.yes, leads.vocabulary[:, 0])
    both = answer_of("blend")(network, leads)
    assert torch.equal(both[:, 0], said.logit) and torch.equal(both[:, 1], said.score)


def test_a_frozen_ranking_head_stays_as_drawn_yet_teaches_the_trunk() -> None:
    variant = Variant(pair_loss="bpr", frozen_pairwise=True)
    torch.manual_seed(0)
    network = Frozen({}, 5, Recipe(), variant)
    loss_of(variant, PAIRING, top=4)(network, part()).backward()
    assert network.pairwise.weight.grad is None and bool(network.pairwise.weight.any())
    first = network.trunk[0]
    assert isinstance(first, torch.nn.Linear) and first.weight.grad is not None and bool(first.weight.grad.any())


@pytest.mark.parametrize("pair_loss", ["hpro", "bpr", "lambdarank", "listmle", "rcr"])
def test_every_pair_loss_falls_on_a_batch_with_unknown_outcomes(pair_loss: str) -> None:
    variant, leads = Variant(LossWeights(), pair_loss=pair_loss), part(80)
    torch.manual_seed(0)
    network = Frozen({}, 5, Recipe(dropout=0.0), variant)
    loss = loss_of(variant, PAIRING, top=4)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    values = []
    for _ in range(30):
        optimiser.zero_grad()
        value = loss(network, leads)
        value.backward()
        optimiser.step()
        values.append(value.item())
    assert np.isfinite(values).all() and values[-1] < 0.9 * values[0]


def test_without_weight_the_pairs_teach_nothing() -> None:
    variant = Variant(LossWeights(pairwise=0.0, semantic=0.0))
    network = Frozen({}, 5, Recipe(), variant)
    loss_of(variant, PAIRING, top=4)(network, part()).backward()
    assert network.pairwise.weight.grad is None or not network.pairwise.weight.grad.any()
    assert network.pointwise.weight.grad is not None and bool(network.pointwise.weight.grad.any())


def test_unknown_outcomes_and_stages_teach_no_head() -> None:
    leads = part(12)
    unknown = Part(leads.x, leads.text, np.full(12, np.nan), np.full(12, -1), np.full(12, np.nan), leads.vocabulary)
    for pair_loss in ("hpro", "bpr", "lambdarank", "listmle", "rcr"):
        variant = Variant(LossWeights(), pair_loss=pair_loss)
        network = Frozen({}, 5, Recipe(dropout=0.0), variant)
        value = loss_of(variant, PAIRING, top=4)(network, unknown)
        value.backward()
        assert value.item() == 0, pair_loss
        assert not any(one.grad is not None and one.grad.any() for one in network.parameters()), pair_loss


def test_margins_as_weights_pull_easy_pairs_as_the_margins_did() -> None:
    leads = part(200)
    pulls = {}
    for margins in ("own", "weights", "zero"):
        variant = Variant(LossWeights(pointwise=0.0, semantic=0.0), margins=margins, tiers=("global_dominance",))
        pairs = variant.pairing(PAIRING).pairs(leads.stage, leads.converted, leads.call_seconds)
        easy = 12.0  # both leads of a pair are so far apart that e^-x is all that is left of the logistic
        pulls[margins] = float(pairs.tiers[0].weight / (1 + np.exp(easy - pairs.margin[0])))
    assert pulls["own"] == pytest.approx(pulls["weights"], rel=1e-3)
    assert pulls["zero"] == pytest.approx(pulls["own"] / np.e, rel=1e-3)


def test_all_pair_losses_stand_beside_the_same_other_losses() -> None:
    """With equal scores and no stage known, what is left of each loss is what the pairs do not touch."""
    leads = part(60)
    network = Frozen({}, 5, Recipe(dropout=0.0), Variant()).eval()
    values = {}
    for pair_loss in ("hpro", "bpr", "lambdarank", "listmle", "rcr"):
        for semantic in (0.0, 0.5):
            variant = Variant(LossWeights(semantic=semantic), pair_loss=pair_loss)
            values[pair_loss, semantic] = loss_of(variant, PAIRING, top=4)(network, leads).item()
    added = {name: values[name, 0.5] - values[name, 0.0] for name, _ in values}
    assert min(added.values()) > 0.1 and max(added.values()) == pytest.approx(min(added.values()), rel=1e-4)
    # RCR is the conversion loss at its usual weight and, in place of the pairs, the list loss at theirs.
    out, won = network(leads), torch.from_numpy(leads.converted)
    both = 2 * rcr_loss(out.logit, won, share=0.0) + rcr_loss(out.logit, won, share=1.0)
    assert values["rcr", 0.0] == pytest.approx(both.item(), rel=1e-5)


def test_pairs_of_the_whole_funnel_need_two_stages() -> None:
    with pytest.raises(NotComputable, match="two stages or more, however: the schema names 0"):
        Variant(pairs="funnel").pairing(Pairing(Funnel(), {}))


@pytest.mark.parametrize(
    "variant",
    [Variant(pairs="funnel"), Variant(tiers=("key_action",)), Variant(pair_loss="listmle")],
    ids=["funnel", "one tier", "stages"],
)
def test_pairs_that_no_lead_makes_are_refused(variant: Variant) -> None:
    alike = replace(part(30), stage=np.full(30, 2), converted=np.zeros(30))
    with pytest.raises(NotComputable, match="30 training leads make no pair"):
        need_pairs(variant, variant.pairing(PAIRING), alike, top=5)
    need_pairs(variant, variant.pairing(PAIRING), part(30), top=5)
    need_pairs(replace(variant, weights=LossWeights(pairwise=0.0)), variant.pairing(PAIRING), alike, top=5)


def test_without_a_language_model_it_is_a_network_over_the_fields() -> None:
    leads = part(components=0)
    bare = Part(leads.x, leads.text, leads.converted, leads.stage, leads.call_seconds)
    variant = Variant(LossWeights(semantic=0.0))
    network = Frozen({"pointwise": (torch.tensor([[2.0, 0.0]]), torch.tensor([1.0]))}, 2, Recipe(), variant).eval()
    assert torch.allclose(network(bare).logit, 2 * bare.x[:, 0] + 1)
    loss_of(variant, PAIRING, top=4)(network, bare).backward()
    assert network.semantic_offset.weight.grad is None and network.pairwise.weight.grad is not None
