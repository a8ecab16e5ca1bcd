"""Which tier taught the ranking head what: parts that sum to it, from nothing but its own loss."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from core.config import PRESETS, with_settings
from core.data.leads import Leads
from core.data.pairs import Pairing
from core.funnel import Funnel, Tier
from core.neural.asllr import Encoded, Heads
from core.neural.probe import Probe, ProbeData, fit_probe
from core.neural.scorer import NeuralScorer
from core.neural.teaching import REST, pushes_of, taught_by_tier
from core.neural.trainer import Trained, train_run
from core.progress import nobody
from tests.made import make_leads, tiny_config

CONFIG = with_settings(PRESETS["cpu-quick"], ["seed=1"])
LORA = tiny_config("probe=false", "fields=both", "epochs=1")
STAGES = ("lost", "call", "sold")
SALE, CALL = Tier("sale", 1.0, ("sold",), ("lost", "call")), Tier("talk", 0.2, ("call", "sold"), ("lost",), weight=0.5)
Fitted = tuple[Probe, ProbeData, Pairing]


def fitted(*tiers: Tier, **more: str) -> Fitted:
    """Fields alone: the first column decides the sale, the second the call, the third nothing."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    converted = (x[:, 0] + 0.5 * rng.normal(size=200) > 0.7).astype(float)
    stage = np.where(converted == 1, 2, (x[:, 1] + 0.5 * rng.normal(size=200) > 0).astype(int))
    data = ProbeData(
        Encoded.empty(200), torch.tensor(x).float(), converted, stage, np.full(200, np.nan), np.arange(200)
    )
    pairing = Pairing(Funnel(STAGES, tiers), {})
    config = with_settings(CONFIG, [f"{name}={value}" for name, value in more.items()])
    return fit_probe(data, pairing, config), data, pairing


@pytest.fixture(scope="module")
def both() -> Fitted:
    return fitted(SALE, CALL)


def weights(probe: Probe) -> torch.Tensor:
    assert isinstance(probe.heads.pairwise, nn.Linear)
    return probe.heads.pairwise.weight.detach()[0]


def test_the_parts_of_the_tiers_sum_to_the_head(both: Fitted) -> None:
    probe, data, pairing = both
    parts = taught_by_tier(probe, data, pairing, CONFIG)
    assert set(parts) == {"sale", "talk", REST}
    assert torch.stack(list(parts.values())).sum(dim=0) == pytest.approx(weights(probe), abs=1e-5)
    # The head stopped within L-BFGS's tolerance of the minimum, where nothing is left.
    assert parts[REST].norm() < 0.02 * weights(probe).norm()


def test_each_tier_teaches_what_its_pairs_tell_apart(both: Fitted) -> None:
    probe, data, pairing = both
    parts = taught_by_tier(probe, data, pairing, CONFIG)
    assert parts["sale"].argmax() == 0 and parts["talk"].argmax() == 1


def test_a_part_is_the_pull_of_the_tiers_pairs_over_the_strength(both: Fitted) -> None:
    """The closed form of the docstring, over all pairs, at the head as it is."""
    probe, data, pairing = both
    parts = taught_by_tier(probe, data, pairing, CONFIG)
    x, w = data.tower.double().numpy(), weights(probe).double().numpy()
    score, (_, strength) = x @ w, probe.strengths["pairwise"]
    pairs = pairing.pairs(data.stage, data.converted, data.call_seconds)
    for number, tier in enumerate(pairs.tiers):
        own = pairs.tier == number
        apart = x[pairs.chosen[own]] - x[pairs.rejected[own]]
        pull = 1 / (1 + np.exp(score[pairs.chosen[own]] - score[pairs.rejected[own]] - tier.margin))
        wanted = tier.weight / (SALE.weight + CALL.weight) * (pull[:, None] * apart).mean(axis=0) / strength
        assert parts[tier.name].numpy() == pytest.approx(wanted, rel=0.05, abs=0.02)


def test_a_single_tier_taught_it_all() -> None:
    probe, data, pairing = fitted(SALE)
    parts = taught_by_tier(probe, data, pairing, CONFIG)
    assert parts["sale"] == pytest.approx(weights(probe), rel=0.02, abs=0.01)


def test_a_tier_without_pairs_has_no_part(both: Fitted) -> None:
    probe, data, _ = fitted(SALE, replace(CALL, chosen=("call",), rejected=("lost",)))
    nobody = replace(data, stage=np.where(data.stage == 1, -1, data.stage))
    parts = taught_by_tier(
        probe, nobody, Pairing(Funnel(STAGES, (SALE, Tier("x", 0.1, ("call",), ("lost",)))), {}), CONFIG
    )
    assert set(parts) == {"sale", REST}


def test_it_is_not_told_of_other_heads(both: Fitted) -> None:
    probe, data, pairing = both
    assert taught_by_tier(replace(probe, heads=Heads(0, 0, 3, "two-layer")), data, pairing, CONFIG) == {}
    probe, data, pairing = fitted(SALE, **{"loss.pairwise": "0"})
    assert taught_by_tier(probe, data, pairing, CONFIG) == {}


def test_a_trained_run_has_it_and_it_fits_its_heads(probed: Trained) -> None:
    parts = probed.run.teaching
    assert {"global_dominance", "key_action", "soft_signal"} == set(parts) - {REST}
    own = probed.run.heads["pairwise.weight"][0]
    assert torch.stack(list(parts.values())).sum(dim=0) == pytest.approx(own, abs=1e-5)
    assert parts[REST].norm() < 0.05 * own.norm()


def test_a_run_with_lora_knows_where_each_tier_pushes(tmp_path: Path) -> None:
    """At the head's minimum the push is the part, but for the strength; so it is the same formula."""
    leads = make_leads()
    tuned = train_run(leads, np.arange(160), np.arange(160, 240), LORA, tmp_path, nobody)
    pushes = tuned.run.teaching
    assert tuned.run.adapter and set(pushes) == {"global_dominance", "key_action", "soft_signal"}
    x = features(tuned.scorer, leads.take(np.arange(160)))
    pairing = Pairing.fit(leads.take(np.arange(160)))
    pairs = pairing.pairs(leads.stage[:160], leads.converted[:160], leads.call_seconds[:160])
    w, sale = tuned.run.heads["pairwise.weight"][0].double(), pairs.tiers.index(pairs.tiers[0])
    own = pairs.tier == sale
    apart = (x[pairs.chosen[own]] - x[pairs.rejected[own]]).numpy()
    pull = torch.sigmoid(torch.tensor(pairs.margin[own]).double() - torch.tensor(apart) @ w).numpy()
    share = pairs.tiers[sale].weight / sum(tier.weight for tier in pairs.tiers)
    wanted = share * (pull[:, None] * apart).mean(axis=0)
    assert pushes[pairs.tiers[sale].name].numpy() == pytest.approx(wanted, abs=1e-4)
    # A sale over a loss asks for a sale: its pairs push leads that ordered above those that did not.
    won, along = leads.converted[:160] == 1, x @ pushes["global_dominance"].double()
    assert along[won].mean() > along[~won].mean()


def test_a_finished_run_learns_it_from_the_leads_that_trained_it_alone(probed: Trained) -> None:
    leads = make_leads()
    leads = replace(leads, schema=replace(leads.schema, split=replace(leads.schema.split, train_share=0.7)))
    run = replace(probed.run, card={"data": {"sha256": leads.content_hash}}, teaching={})
    old = NeuralScorer(run, probed.scorer.model, probed.scorer.writer, probed.scorer.device, "old")
    pushes = pushes_of(old, leads)
    assert set(pushes) == set(probed.run.teaching) - {REST}
    # The head of the probe lies at its minimum, where what pushes is what taught: the same direction, tier by tier.
    for name, push in pushes.items():
        taught = probed.run.teaching[name]
        assert torch.cosine_similarity(push[-3:], taught[-3:], dim=0) > 0.8
    assert pushes_of(old, leads.take(np.arange(200))) == {}
    reviewed = replace(run, card={**run.card, "reviews": {}})
    assert pushes_of(NeuralScorer(reviewed, old.model, old.writer, old.device, "reviewed"), leads) == {}


def features(scorer: NeuralScorer, leads: Leads) -> torch.Tensor:
    encoded, tower = scorer.read(leads)
    with torch.no_grad():
        return scorer.model.heads.features(encoded, torch.from_numpy(tower)).double()
