"""Where networks over frozen states begin: heads fitted as the product's own, once for all variants that share them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.config import LossWeights
from core.data.pairs import Pairing
from core.errors import NotComputable
from core.neural import starts as module
from core.neural.asllr import Encoded
from core.neural.costs import Costs
from core.neural.embedding import Three, principal_components
from core.neural.frozen import Frozen, Variant
from core.neural.networks import Part, Recipe
from core.neural.probe import fit_probe
from core.neural.starts import FEW_FOLDS, FOLDS, Starts
from tests.made import make_leads, tiny_config

LEADS = make_leads(200, words=False)
PAIRING = Pairing.fit(LEADS)
CUSTOMERS = LEADS.roles["customer_id"].to_numpy(dtype=object)


def part() -> Part:
    """Fields, and components of states that know a little of the outcome, each column on a scale of its own."""
    rng = np.random.default_rng(0)
    states = (rng.normal(size=(200, 12)) + 0.4 * LEADS.converted[:, None]) * np.logspace(-2, 2, 12) + 5
    encoded = replace(Encoded.empty(200), states=torch.from_numpy(states).float())
    text = principal_components(Three(encoded, encoded, encoded), 0).train
    fields = torch.from_numpy(LEADS.features[["a"]].to_numpy(dtype=np.float32, copy=True))
    return Part(fields, text, LEADS.converted, LEADS.stage, LEADS.call_seconds)


@pytest.fixture(scope="module")
def starts() -> Starts:
    return Starts(part(), CUSTOMERS, tiny_config(), Costs())


def of(starts: Starts, variant: Variant, seed: int = 0) -> dict:
    return dict(starts.of(variant, variant.pairing(PAIRING), seed))


def test_a_network_begins_with_the_answers_of_the_products_own_heads(starts: Starts) -> None:
    leads, variant = part(), Variant(LossWeights(semantic=0.0))
    network = Frozen(of(starts, variant), leads.text.shape[1] + 1, Recipe(), variant).eval()
    heads = fit_probe(starts.data, PAIRING, tiny_config("loss.semantic=0"), FOLDS).heads
    with torch.no_grad():
        ours, theirs = network(leads), heads(starts.data.encoded, leads.x)
    for one, other in ((ours.logit, theirs.logit), (ours.score, theirs.score)):
        assert float(theirs.logit.std()) > 0.3
        # Components are whitened by n - 1 and the heads standardise by n: a quarter of a percent apart here.
        assert float((one - other).abs().max()) < 0.01 * float(other.std())


def test_heads_that_variants_share_are_fitted_once(starts: Starts) -> None:
    hpro = of(starts, Variant())
    for same in (Variant(rank_by="blend"), Variant(stratify=False), Variant(LossWeights(semantic=0.0))):
        again = of(starts, same)
        assert again["pointwise"] is hpro["pointwise"] and again["pairwise"] is hpro["pairwise"]
    for other in (Variant(margins="zero"), Variant(pairs="funnel"), Variant(tiers=("key_action",))):
        changed = of(starts, other)
        assert changed["pointwise"] is hpro["pointwise"]
        assert not torch.allclose(changed["pairwise"][0], hpro["pairwise"][0], rtol=0.01)
    assert of(starts, Variant(), seed=1)["pairwise"] is not hpro["pairwise"]


def test_only_heads_that_learn_are_begun(starts: Starts) -> None:
    pointwise = of(starts, Variant())["pointwise"]
    untaught = (Variant(frozen_pairwise=True), Variant(pair_loss="rcr"), Variant(LossWeights(pairwise=0.0)))
    assert all(of(starts, variant) == {"pointwise": pointwise} for variant in untaught)
    for pair_loss in ("bpr", "lambdarank", "listmle"):
        assert of(starts, Variant(pair_loss=pair_loss)) == {"pointwise": pointwise, "pairwise": pointwise}


def test_many_leads_take_fewer_folds(starts: Starts, monkeypatch: pytest.MonkeyPatch) -> None:
    assert starts.folds == FOLDS
    monkeypatch.setattr(module, "MANY_LEADS", 199)
    assert Starts(part(), CUSTOMERS, tiny_config(), Costs()).folds == FEW_FOLDS


def test_one_outcome_alone_is_refused() -> None:
    alone = replace(part(), converted=np.zeros(200))
    with pytest.raises(NotComputable, match="at least two converted"):
        Starts(alone, CUSTOMERS, tiny_config(), Costs()).of(Variant(), PAIRING, 0)
