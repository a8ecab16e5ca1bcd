"""The probe: convex problems solved to their optimum, chosen out of fold, and blind to what it should not see."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from core import metrics
from core.config import PRESETS, with_settings
from core.data.pairs import Pairing, Reviewed
from core.errors import NotComputable
from core.funnel import Funnel, Tier
from core.neural.asllr import Encoded
from core.neural.probe import ProbeData, _LinearSolver, _pairwise, _pointwise, fit_probe
from core.progress import Event, Phase
from tests.made import make_leads

CONFIG = with_settings(PRESETS["cpu-quick"], ["seed=1"])


def data(n: int = 300, seed: int = 0) -> tuple[ProbeData, Pairing]:
    leads = make_leads(n, seed)
    rng = np.random.default_rng(seed)
    wish = leads.dialogue.str.contains("Yes").to_numpy(dtype=float)
    states = np.column_stack([wish + 0.3 * rng.normal(size=n), rng.normal(size=(n, 20))])
    tower = leads.features[["a"]].to_numpy()
    flat = torch.zeros(n)
    encoded = Encoded(torch.tensor(states).float(), torch.tensor(states[:, :4]).float(), flat, flat, flat)
    return (
        ProbeData(
            encoded,
            torch.tensor(tower).float(),
            leads.converted,
            leads.stage,
            leads.call_seconds,
            leads.roles["customer_id"].to_numpy(dtype=object),
        ),
        Pairing.fit(leads),
    )


def test_the_pointwise_head_is_logistic_regression() -> None:
    made, _ = data()
    x, strength = made.encoded.states, 0.05
    fitted = _LinearSolver(x, x.shape[1], _pointwise(made)).fit(np.arange(300), (strength, 1.0), 1, 0)
    sklearn = LogisticRegression(C=1 / (strength * 300), tol=1e-8, max_iter=5000).fit(x.numpy(), made.converted)
    np.testing.assert_allclose(fitted[0, :-1].numpy(), sklearn.coef_[0], atol=3e-3)


def test_the_pairwise_solution_is_a_minimum() -> None:
    made, pairing = data()
    x = made.encoded.states
    rows = np.arange(300)
    objective = _pairwise(made, pairing, CONFIG)
    fitted = _LinearSolver(x, x.shape[1], objective).fit(rows, (0.1, 1.0), 1, 0)
    loss_of = objective(rows)

    def value(w: torch.Tensor) -> float:
        return float(loss_of(x @ w[:, :-1].T + w[:, -1]) + 0.05 * (w[:, :-1] ** 2).sum())

    torch.manual_seed(0)
    best = value(fitted)
    assert all(value(fitted + 0.05 * torch.randn_like(fitted)) > best for _ in range(20))


def test_it_learns_and_its_out_of_fold_answers_are_honest() -> None:
    made, pairing = data()
    probe = fit_probe(made, pairing, CONFIG)
    assert probe.auc["pointwise"] > 0.75 and probe.auc["pairwise"] > 0.75
    shuffled = replace(made, converted=np.random.default_rng(3).permutation(made.converted), stage=np.full(300, -1))
    blind = fit_probe(shuffled, Pairing(Funnel(), {}), CONFIG)
    assert abs(metrics.auc(shuffled.converted, blind.out_of_fold["pointwise"]) - 0.5) < 0.12


def test_the_two_layer_head_learns_too() -> None:
    made, pairing = data()
    probe = fit_probe(made, pairing, replace(CONFIG, heads="two-layer"))
    assert probe.auc["pointwise"] > 0.7


def test_the_same_seed_gives_the_same_heads() -> None:
    made, pairing = data(120)
    one, two = (fit_probe(made, pairing, CONFIG).heads.state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_one_class_alone_is_refused() -> None:
    made, pairing = data(60)
    with pytest.raises(NotComputable, match="at least two converted"):
        fit_probe(replace(made, converted=np.zeros(60)), pairing, CONFIG)


def test_a_loss_without_weight_trains_no_head() -> None:
    made, pairing = data(120)
    probe = fit_probe(made, pairing, with_settings(CONFIG, ["loss.pairwise=0"]))
    assert "pairwise" not in probe.auc and not probe.heads.state_dict()["pairwise.weight"].any()


def test_pair_accuracy_is_the_share_of_pairs_in_order_out_of_fold() -> None:
    made, pairing = data()
    told: list[Event] = []
    probe = fit_probe(made, pairing, CONFIG, phase=Phase("fit heads", told.append))
    pairs = pairing.pairs(made.stage, made.converted, made.call_seconds, limit=20_000, seed=CONFIG.seed)
    score = probe.out_of_fold["pairwise"]
    first = pairs.tier == 0
    right = [score[c] > score[r] for c, r in zip(pairs.chosen[first], pairs.rejected[first], strict=True)]
    assert probe.pair_accuracy[pairs.tiers[0].name] == pytest.approx(np.mean(right))
    assert set(probe.pair_accuracy) == {tier.name for tier in pairs.tiers}
    assert told[-1].figures["out_of_fold_auc.pairwise"] == probe.auc["pairwise"]


def test_reviewed_pairs_turn_an_order_that_was_planted_wrong() -> None:
    made, pairing = data()
    wrong = np.zeros(300, dtype=bool)
    wrong[np.flatnonzero(made.converted == 1)[:20]] = True  # they ordered, and were entered as lost
    tower = torch.cat([made.tower, torch.tensor(wrong)[:, None].float()], dim=1)
    stage, converted = np.where(wrong, 0, made.stage), np.where(wrong, 0.0, made.converted)
    planted = replace(made, tower=tower, stage=stage, converted=converted)
    lost = np.flatnonzero(~wrong & (stage == 0))

    def learned(pairs: int) -> float:
        """How many points the ranking head puts leads that were entered wrongly above lost ones, all else alike."""
        chosen, rejected = np.resize(np.flatnonzero(wrong), pairs), np.resize(lost, pairs)
        nothing = np.empty((0, 2), dtype=np.int64), np.zeros(300, dtype=bool)
        tier = Tier("reviewed", 0.5, weight=min(1.0, max(pairs, 1) / 50))
        reviewed = replace(planted, reviewed=Reviewed(chosen, rejected, *nothing, tier))
        objective = _pairwise(reviewed, pairing, CONFIG)
        fitted = _LinearSolver(tower, 0, objective).fit(np.arange(300), (1.0, 0.003), 1, 0)
        return float(fitted[0, 1])

    assert learned(0) < learned(5) < 0 < learned(60)


def test_reviews_of_nothing_change_no_bit() -> None:
    made, pairing = data(120)
    none, no_pair = np.empty(0, np.int64), np.empty((0, 2), np.int64)
    nothing = Reviewed(none, none, no_pair, np.zeros(120, bool), Tier("reviewed", 0.5))
    one, two = (fit_probe(each, pairing, CONFIG).heads.state_dict() for each in (made, replace(made, reviewed=nothing)))
    assert all(torch.equal(one[name], two[name]) for name in one)
