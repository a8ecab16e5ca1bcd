from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.neural.ctr.layers import Fields
from core.neural.funnel_networks.esmm import ESMM, chained_odds, esmm_loss
from core.neural.funnel_networks.steps import Steps, conversion_answer
from core.neural.networks import Recipe, answers
from tests.by_hand import FIELDS, RECIPE, deep, embed, fixed, inputs, make_part
from tests.funnels import conversion_auc


def test_chances_are_products_of_the_towers():
    network = ESMM(FIELDS, RECIPE, Steps((1, 2)))
    w = fixed(network)
    x, text = inputs()
    expected = []
    for lead, words in zip(x.numpy(), text.numpy(), strict=True):
        chance, row = 1.0, []
        for step in range(3):
            hidden = deep(w, f"towers.{step}.0", embed(w, FIELDS, lead, words).ravel())
            logit = w[f"towers.{step}.1.bias"][0] + sum(w[f"towers.{step}.1.weight"][0] * hidden)
            chance *= 1 / (1 + np.exp(-logit))
            row.append(chance)
        expected.append(row)
    np.testing.assert_allclose(network(x, text).sigmoid().detach(), expected)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-60, 60, width=32), min_size=1, max_size=6))
def test_chances_fall_and_odds_match_float64_however_extreme(conditional):
    values = torch.tensor([conditional], requires_grad=True)
    odds = chained_odds(values)
    odds.sum().backward()
    assert values.grad is not None and values.grad.isfinite().all()
    assert (odds.diff(dim=1) <= 1e-5 * odds.abs()[:, 1:]).all()
    chance = np.cumprod(1 / (1 + np.exp(-np.array(conditional, dtype=np.longdouble))))
    with np.errstate(divide="ignore"):
        expected = np.log(chance) - np.log1p(-chance)
    near = np.abs(expected) < 30  # beyond, 1 - chance is rounded away in the reference
    np.testing.assert_allclose(odds.detach().numpy()[0][near], expected[near].astype(float), rtol=1e-4, atol=1e-5)


def test_loss_by_hand():
    part = replace(make_part(3), stage=np.array([0, 2, -1]), converted=np.array([0.0, 1.0, 0.0]))
    network = ESMM(FIELDS, Recipe(), Steps((1,))).eval()
    chance = network(part.x, part.text).sigmoid().detach().double().numpy()
    first = -(np.log(1 - chance[0, 0]) + np.log(chance[1, 0])) / 2
    last = -(np.log(1 - chance[0, 1]) + np.log(chance[1, 1]) + np.log(1 - chance[2, 1])) / 3
    assert esmm_loss(network, part).item() == pytest.approx(first + last, rel=1e-5)


@pytest.mark.parametrize("fields", [FIELDS, Fields((0, 1)), Fields((), text=3)])
@pytest.mark.parametrize("steps", [Steps(()), Steps((1, 2))])
def test_every_weight_learns(fields, steps):
    torch.manual_seed(0)
    network = ESMM(fields, Recipe(), steps)
    esmm_loss(network, make_part(fields=fields)).backward()
    for name, value in network.named_parameters():
        assert value.grad is not None and value.grad.abs().sum() > 0, name


def test_an_empty_batch_and_unknown_leads_cost_nothing():
    network = ESMM(FIELDS, Recipe(), Steps((1, 2)))
    part = make_part()
    unknown = replace(part, stage=np.full(60, -1), converted=np.full(60, np.nan))
    for given_ in (part.rows(np.empty(0, dtype=np.int64)), unknown):
        loss = esmm_loss(network, given_)
        loss.backward()
        assert loss.item() == 0
    assert answers(network, part, conversion_answer).shape == (60,)


def test_telling_steps_find_more_orders_than_orders_alone():
    with_steps, alone = (
        [conversion_auc(ESMM, esmm_loss, seed, steps=steps) for seed in range(3)] for steps in (True, False)
    )
    assert np.mean(with_steps) > np.mean(alone) + 0.02
