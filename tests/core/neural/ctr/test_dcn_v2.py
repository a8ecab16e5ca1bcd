import numpy as np
import torch

from core.neural.ctr.dcn import CROSSES
from core.neural.ctr.dcn_v2 import DCNV2
from core.neural.ctr.layers import Fields
from core.neural.networks import Recipe
from tests.by_hand import FIELDS, RECIPE, deep, embed, fixed, inputs, set_weights


def test_logit_is_the_crosses_beside_the_deep_part():
    network = DCNV2(FIELDS, RECIPE)
    w = fixed(network)
    x, text = inputs()
    expected = []
    for lead, words in zip(x.numpy(), text.numpy(), strict=True):
        first = crossed = embed(w, FIELDS, lead, words).ravel()
        for layer in range(CROSSES):
            matrix, bias = w[f"crosses.{layer}.weight"], w[f"crosses.{layer}.bias"]
            inner = [bias[k] + sum(matrix[k] * crossed) for k in range(len(first))]
            crossed = np.array([first[k] * inner[k] + crossed[k] for k in range(len(first))])
        both = np.concatenate([crossed, deep(w, "deep", first)])
        expected.append(w["out.bias"][0] + sum(w["out.weight"][0] * both))
    np.testing.assert_allclose(network(x, text).detach(), expected)


def test_identity_matrices_raise_the_power_and_add_it():
    network = DCNV2(Fields((0,)), Recipe(hidden=(), dimension=1))
    for cross in network.crosses:
        set_weights(cross, {"weight": [[1.0]], "bias": [0.0]})
    set_weights(network.embedding, {"weight": [[1.0]], "bias": [[0.0]]})
    set_weights(network.out, {"weight": [[1.0, 0.0]], "bias": [0.0]})
    # x, x + x^2, ...: each layer multiplies by 1 + x.
    assert network(torch.tensor([[2.0]]), torch.zeros(1, 0)).tolist() == [2.0 * 3**CROSSES]
