from itertools import combinations

import numpy as np
import torch

from core.neural.ctr.deepfm import DeepFM, pair_products
from tests.by_hand import FIELDS, RECIPE, deep, embed, fixed, inputs


def test_two_fields_meet_in_their_dot_product_and_one_alone_in_nothing():
    e = torch.tensor([[[1.0, -2.0, 3.0], [4.0, 5.0, 6.0]]])
    assert pair_products(e).tolist() == [4 - 10 + 18]
    assert pair_products(e[:, :1]).tolist() == [0]


def test_logit_is_the_linear_term_every_pair_and_the_deep_part():
    network = DeepFM(FIELDS, RECIPE)
    w = fixed(network)
    x, text = inputs()
    expected = []
    for lead, words in zip(x.numpy(), text.numpy(), strict=True):
        e = embed(w, FIELDS, lead, words)
        linear = w["linear.bias"] + sum(w["linear.weight"] * lead)
        pairs = sum(e[i, k] * e[j, k] for i, j in combinations(range(len(e)), 2) for k in range(2))
        expected.append(linear + pairs + sum(w["out.weight"][0] * deep(w, "deep", e.ravel())))
    np.testing.assert_allclose(network(x, text).detach(), expected)
