import numpy as np

from core.neural.ctr.wide_deep import WideDeep
from tests.by_hand import FIELDS, RECIPE, deep, embed, fixed, inputs


def test_logit_is_the_linear_term_and_the_deep_part():
    network = WideDeep(FIELDS, RECIPE)
    w = fixed(network)
    x, text = inputs()
    expected = []
    for lead, words in zip(x.numpy(), text.numpy(), strict=True):
        wide = w["wide.bias"] + sum(w["wide.weight"] * lead)
        hidden = deep(w, "deep", embed(w, FIELDS, lead, words).ravel())
        expected.append(wide + sum(w["out.weight"][0] * hidden))
    np.testing.assert_allclose(network(x, text).detach(), expected)
