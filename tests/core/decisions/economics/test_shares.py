import numpy as np
import pytest
from scipy.optimize import linprog

from core.decisions.economics.shares import best_shares


def whole_programme(
    value: np.ndarray,
    group: np.ndarray,
    factor: np.ndarray,
    capacity: np.ndarray,
    fairness: float | None,
    cost: np.ndarray,
) -> float:
    """The programme of the module's docstring as it stands there, one variable for each lead and kind."""
    worth = np.where(factor[:, group] > 0, value * factor[:, group] - cost[group], 0.0).T
    n, kinds = worth.shape
    rows = [np.kron(np.eye(n), np.ones(kinds)), np.kron(np.ones(n), np.eye(kinds))]
    limit = [np.ones(n), capacity]
    if fairness is not None:
        own = np.stack([np.where(np.arange(kinds) == k, worth, 0.0).ravel() / capacity[k] for k in range(kinds)])
        rows.append((1 - fairness) * worth.ravel() / capacity.sum() - own)
        limit.append(np.zeros(kinds))
    upper = np.where(worth > 0, 1.0, 0.0).ravel()
    found = linprog(-worth.ravel(), np.concatenate(rows), np.concatenate(limit), bounds=np.stack([0 * upper, upper], 1))
    assert found.status == 0
    return -found.fun


@pytest.mark.parametrize("fairness", [None, 0.0, 0.2])
@pytest.mark.parametrize("dear", [0.0, 6.0])
@pytest.mark.parametrize("seed", range(8))
def test_bands_reach_the_programme_of_single_leads(seed: int, dear: float, fairness: float | None) -> None:
    rng = np.random.default_rng(seed)
    value, group = rng.lognormal(2, 1, 70), rng.integers(0, 3, 70)
    factor = np.where(rng.random((5, 3)) < 0.7, rng.uniform(0.5, 1.5, (5, 3)), 0.0)
    factor[:, 0] = rng.uniform(0.5, 1.5, 5)
    capacity = rng.integers(1, 12, 5)
    cost = dear * np.array([0.5, 1.0, 0.0])
    best = whole_programme(value, group, factor, capacity, fairness, cost)
    found = best_shares(value, group, factor, capacity, fairness, cost)
    worth = value[found.lead] * factor[found.kind, group[found.lead]] - cost[group[found.lead]]
    close = 1e-8 if fairness is None else 1.1e-3
    assert found.bound >= best * (1 - 1e-8)
    assert found.bound == pytest.approx(best, rel=close)
    assert (worth * found.part).sum() == pytest.approx(best, rel=close)
    assert (np.bincount(found.lead, weights=found.part) <= 1 + 1e-9).all()
    assert (np.bincount(found.kind, weights=found.part, minlength=5) <= capacity + 1e-6).all()
    if fairness is None:
        assert (found.part == 1).all()
