"""What all six models must do alike; what each of them computes is tested beside it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from core.metrics import auc
from core.neural.ctr.layers import Fields
from core.neural.ctr.models import CTR, click_answer, click_loss
from core.neural.networks import Part, Recipe, answers, fit
from tests.by_hand import FIELDS, make_part

every_model = pytest.mark.parametrize("key", CTR)


def either(n: int, seed: int) -> Part:
    """Two categories of two levels each: a lead converts, but for one in ten, where exactly one of them is high."""
    rng = np.random.default_rng(seed)
    a, b, missed = rng.integers(0, 2, n), rng.integers(0, 2, n), rng.random(n) < 0.1
    columns = np.stack([a == 0, a == 1, b == 0, b == 1], axis=1)
    converted = ((a != b) ^ missed).astype(float)
    unknown = np.full(n, np.nan)
    return Part(torch.from_numpy(2.0 * columns - 1).float(), torch.zeros(n, 0), converted, np.full(n, -1), unknown)


@every_model
def test_every_weight_learns(key):
    torch.manual_seed(0)
    network = CTR[key](FIELDS, Recipe())
    click_loss(network, make_part()).backward()
    for name, value in network.named_parameters():
        assert value.grad is not None and value.grad.abs().sum() > 0, name


@every_model
@pytest.mark.parametrize("fields", [Fields((0, 0, 1)), Fields((), text=7)])
def test_fields_alone_or_text_alone_will_do(key, fields):
    torch.manual_seed(0)
    part = make_part(fields=fields)
    network = CTR[key](fields, Recipe())
    click_loss(network, part).backward()
    said = answers(network, part, click_answer)
    assert said.shape == (60,) and np.isfinite(said).all() and said.std() > 0
    assert all(value.grad is not None for value in network.parameters())


@every_model
def test_the_text_counts(key):
    torch.manual_seed(0)
    network = CTR[key](FIELDS, Recipe())
    part = make_part()
    assert (
        answers(network, part, click_answer) != answers(network, replace(part, text=-part.text), click_answer)
    ).all()


@every_model
def test_an_empty_batch_and_unknown_outcomes_cost_nothing(key):
    network = CTR[key](FIELDS, Recipe())
    part = make_part()
    for given in (part.rows(np.empty(0, dtype=np.int64)), replace(part, converted=np.full(60, np.nan))):
        loss = click_loss(network, given)
        loss.backward()
        assert loss.item() == 0
    assert answers(network, part.rows(np.empty(0, dtype=np.int64)), click_answer).shape == (0,)


def test_loss_is_the_mean_over_known_outcomes():
    part = replace(make_part(3), converted=np.array([1.0, np.nan, 0.0]))
    network = CTR["wide_deep"](FIELDS, Recipe()).eval()
    first, _, last = click_answer(network, part).tolist()
    expected = (np.log1p(np.exp(-first)) + np.log1p(np.exp(last))) / 2
    assert click_loss(network, part).item() == pytest.approx(expected, rel=1e-5)


@every_model
def test_finds_what_no_linear_model_can(key):
    train, later, test = either(1_200, 0), either(400, 1), either(400, 2)
    linear = LogisticRegression().fit(train.x, train.converted)
    assert auc(test.converted, linear.decision_function(test.x)) < 0.6
    recipe = Recipe(learning_rate=5e-3, epochs=12, batch_leads=128)
    fields = Fields((0, 0, 1, 1))
    fitted = fit(
        lambda recipe: CTR[key](fields, recipe), train, later, recipe, seed=0, loss=click_loss, answer=click_answer
    )
    assert auc(test.converted, answers(fitted.network, test, click_answer)) > 0.85
