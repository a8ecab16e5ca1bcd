import numpy as np
import pytest
import torch

from core.errors import NotComputable
from core.neural.ctr.layers import SPREAD, Deep, FieldEmbedding, Fields, FirstOrder
from tests.by_hand import FIELDS, embed, fixed, inputs


def test_a_field_is_embedded_by_its_own_columns_and_the_text_comes_last():
    embedding = FieldEmbedding(FIELDS, 2)
    weights = {f"embedding.{name}": value for name, value in fixed(embedding).items()}
    x, text = inputs()
    expected = [embed(weights, FIELDS, *lead) for lead in zip(x.numpy(), text.numpy(), strict=True)]
    said = embedding(x, text)
    assert said.shape == (4, FIELDS.count, 2)
    np.testing.assert_allclose(said.detach(), np.array(expected))


@pytest.mark.parametrize("fields", [Fields((0, 0, 1)), Fields((), text=4), Fields((2,), text=1)])
def test_fields_alone_or_text_alone_will_do(fields):
    said = FieldEmbedding(fields, 3).double()(*inputs(fields=fields))
    assert said.shape == (4, fields.count, 3)


def test_columns_in_any_order_find_their_field():
    mixed = Fields((1, 0, 1))
    embedding = FieldEmbedding(mixed, 2)
    fixed(embedding)
    x, text = inputs(fields=mixed)
    changed = x.clone()
    changed[:, 1] += 1
    moved = (embedding(changed, text) != embedding(x, text)).any(dim=2)
    assert moved[:, 0].all() and not moved[:, 1].any()


def test_without_columns_and_text_there_is_nothing_to_learn_from():
    with pytest.raises(NotComputable, match="neither; name more features"):
        Fields(())


def test_embeddings_of_fields_wide_and_narrow_begin_alike():
    torch.manual_seed(0)
    fields = Fields((0,) * 100 + (1,) * 4, text=300)
    x, text = (given.float() for given in inputs(400, fields))
    embedding = FieldEmbedding(fields, 64)
    spread = (embedding(x, text) - embedding.bias).std(dim=(0, 2))
    torch.testing.assert_close(spread, torch.full((3,), SPREAD), rtol=0.1, atol=0)


def test_the_linear_term_begins_at_zero_and_is_the_bias_alone_without_columns():
    x, _ = inputs()
    linear = FirstOrder(FIELDS)
    assert linear.double()(x).tolist() == [0.0] * 4
    alone = FirstOrder(Fields((), text=3))
    torch.nn.init.constant_(alone.bias, 2.0)
    assert alone(torch.zeros(2, 0)).tolist() == [2.0, 2.0]


def test_the_deep_part_knows_its_width():
    assert Deep(6, (4, 3), 0.1).out == 3
    assert Deep(6, (), 0.1).out == 6
    values = torch.randn(2, 6)
    assert torch.equal(Deep(6, (), 0.1)(values), values)
