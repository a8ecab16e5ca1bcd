import numpy as np
import torch

from core.neural.ctr.autoint import HEADS, LAYERS, AutoInt, Interacting
from tests.by_hand import FIELDS, RECIPE, deep, embed, fixed, inputs, set_weights


def attend(e: np.ndarray, weight: np.ndarray, heads: int) -> np.ndarray:
    """Equations 5 to 8, field by field: e (F, width), weight (4 A, width) of queries, keys, values and residual."""
    query, key, value, residual = np.split(weight, 4)
    size = len(query) // heads
    rows = []
    for m in range(len(e)):
        row = []
        for h in range(heads):
            part = slice(h * size, (h + 1) * size)
            fit = [np.exp(sum((query[part] @ e[m]) * (key[part] @ other))) for other in e]
            row += list(sum(fit[k] / sum(fit) * (value[part] @ e[k]) for k in range(len(e))))
        rows.append([max(0.0, seen + own) for seen, own in zip(row, residual @ e[m], strict=True)])
    return np.array(rows)


def test_identity_weights_give_the_softmax_of_dot_products():
    layer = Interacting(2, heads=1, head=2)
    one = [[1.0, 0.0], [0.0, 1.0]]
    set_weights(layer, {"all.weight": [*one, *one, *one, [0.0, 0.0], [0.0, 0.0]]})
    e = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]])
    first = np.exp(1) / (np.exp(1) + 1)
    second = np.exp(4) / (np.exp(4) + 1)
    expected = [[first, 2 * (1 - first)], [1 - second, 2 * second]]
    np.testing.assert_allclose(layer(e)[0].detach(), expected, rtol=1e-6)


def test_a_field_alone_sees_itself():
    layer = Interacting(2, heads=1, head=2)
    set_weights(layer, {"all.weight": 4 * [[1.0, 0.0], [0.0, 1.0]]})
    assert layer(torch.tensor([[[1.5, -2.0]]])).tolist() == [[[3.0, 0.0]]]


def test_heads_stand_side_by_side():
    layer = Interacting(3, heads=2, head=4)
    w = fixed(layer)
    e = torch.randn(5, 6, 3, dtype=torch.float64)
    np.testing.assert_allclose(layer(e).detach(), [attend(lead, w["all.weight"], 2) for lead in e.numpy()])


def test_logit_is_the_attention_beside_the_deep_part():
    network = AutoInt(FIELDS, RECIPE)
    w = fixed(network)
    x, text = inputs()
    expected = []
    for lead, words in zip(x.numpy(), text.numpy(), strict=True):
        e = seen = embed(w, FIELDS, lead, words)
        for layer in range(LAYERS):
            seen = attend(seen, w[f"attention.{layer}.all.weight"], HEADS)
        both = np.concatenate([seen.ravel(), deep(w, "deep", e.ravel())])
        expected.append(w["out.bias"][0] + sum(w["out.weight"][0] * both))
    np.testing.assert_allclose(network(x, text).detach(), expected)
