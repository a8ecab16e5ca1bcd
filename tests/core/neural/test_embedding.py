"""What other methods are told of the states: nothing that remembers an outcome, and nothing that explodes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.data.pairs import Pairing
from core.funnel import PRESETS
from core.metrics import auc
from core.neural.asllr import Encoded
from core.neural.embedding import COMPONENTS, EMBEDDED, Three, embed, principal_components
from core.neural.probe import Probe, ProbeData, fit_probe
from tests.made import tiny_config

N, WIDTH = 300, 200
PAIRING = Pairing(PRESETS["automotive"], {"soft_signal": np.tile([60.0, 200.0], (6, 1))})
CUSTOMERS = np.array([f"C{i // 2}" for i in range(N)], dtype=object)


def states(values: np.ndarray) -> Encoded:
    tensor = torch.from_numpy(values).float()
    return replace(Encoded.empty(len(values)), states=tensor, last=tensor[:, :4])


def noise(n: int, seed: int) -> Encoded:
    return states(np.random.default_rng(seed).normal(size=(n, WIDTH)))


THREE = Three(noise(N, 0), noise(50, 1), noise(40, 2))
OUTCOME = np.random.default_rng(3).integers(0, 2, N).astype(float)


def heads_of(outcome: np.ndarray) -> Probe:
    stage = np.where(outcome == 1, 4, 0)
    data = ProbeData(THREE.train, torch.zeros(N, 0), outcome, stage, np.full(N, np.nan), CUSTOMERS)
    return fit_probe(data, PAIRING, tiny_config(), folds=3)


@pytest.fixture(scope="module")
def memory() -> Probe:
    """Heads that learned outcomes which their states know nothing of: all they can tell is memory."""
    return heads_of(OUTCOME)


def test_the_embedding_does_not_remember_the_outcomes_that_its_heads_learned_from(memory: Probe) -> None:
    heads = embed(THREE, principal_components(THREE, 0), memory).train[:, EMBEDDED:]
    assert heads.shape[1] == len(memory.out_of_fold) == 3
    with torch.no_grad():
        seen = memory.heads(THREE.train, torch.zeros(N, 0))
    assert min(auc(OUTCOME, seen.logit.numpy()), auc(OUTCOME, seen.score.numpy())) > 0.8
    # Three standard errors of the AUC of 300 leads, half of them converted.
    assert all(abs(auc(OUTCOME, column) - 0.5) < 0.1 for column in heads.T)


def test_components_know_no_outcome(memory: Probe) -> None:
    components = principal_components(THREE, 0)
    told, other = (embed(THREE, components, one) for one in (memory, heads_of(OUTCOME[::-1].copy())))
    for name in ("train", "later", "test"):
        one, two = getattr(told, name), getattr(other, name)
        assert np.array_equal(one[:, :EMBEDDED], two[:, :EMBEDDED])
        assert not np.allclose(one[:, EMBEDDED:], two[:, EMBEDDED:], atol=0.1)


def test_every_part_is_measured_by_the_training_part(memory: Probe) -> None:
    components = principal_components(THREE, 0)
    assert components.train.shape == (N, COMPONENTS) and components.test.shape == (40, COMPONENTS)
    told = embed(THREE, components, memory)
    assert np.allclose(told.train.mean(axis=0), 0, atol=1e-5) and np.allclose(told.train.std(axis=0), 1, atol=1e-4)
    far = replace(THREE, test=states(THREE.test.states.numpy() + 10))
    moved = principal_components(far, 0)
    assert torch.equal(moved.train, components.train) and torch.equal(moved.later, components.later)
    assert float((moved.test - components.test).abs().mean()) > 1
    alone = replace(THREE, test=states(THREE.test.states.numpy()[:1]))  # a lead is told the same whoever stands beside
    one = embed(alone, principal_components(alone, 0), memory)
    assert np.allclose(one.test, told.test[:1], atol=1e-4)


def test_scales_of_the_states_do_not_matter() -> None:
    scales = np.logspace(-3, 3, WIDTH)
    scaled = THREE.map(lambda one: states(one.states.numpy() * scales))
    ours, theirs = principal_components(THREE, 0).test, principal_components(scaled, 0).test
    assert torch.allclose(ours, theirs, atol=1e-2)


@pytest.mark.parametrize("n", [20, COMPONENTS])
def test_few_leads_give_few_components_and_no_huge_ones(n: int) -> None:
    three = principal_components(Three(noise(n, 0), noise(50, 1), noise(40, 2)), 0)
    assert three.train.shape == (n, n - 1) and three.test.shape == (40, n - 1)
    assert float(three.test.abs().max()) < 10


def test_a_text_unlike_the_few_seen_stays_finite_and_small() -> None:
    rng = np.random.default_rng(0)
    texts = rng.normal(size=(4, WIDTH))
    texts[:, 0] = 1.0  # a column that never varies
    seen, new = rng.integers(0, 3, N), np.array([0, 1, 2, 3])
    three = principal_components(Three(*(states(texts[rows]) for rows in (seen, seen[:20], new))), 0)
    assert three.train.shape == (N, 2) and float(three.test.abs().max()) < 10


def test_states_that_never_vary_have_no_components() -> None:
    same = Three(*(states(np.ones((n, WIDTH))) for n in (N, 50, 40)))
    assert principal_components(same, 0).later.shape == (50, 0)
