import numpy as np
import pytest
import torch

from core.errors import NotComputable
from core.neural.funnel_networks.steps import Steps, steps_loss
from core.neural.networks import Part

NAN = np.nan


def leads(stage: list[int], converted: list[float]) -> Part:
    n = len(stage)
    return Part(torch.zeros(n, 0), torch.zeros(n, 0), np.array(converted), np.array(stage), np.full(n, NAN))


def test_the_last_stage_is_no_step_of_its_own_where_it_means_conversion():
    part = leads([0, 1, 2, 3, 3], [0, 0, 0, 1, 1])
    assert Steps.of(part) == Steps((1, 2))
    assert Steps.of(part).count == 3
    assert Steps.of(part).passed(part).tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1]]


def test_conversion_comes_after_a_last_stage_that_not_all_convert_from():
    part = leads([0, 1, 2, 2], [0, 0, 0, 1])
    assert Steps.of(part) == Steps((1, 2))
    assert Steps.of(part).passed(part)[2].tolist() == [1, 1, 0]


def test_a_converted_lead_has_passed_every_step_and_what_is_unknown_stays_unknown():
    part = leads([0, 1, 2, -1, -1, 0, 2], [0, 0, 0, 1, 0, 1, NAN])
    steps = Steps.of(part)
    assert steps == Steps((1, 2))
    assert steps.passed(part)[3:].tolist()[0] == [1, 1, 1]
    np.testing.assert_equal(steps.passed(part)[4:], [[NAN, NAN, 0], [1, 1, 1], [1, 1, NAN]])


def test_steps_that_cannot_be_told_apart_are_one():
    # No lead is at stage 1 or 3, and all at stage 4 converted.
    assert Steps.of(leads([0, 2, 2, 4], [0, 0, 0, 1])) == Steps((2,))
    # All leads that stopped at stage 1 converted, so that nobody passed step 1 without step 2.
    assert Steps.of(leads([0, 1, 2, 2], [0, 1, 0, 1])) == Steps((1,))


def test_without_stages_conversion_is_the_one_step():
    part = leads([-1, -1], [0, 1])
    assert Steps.of(part) == Steps(())
    assert Steps.of(part).passed(part).tolist() == [[0], [1]]


@pytest.mark.parametrize("converted", [[0.0, 0.0], [1.0, 1.0], [NAN, NAN], [NAN, 1.0]])
def test_one_outcome_alone_teaches_nothing(converted):
    with pytest.raises(NotComputable, match="needs converted and unconverted leads"):
        Steps.of(leads([0, 1], converted))


def test_loss_is_the_sum_over_steps_of_the_mean_over_known_leads():
    logits = torch.tensor([[2.0, -1.0], [0.5, 3.0], [-1.0, 9.0]], requires_grad=True)
    passed = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, NAN]], dtype=torch.float64)
    first = (np.log1p(np.exp(-2.0)) + np.log1p(np.exp(0.5)) + np.log1p(np.exp(-1.0))) / 3
    second = (np.log1p(np.exp(-1.0)) + np.log1p(np.exp(-3.0))) / 2
    loss = steps_loss(logits, passed)
    assert loss.item() == pytest.approx(first + second)
    loss.backward()
    assert logits.grad is not None and logits.grad[2, 1].item() == 0


def test_a_step_of_which_nothing_is_known_is_a_zero_with_a_graph():
    logits = torch.zeros(2, 2, requires_grad=True)
    loss = steps_loss(logits, torch.full((2, 2), NAN))
    loss.backward()
    assert loss.item() == 0 and logits.grad is not None and logits.grad.abs().sum() == 0
