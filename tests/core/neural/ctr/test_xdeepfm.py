import numpy as np
import pytest
import torch

from core.neural.ctr.layers import Fields
from core.neural.ctr.xdeepfm import CIN, XDeepFM
from core.neural.networks import Recipe
from tests.by_hand import FIELDS, RECIPE, deep, embed, fixed, inputs, set_weights


def interactions(e: np.ndarray, layers: list[np.ndarray]) -> np.ndarray:
    """The interaction network, product by product: e (F, d), layers (H_k, H_(k-1), F)."""
    above, sums = e, []
    for weight in layers:
        here = np.zeros((len(weight), e.shape[1]))
        for h in range(len(weight)):
            for i in range(len(above)):
                for j in range(len(e)):
                    for k in range(e.shape[1]):
                        here[h, k] += weight[h, i, j] * above[i, k] * e[j, k]
        sums += [sum(row) for row in here]
        above = here
    return np.array(sums)


def of_layers(w: dict[str, np.ndarray], name: str, fields: int) -> list[np.ndarray]:
    found = [value for key, value in w.items() if key.startswith(name)]
    return [value.reshape(len(value), -1, fields) for value in found]


@pytest.mark.parametrize("maps", [(5,), (4, 3), (2, 3, 4)])
def test_maps_of_every_depth_match_the_equations(maps):
    cin = CIN(3, maps)
    w = fixed(cin)
    e = torch.randn(6, 3, 4, dtype=torch.float64)
    said = cin(e)
    assert said.shape == (6, sum(maps))
    layers = of_layers(w, "layers", 3)
    np.testing.assert_allclose(said.detach(), [interactions(lead, layers) for lead in e.numpy()])


def test_a_map_that_takes_one_pair_is_its_dot_product_and_the_next_multiplies_once_more():
    cin = CIN(2, (1, 1))
    # X_0 * X_1, and that map * X_0.
    set_weights(cin, {"layers.0.weight": [[0.0, 1.0, 0.0, 0.0]], "layers.1.weight": [[1.0, 0.0]]})
    e = torch.tensor([[[2.0, 3.0], [5.0, 7.0]]])
    assert cin(e).tolist() == [[2 * 5 + 3 * 7, 2 * 5 * 2 + 3 * 7 * 3]]


def test_logit_is_the_linear_term_the_maps_and_the_deep_part():
    network = XDeepFM(FIELDS, RECIPE)
    w = fixed(network)
    x, text = inputs()
    expected = []
    for lead, words in zip(x.numpy(), text.numpy(), strict=True):
        e = embed(w, FIELDS, lead, words)
        maps = interactions(e, of_layers(w, "cin", len(e)))
        both = np.concatenate([maps, deep(w, "deep", e.ravel())])
        expected.append(w["linear.bias"] + sum(w["linear.weight"] * lead) + sum(w["out.weight"][0] * both))
    np.testing.assert_allclose(network(x, text).detach(), expected)


def test_maps_are_as_many_as_hidden_units():
    network = XDeepFM(Fields((0, 1)), Recipe(hidden=(6, 5, 4)))
    assert network.cin(torch.zeros(1, 2, 8)).shape == (1, 15)
