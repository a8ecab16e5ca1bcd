"""Losses by hand, and what each does to a negative that looks like a positive."""

import pytest
import torch

from core.neural.segments.losses import CORRECTS, LOSSES, bce, corrected_bce, hill, nnpu, splc, weighted_bce

YES, NO = torch.ones(1), torch.zeros(1)


def slope(loss, z: float, given: torch.Tensor, now: torch.Tensor) -> float:
    at = torch.tensor([z], requires_grad=True)
    loss(at, given, now, 0.5).backward()
    assert at.grad is not None
    return float(at.grad)


def test_splc_by_hand() -> None:
    p = torch.sigmoid(torch.tensor(0.5))
    assert float(splc(torch.tensor([0.5]), NO, NO, 0.5)) == pytest.approx(float(-(p**2) * torch.log(1 - p)))
    assert float(splc(torch.tensor([0.5]), NO, YES, 0.5)) == pytest.approx(float(-((1 - p) ** 2) * torch.log(p)))
    assert float(splc(torch.tensor([1.5]), YES, YES, 0.5)) == pytest.approx(float(-((1 - p) ** 2) * torch.log(p)))


@pytest.mark.parametrize("p, expected", [(0.5, 0.1875), (0.9, 3 * 0.9**2 * 0.1**2)])
def test_the_pull_on_a_negative_falls_where_it_looks_positive(p: float, expected: float) -> None:
    z = float(torch.logit(torch.tensor(p)))
    assert slope(hill, z, NO, NO) == pytest.approx(expected, rel=1e-4)
    assert slope(bce, z, NO, NO) == pytest.approx(p, rel=1e-4)


def test_corrected_labels_count_where_the_loss_corrects() -> None:
    for name, loss in LOSSES.items():
        turned = slope(loss, 1.0, NO, YES) < 0
        assert turned == (name in CORRECTS), name
    assert slope(corrected_bce, 1.0, NO, YES) == pytest.approx(slope(bce, 1.0, YES, YES))


def test_weighted_bce_weighs_both_classes_the_same() -> None:
    z, given = torch.zeros(10), torch.tensor([1.0] + [0.0] * 9)
    each = torch.nn.functional.softplus(torch.tensor(0.0))
    assert float(weighted_bce(z, given, given, 0.5)) == pytest.approx(float(each))


def test_nnpu_is_never_below_the_positive_risk() -> None:
    z, given = torch.tensor([5.0, -5.0, -5.0]), torch.tensor([1.0, 0.0, 0.0])
    positive = 0.9 * torch.nn.functional.softplus(torch.tensor(-5.0))
    assert float(nnpu(z, given, given, 0.9)) == pytest.approx(float(positive))
    assert float(nnpu(z, torch.zeros(3), given, 0.9)) == pytest.approx(float(torch.nn.functional.softplus(z).mean()))


@pytest.mark.parametrize("name", LOSSES)
def test_far_logits_stay_finite(name: str) -> None:
    z = torch.tensor([-200.0, 200.0, 200.0, -200.0], requires_grad=True)
    given = torch.tensor([1.0, 0.0, 1.0, 0.0])
    LOSSES[name](z, given, given, 0.5).backward()
    assert z.grad is not None and torch.isfinite(z.grad).all()
