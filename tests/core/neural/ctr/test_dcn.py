import numpy as np
import torch

from core.neural.ctr.dcn import CROSSES, DCN, Cross
from tests.by_hand import FIELDS, RECIPE, deep, embed, fixed, inputs, set_weights


def test_a_cross_layer_by_hand():
    cross = Cross(2)
    set_weights(cross, {"weight": [2.0, -1.0], "bias": [0.5, 0.25]})
    first, x = torch.tensor([[1.0, 3.0]]), torch.tensor([[4.0, 5.0]])
    assert cross(first, x).tolist() == [[1 * 3 + 0.5 + 4, 3 * 3 + 0.25 + 5]]


def test_logit_is_the_crosses_beside_the_deep_part():
    network = DCN(FIELDS, RECIPE)
    w = fixed(network)
    x, text = inputs()
    expected = []
    for lead, words in zip(x.numpy(), text.numpy(), strict=True):
        first = crossed = embed(w, FIELDS, lead, words).ravel()
        for layer in range(CROSSES):
            factor = sum(crossed * w[f"crosses.{layer}.weight"])
            bias = w[f"crosses.{layer}.bias"]
            crossed = np.array([first[k] * factor + bias[k] + crossed[k] for k in range(len(first))])
        both = np.concatenate([crossed, deep(w, "deep", first)])
        expected.append(w["out.bias"][0] + sum(w["out.weight"][0] * both))
    np.testing.assert_allclose(network(x, text).detach(), expected)
