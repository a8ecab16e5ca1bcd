from dataclasses import replace

import numpy as np
import pytest
import torch

from core.neural.ctr.layers import Fields
from core.neural.funnel_networks.aitm import AITM, ORDER_WEIGHT, Transfer, aitm_loss, order_penalty
from core.neural.funnel_networks.steps import Steps, conversion_answer
from core.neural.networks import Recipe, answers
from tests.by_hand import FIELDS, RECIPE, deep, embed, fixed, inputs, make_part, set_weights
from tests.funnels import conversion_auc


def test_each_step_weighs_what_comes_from_the_one_before():
    network = AITM(FIELDS, RECIPE, Steps((1, 2)))
    w = fixed(network)
    x, text = inputs()
    expected = []
    for lead, words in zip(x.numpy(), text.numpy(), strict=True):
        flat = embed(w, FIELDS, lead, words).ravel()
        z, row = deep(w, "towers.0", flat), []
        for step in range(3):
            if step:
                name = f"transfers.{step - 1}"
                both = [deep(w, f"{name}.handed", z), deep(w, f"towers.{step}", flat)]
                query, key, value = (w[f"{name}.{part}.weight"] for part in ("query", "key", "value"))
                fit = [np.exp(sum((query @ u) * (key @ u)) / np.sqrt(len(u))) for u in both]
                z = sum(fit[k] / sum(fit) * (value @ both[k]) for k in range(2))
            row.append(w[f"outs.{step}.bias"][0] + sum(w[f"outs.{step}.weight"][0] * z))
        expected.append(row)
    np.testing.assert_allclose(network(x, text).detach(), expected)


def test_a_transfer_of_twice_the_same_is_that():
    transfer = Transfer(2, 0.0)
    one = [[1.0, 0.0], [0.0, 1.0]]
    set_weights(transfer, {"handed.0.weight": one, "handed.0.bias": [0.0, 0.0], "value.weight": one})
    same = torch.tensor([[1.0, 2.0]])
    torch.testing.assert_close(transfer(same, same), same)


def test_only_a_step_likelier_than_the_one_before_is_penalised():
    chance = torch.tensor([[0.9, 0.5, 0.1], [0.2, 0.5, 0.4], [0.3, 0.3, 0.8]], dtype=torch.float64)
    assert order_penalty(chance.logit()).item() == pytest.approx((0 + 0.3 + 0.5) / 3)
    assert order_penalty(torch.zeros(4, 1)).item() == 0


def test_loss_by_hand():
    part = replace(make_part(3), stage=np.array([0, 2, -1]), converted=np.array([0.0, 1.0, 0.0]))
    network = AITM(FIELDS, Recipe(), Steps((1,))).eval()
    chance = network(part.x, part.text).sigmoid().detach().double().numpy()
    first = -(np.log(1 - chance[0, 0]) + np.log(chance[1, 0])) / 2
    last = -(np.log(1 - chance[0, 1]) + np.log(chance[1, 1]) + np.log(1 - chance[2, 1])) / 3
    penalty = sum(max(row[1] - row[0], 0) for row in chance) / 3
    assert aitm_loss(network, part).item() == pytest.approx(first + last + ORDER_WEIGHT * penalty, rel=1e-5)


def test_the_penalty_puts_the_steps_in_order():
    torch.manual_seed(0)
    network, part = AITM(FIELDS, Recipe(), Steps((1, 2))), make_part()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    before = order_penalty(network(part.x, part.text)).item()
    for _ in range(30):
        optimiser.zero_grad()
        order_penalty(network(part.x, part.text)).backward()
        optimiser.step()
    network.eval()
    assert order_penalty(network(part.x, part.text)).item() < before / 10


@pytest.mark.parametrize("fields", [FIELDS, Fields((0, 1)), Fields((), text=3)])
@pytest.mark.parametrize("steps", [Steps(()), Steps((1, 2))])
def test_every_weight_learns(fields, steps):
    torch.manual_seed(0)
    network = AITM(fields, Recipe(), steps)
    aitm_loss(network, make_part(fields=fields)).backward()
    for name, value in network.named_parameters():
        assert value.grad is not None and value.grad.abs().sum() > 0, name


def test_an_empty_batch_costs_nothing_and_unknown_leads_only_their_order():
    network = AITM(FIELDS, Recipe(dropout=0), Steps((1, 2)))
    part = make_part()
    empty = aitm_loss(network, part.rows(np.empty(0, dtype=np.int64)))
    empty.backward()
    assert empty.item() == 0
    unknown = aitm_loss(network, replace(part, stage=np.full(60, -1), converted=np.full(60, np.nan)))
    penalty = order_penalty(network(part.x, part.text))
    assert unknown.item() == pytest.approx(ORDER_WEIGHT * penalty.item())
    assert answers(network, part, conversion_answer).shape == (60,)


def test_telling_steps_find_more_orders_than_orders_alone():
    with_steps, alone = (
        [conversion_auc(AITM, aitm_loss, seed, steps=steps) for seed in range(3)] for steps in (True, False)
    )
    assert np.mean(with_steps) > np.mean(alone) + 0.02
