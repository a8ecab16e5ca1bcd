"""Each ranking loss against what its paper says, written lead by lead."""

import math
from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch import Tensor

from core.neural.pair_losses import bpr_loss, lambdarank_loss, listmle_loss, rcr_loss

GRADED = (lambdarank_loss, listmle_loss)
BY_OUTCOME = (bpr_loss, rcr_loss)


def some(n: int = 12, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Scores, grades 0 to 3 and outcomes; of each of the latter two some are unknown."""
    rng = np.random.default_rng(seed)
    grade = rng.integers(-1, 4, n)
    converted = np.where(grade < 0, np.nan, grade == 3)
    assert {-1, 0, 3} <= set(grade)
    return torch.from_numpy(rng.normal(size=n)).float(), torch.from_numpy(grade), torch.from_numpy(converted)


def missing(chosen: float, rejected: float) -> float:
    return math.log1p(math.exp(rejected - chosen))


def test_bpr_is_the_mean_over_every_converted_lead_against_every_other() -> None:
    score, _, converted = some()
    s, y = score.tolist(), converted.tolist()
    losses = [missing(s[i], s[j]) for i in range(len(s)) for j in range(len(s)) if y[i] == 1 and y[j] == 0]
    assert bpr_loss(score, converted).item() == pytest.approx(np.mean(losses), rel=1e-5)


def ndcg(order: list[int], gain: list[float]) -> float:
    """Of leads in this order."""
    best = sum(one / math.log2(2 + place) for place, one in enumerate(sorted(gain, reverse=True)))
    return sum(gain[lead] / math.log2(2 + place) for place, lead in enumerate(order)) / best


def test_lambdarank_weighs_a_pair_by_what_its_exchange_does_to_ndcg() -> None:
    score, grade, _ = some()
    score[3] = score[5]  # a tie: the first of the two stands above
    kept = [lead for lead in range(len(score)) if grade[lead] >= 0]
    s, g = [score[lead].item() for lead in kept], [int(grade[lead]) for lead in kept]
    gain = [2.0**one - 1 for one in g]
    order = sorted(range(len(s)), key=lambda lead: -s[lead])
    losses, weights = [], []
    for i in range(len(s)):
        for j in range(len(s)):
            if g[i] <= g[j]:
                continue
            exchanged = [{i: j, j: i}.get(lead, lead) for lead in order]
            weights.append(abs(ndcg(exchanged, gain) - ndcg(order, gain)))
            losses.append(missing(s[i], s[j]))
    expected = np.average(losses, weights=weights)
    assert lambdarank_loss(score, grade).item() == pytest.approx(expected, rel=1e-5)
    assert expected != pytest.approx(np.mean(losses), rel=0.01)


def test_lambdarank_s_weights_carry_no_gradient() -> None:
    # With two leads there is one pair, whose weight is 1 whatever the scores are.
    score = torch.tensor([0.3, -0.2], requires_grad=True)
    lambdarank_loss(score, torch.tensor([0, 2])).backward()
    assert score.grad is not None
    assert score.grad.tolist() == pytest.approx([1 / (1 + math.exp(-0.5)), -1 / (1 + math.exp(-0.5))])


def choices(score: list[float], order: tuple[int, ...], chosen: int) -> float:
    """Chance under Plackett-Luce that the first `chosen` of these leads are taken in this order."""
    chance, left = 1.0, list(order)
    for _ in range(chosen):
        chance *= math.exp(score[left[0]]) / sum(math.exp(score[lead]) for lead in left)
        left.pop(0)
    return chance


def test_listmle_is_the_product_of_the_choices_of_the_graded_order() -> None:
    score, grade = [0.4, -1.0, 2.0, 0.1, -0.3, 0.9], torch.tensor([1, 3, -1, 2, 0, 0])
    # Of two leads of the lowest grade either order is right: three choices tell the list.
    expected = -math.log(choices(score, (1, 3, 0, 4, 5), chosen=3)) / 3
    assert listmle_loss(torch.tensor(score), grade).item() == pytest.approx(expected, rel=1e-5)


def test_listmle_orders_equal_grades_at_random() -> None:
    score, grade = [0.4, -1.0, 2.0, 0.1], torch.tensor([1, 1, 1, 0])
    expected = sorted(-math.log(choices(score, (*first, 3), chosen=3)) / 3 for first in permutations(range(3)))
    generator = torch.Generator().manual_seed(0)
    found = {round(listmle_loss(torch.tensor(score), grade, generator).item(), 4) for _ in range(60)}
    assert sorted(found) == pytest.approx(expected, abs=1e-4)


def test_rcr_is_a_share_of_cross_entropy_and_one_of_the_list_of_chances() -> None:
    score, _, converted = some()
    known = [(z, y) for z, y in zip(score.tolist(), converted.tolist(), strict=True) if not math.isnan(y)]
    q = [1 / (1 + math.exp(-z)) for z, _ in known]
    pointwise = -np.mean([math.log(p if y else 1 - p) for p, (_, y) in zip(q, known, strict=True)])
    won = [p for p, (_, y) in zip(q, known, strict=True) if y]
    listwise = -sum(math.log(p / sum(q)) for p in won) / len(won)
    for share in (0.0, 0.3, 1.0):
        expected = (1 - share) * pointwise + share * listwise
        assert rcr_loss(score, converted, share).item() == pytest.approx(expected, rel=1e-5)


def test_rcr_has_the_optimum_of_cross_entropy() -> None:
    # Two kinds of leads: 3 of 10 and 1 of 20 convert.
    kind = torch.tensor([0] * 10 + [1] * 20)
    converted = torch.tensor([1.0] * 3 + [0.0] * 7 + [1.0] + [0.0] * 19, dtype=torch.float64)

    def best(share: float) -> np.ndarray:
        def loss(logits: np.ndarray) -> tuple[float, np.ndarray]:
            z = torch.tensor(logits, requires_grad=True)
            value = rcr_loss(z[kind], converted, share)
            value.backward()
            assert z.grad is not None
            return value.item(), z.grad.numpy()

        return minimize(loss, np.zeros(2), jac=True, method="BFGS", options={"gtol": 1e-6}).x

    truth = [math.log(3 / 7), math.log(1 / 19)]
    assert best(0.0) == pytest.approx(truth, abs=0.01)
    assert best(0.5) == pytest.approx(truth, abs=0.01)
    assert best(0.9) == pytest.approx(truth, abs=0.02)


@pytest.mark.parametrize("loss", [*GRADED, *BY_OUTCOME])
def test_leads_of_which_nothing_is_known_change_nothing(loss: Callable[..., Tensor]) -> None:
    score, grade, converted = some()
    target = converted if loss in BY_OUTCOME else grade

    def value(score: Tensor, target: Tensor) -> Tensor:
        torch.manual_seed(0)  # ListMLE draws the order of equal grades
        return loss(score, target)

    known = grade >= 0
    score.requires_grad_()
    whole = value(score, target)
    assert whole.item() == pytest.approx(value(score[known], target[known]).item(), rel=1e-6)
    whole.backward()
    assert score.grad is not None and (score.grad[~known] == 0).all() and (score.grad[known] != 0).any()


NOTHING: dict[str, tuple[tuple[Callable[..., Tensor], ...], list[float]]] = {
    "no lead": ((*GRADED, *BY_OUTCOME), []),
    "one lead": (GRADED, [2]),
    "one grade": (GRADED, [1, 1, 1]),
    "no grade known": (GRADED, [-1, -1]),
    "all converted": ((bpr_loss,), [1, 1]),
    "none converted": ((bpr_loss,), [0, 0, math.nan]),
    "no outcome known": (BY_OUTCOME, [math.nan, math.nan]),
}


@pytest.mark.parametrize(("loss", "case"), [(loss, case) for case, (losses, _) in NOTHING.items() for loss in losses])
def test_a_batch_with_nothing_to_compare_is_a_zero_with_a_graph(loss: Callable[..., Tensor], case: str) -> None:
    target = NOTHING[case][1]
    score = torch.arange(len(target), dtype=torch.float32, requires_grad=True)
    found = loss(score, torch.tensor(target, dtype=torch.float64 if loss in BY_OUTCOME else torch.int64))
    assert found.item() == 0 and found.shape == ()
    found.backward()
    assert score.grad is not None and (score.grad == 0).all()


def test_rcr_without_a_converted_lead_keeps_its_share_of_cross_entropy() -> None:
    score, _, _ = some()
    expected = 0.5 * np.mean([math.log1p(math.exp(z)) for z in score.tolist()])
    found = rcr_loss(score, torch.zeros(len(score)))
    assert found.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", [*GRADED, *BY_OUTCOME])
def test_losses_are_fp32_for_scores_in_bf16(loss: Callable[..., Tensor]) -> None:
    score, grade, converted = some()
    target = converted if loss in BY_OUTCOME else grade
    half = score.bfloat16().requires_grad_()
    torch.manual_seed(0)
    found = loss(half, target)
    torch.manual_seed(0)
    assert found.dtype == torch.float32 and found.item() == loss(half.detach().float(), target).item()
    found.backward()
    assert half.grad is not None and half.grad.dtype == torch.bfloat16 and half.grad.isfinite().all()
