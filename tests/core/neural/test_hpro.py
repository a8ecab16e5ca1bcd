import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from torch import Tensor, nn

from core.config import LossWeights
from core.data.pairs import Pairs, make_pairs
from core.errors import ConfigError
from core.funnel import PRESETS, Tier
from core.neural.hpro import HproLoss, center_loss, margin_loss, output_gradients, pointwise_loss, semantic_loss

FUNNEL = PRESETS["automotive"]


def pair_tensors(chosen, rejected, margin, tier) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return torch.tensor(chosen), torch.tensor(rejected), torch.tensor(margin), torch.tensor(tier)


def batch(n: int = 40, seed: int = 0):
    rng = np.random.default_rng(seed)
    stage = rng.integers(0, 5, n)
    converted = (stage == 4).astype(float)
    converted[:3] = np.nan
    pairs = make_pairs(stage, converted, rng.exponential(60, n), FUNNEL)
    assert pairs.counts.min() > 0
    return torch.from_numpy(converted), pairs


def random_outputs(n: int = 40, seed: int = 1) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(n, generator=generator) for name in ("logit", "score", "yes", "no", "other")}


def test_mean_within_tier_then_weighted_mean_over_tiers_present():
    score = torch.tensor([2.0, 0.0, 1.0])
    pairs = pair_tensors([0, 0, 2], [1, 2, 1], [1.0, 1.0, 0.5], [0, 0, 2])
    loss, means = margin_loss(score, *pairs, torch.tensor([1.0, 9.0, 3.0]))
    first = (np.log1p(np.exp(1.0 - 2.0)) + np.log1p(np.exp(1.0 - 1.0))) / 2
    third = np.log1p(np.exp(0.5 - 1.0))
    assert means[0].item() == pytest.approx(first)
    assert means[1].isnan()
    assert means[2].item() == pytest.approx(third)
    assert loss.item() == pytest.approx((1 * first + 3 * third) / 4)


def test_gradient_is_the_sigmoid_of_what_is_missing():
    difference = torch.tensor([-30.0, -1.0, 0.0, 0.5, 4.0, 30.0], dtype=torch.float64)
    for margin in (0.0, 0.1, 0.5, 1.0):
        for d in difference:
            score = torch.stack([d, torch.zeros_like(d)]).requires_grad_()
            loss, _ = margin_loss(score, *pair_tensors([0], [1], [margin], [0]), torch.ones(1))
            (gradient,) = torch.autograd.grad(loss, score)
            expected = torch.sigmoid(torch.tensor(margin).double() - d)
            assert gradient[0].item() == pytest.approx(-expected.item(), rel=1e-6)
            assert gradient[1].item() == pytest.approx(expected.item(), rel=1e-6)


def test_gradients_of_the_whole_loss_by_finite_differences():
    converted, pairs = batch(n=16)
    loss = HproLoss(LossWeights(center=0.01))
    names = ("logit", "score", "yes", "no", "other")
    values = [random_outputs(16)[name].double().requires_grad_() for name in names]
    assert torch.autograd.gradcheck(
        lambda *given: loss(dict(zip(names, given, strict=True)), converted, pairs).total, values, fast_mode=True
    )


@pytest.mark.parametrize(("margin", "optimum"), [(0.0, 0.85), (0.1, 0.89), (0.5, 1.09), (1.0, 1.43), (3.0, 3.29)])
def test_best_separation_when_three_in_ten_pairs_are_reversed(margin, optimum):
    pairs = pair_tensors([0] * 7 + [1] * 3, [1] * 7 + [0] * 3, [margin] * 10, [0] * 10)

    def at(d: float) -> float:
        return margin_loss(torch.tensor([d, 0.0], dtype=torch.float64), *pairs, torch.ones(1))[0].item()

    assert minimize_scalar(at, bounds=(0, 10), method="bounded").x == pytest.approx(optimum, abs=0.01)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=2, max_size=8), st.floats(0, 3, width=32))
def test_extreme_scores_match_float64(scores, margin):
    n = len(scores)
    pairs = pair_tensors(list(range(n - 1)), list(range(1, n)), [margin] * (n - 1), [0] * (n - 1))
    results = []
    for dtype in (torch.float32, torch.float64):
        score = torch.tensor(scores, dtype=dtype, requires_grad=True)
        loss, _ = margin_loss(score, *pairs, torch.ones(1))
        loss.backward()
        assert score.grad is not None and score.grad.isfinite().all()
        results.append((loss.item(), score.grad.double()))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-4, abs=1e-6)
    # A float32 score of 1e4 is itself known to 1e-3 only.
    torch.testing.assert_close(results[0][1], results[1][1], rtol=0, atol=1e-3)


@pytest.mark.parametrize("d", [-1e4, -100.0, 8.0, 16.0])
def test_half_precision_scores_keep_loss_and_gradient(d):
    score = torch.tensor([d, 0.03], dtype=torch.bfloat16, requires_grad=True)  # their difference has no bf16 value
    loss, _ = margin_loss(score, *pair_tensors([0], [1], [0.5], [0]), torch.ones(1))
    loss.backward()
    exact = (score[0].double() - score[1].double()).item()
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(np.logaddexp(0, 0.5 - exact), rel=1e-4)
    assert score.grad is not None
    assert -score.grad[0].item() == pytest.approx(1 / (1 + np.exp(exact - 0.5)), rel=1e-2)


def test_without_pairs_or_outcomes_every_term_is_a_zero_with_a_graph():
    none = np.empty(0, np.int64)
    pairs = Pairs(none, none, none.astype(np.float32), none.astype(np.int16), FUNNEL.tiers)
    outputs = {name: value.requires_grad_() for name, value in random_outputs(4).items()}
    terms = HproLoss()(outputs, torch.full((4,), torch.nan), pairs)
    assert [t.item() for t in (terms.total, terms.pointwise, terms.pairwise, terms.semantic)] == [0, 0, 0, 0]
    assert terms.tier_loss.isnan().all() and terms.tier_accuracy.isnan().all()
    terms.total.backward()
    for output in outputs.values():
        assert output.grad is not None
        assert output.grad.tolist() == [0, 0, 0, 0]


def test_semantic_loss_is_cross_entropy_over_the_whole_vocabulary():
    generator = torch.Generator().manual_seed(0)
    vocabulary = torch.randn(6, 50, generator=generator) * 5
    converted = torch.tensor([1.0, 0.0, torch.nan, 1.0, 0.0, 0.0])
    yes, no = 7, 30
    rest = [token for token in range(50) if token not in (yes, no)]
    other = vocabulary[:, rest].logsumexp(dim=1)
    known = ~converted.isnan()
    target = torch.where(converted[known] == 1, yes, no)
    expected = nn.functional.cross_entropy(vocabulary[known], target)
    torch.testing.assert_close(semantic_loss(vocabulary[:, yes], vocabulary[:, no], other, converted), expected)


def test_pointwise_loss_leaves_unknown_outcomes_out():
    logit = torch.tensor([2.0, -3.0, 50.0], requires_grad=True)
    loss = pointwise_loss(logit, torch.tensor([1.0, 0.0, torch.nan]))
    assert loss.item() == pytest.approx((np.log1p(np.exp(-2)) + np.log1p(np.exp(-3))) / 2)
    loss.backward()
    assert logit.grad is not None and logit.grad[2].item() == 0


def test_total_is_the_weighted_sum_and_accuracy_counts_ties_half():
    converted, pairs = batch()
    outputs = random_outputs()
    outputs["score"] = outputs["score"].round()  # ties
    terms = HproLoss(LossWeights(2.0, 1.0, 0.5, 0.01))(outputs, converted, pairs)
    center = center_loss(outputs["score"], torch.from_numpy(pairs.chosen), torch.from_numpy(pairs.rejected))
    expected = 2 * terms.pointwise + terms.pairwise + 0.5 * terms.semantic + 0.01 * center
    assert terms.total.item() == pytest.approx(expected.item())
    gap = outputs["score"].numpy()[pairs.chosen] - outputs["score"].numpy()[pairs.rejected]
    for number in range(3):
        here = gap[pairs.tier == number]
        assert terms.tier_accuracy[number].item() == pytest.approx((here > 0).mean() + (here == 0).mean() / 2)


def test_size_of_the_batch_does_not_change_the_mix():
    converted, pairs = batch()
    outputs = random_outputs()
    once = HproLoss()(outputs, converted, pairs)
    twice = HproLoss()(
        {name: torch.cat([value, value]) for name, value in outputs.items()},
        torch.cat([converted, converted]),
        Pairs(
            np.concatenate([pairs.chosen, pairs.chosen + 40]),
            np.concatenate([pairs.rejected, pairs.rejected + 40]),
            np.tile(pairs.margin, 2),
            np.tile(pairs.tier, 2),
            pairs.tiers,
        ),
    )
    for name in ("pointwise", "pairwise", "semantic"):
        assert getattr(once, name).item() == pytest.approx(getattr(twice, name).item(), rel=1e-5)


def test_without_semantic_weight_no_vocabulary_is_needed():
    converted, pairs = batch()
    outputs = {name: value for name, value in random_outputs().items() if name in ("logit", "score")}
    terms = HproLoss(LossWeights(semantic=0))(outputs, converted, pairs)
    assert terms.semantic.item() == 0
    assert terms.total.item() == pytest.approx((2 * terms.pointwise + terms.pairwise).item())
    with pytest.raises(ConfigError, match="pairwise must be at least 0"):
        LossWeights(pairwise=-1)


class Heads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 16), nn.GELU(), nn.Linear(16, 5))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return dict(zip(("logit", "score", "yes", "no", "other"), self.body(x).unbind(dim=1), strict=True))


def test_two_passes_give_the_gradient_of_one():
    torch.manual_seed(0)
    model, loss = Heads(), HproLoss(LossWeights(center=0.01))
    converted, pairs = batch()
    x = torch.randn(40, 6)

    loss(model(x), converted, pairs).total.backward()
    whole = [p.grad.clone() for p in model.parameters() if p.grad is not None]

    model.zero_grad()
    micro = torch.arange(40).split(7)
    with torch.no_grad():
        parts = [model(x[rows]) for rows in micro]
    outputs = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    with torch.no_grad():  # as the trainer may call it
        _, gradients = output_gradients(outputs, converted, pairs, loss)
    for rows in micro:
        again = model(x[rows])
        total = torch.stack([(again[name].float() * gradients[name][rows]).sum() for name in again]).sum()
        total.backward()
    split = [p.grad for p in model.parameters() if p.grad is not None]
    assert len(split) == len(whole) == 4
    for one, two in zip(whole, split, strict=True):
        torch.testing.assert_close(two, one, rtol=0, atol=1e-6)


def test_micro_batches_alone_would_lose_pairs():
    """The reason for two passes: plain accumulation is another gradient."""
    converted, pairs = batch()
    score = random_outputs()["score"].requires_grad_()
    none = torch.zeros(40)
    weights = LossWeights(pointwise=0, semantic=0)
    exact = output_gradients({"score": score, "logit": none}, converted, pairs, HproLoss(weights))[1]["score"]
    inside = (pairs.chosen < 20) == (pairs.rejected < 20)
    kept = Pairs(pairs.chosen[inside], pairs.rejected[inside], pairs.margin[inside], pairs.tier[inside], pairs.tiers)
    local = output_gradients({"score": score, "logit": none}, converted, kept, HproLoss(weights))[1]["score"]
    assert torch.cosine_similarity(exact, local, dim=0) < 0.9999


def test_unused_outputs_get_zero_gradients():
    converted, pairs = batch()
    _, gradients = output_gradients(random_outputs(), converted, pairs, HproLoss(LossWeights(semantic=0)))
    assert gradients["yes"].tolist() == [0] * 40
    assert gradients["score"].abs().max() > 0


def test_tier_weights_come_from_the_funnel():
    pairs = Pairs(
        np.array([0, 1]),
        np.array([1, 2]),
        np.zeros(2, np.float32),
        np.array([0, 1], np.int16),
        (Tier("a", 0.0, weight=3.0), Tier("b", 0.0)),
    )
    score = torch.tensor([1.0, 0.0, 2.0])
    terms = HproLoss(LossWeights(semantic=0))({"score": score, "logit": score}, torch.zeros(3), pairs)
    assert terms.pairwise.item() == pytest.approx((3 * np.log1p(np.exp(-1)) + np.log1p(np.exp(2))) / 4)
