"""How well a ranking finds those whom a campaign moves, where who got it was drawn at random.

    by score, best first:  treated so far n_t, of them came y_t;  control so far n_c, of them came y_c
    Qini curve             y_t - y_c n_t / n_c: customers who came because of the campaign, had only these been reached
    Qini coefficient       area between the curve and the straight line of a random order, per 1,000 treated
    AUUC                   area under y_t / n_t - y_c / n_c times the share reached, as effect per customer

Source: Radcliffe 2007, "Using control groups to target on predicted lift".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.errors import NotComputable
from core.ranking import Figure
from core.resampling import blocks, percentile

LEAST = 50
"""Fewest customers of each arm, and fewest of them who came. Source: ours."""
POINTS = 200
"""Points of a curve that is shown."""


@dataclass(frozen=True, eq=False)
class Uplift:
    """One ranking held against the arms."""

    qini: Figure
    """Customers gained over a random order, per 1,000 treated, mean over all depths."""
    auuc: Figure
    top: Figure
    """Effect among the top 30%: how many more of 100 came with the campaign than without, as a share 0..1."""
    share: np.ndarray
    """Share of all customers that is reached, (k,)."""
    gained: np.ndarray
    """Customers who came because of it, per 1,000 treated, (k,)."""


def hold_against_arms(
    scores: Mapping[str, np.ndarray],
    treated: np.ndarray,
    came: np.ndarray,
    *,
    customers: np.ndarray | None = None,
    resamples: int = 500,
    seed: int = 0,
    against: str = "",
) -> tuple[dict[str, Uplift], dict[str, Figure]]:
    """Every ranking with intervals, and the Qini of each less that of `against` on the same resamples.

    Shapes (n,): scores, higher = reach first (ties in random order); treated bool; came 1 or 0; customers, whose leads
    these are, so that all of one customer's are drawn together.

    Raises:
        NotComputable: an arm is too small, or hardly anybody in it came.
    """
    for name, arm in (("campaign", treated), ("control", ~treated)):
        if arm.sum() < LEAST or came[arm].sum() < LEAST:
            raise NotComputable(
                f"an effect needs at least {LEAST} customers in each arm and {LEAST} of them who came, however: of "
                f"{int(arm.sum()):,} in the {name} arm {int(came[arm].sum()):,} came"
            )
    rng = np.random.default_rng(seed)
    mixed = rng.permutation(len(came))
    orders = {name: mixed[np.argsort(-score[mixed], kind="stable")] for name, score in scores.items()}
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in scores}
    unit = np.arange(len(came)) if customers is None else np.unique(customers, return_inverse=True)[1]
    for block in blocks(resamples, len(came)):
        weight = _drawn(rng, unit, block)
        for name, order in orders.items():
            drawn[name].append(_figures(*_running(order, treated, came, weight[:, order])))
    values = {name: np.concatenate(parts) for name, parts in drawn.items()}
    found, one = {}, np.ones((1, len(came)))
    for name, order in orders.items():
        running = _running(order, treated, came, one)
        point = _figures(*running)[0]
        qini, auuc, top = (percentile(float(point[at]), values[name][:, at]) for at in range(3))
        places = np.unique(np.linspace(0, len(came) - 1, POINTS).astype(int))
        found[name] = Uplift(qini, auuc, top, (places + 1) / len(came), _curve(*running)[0][places])
    gaps = {
        name: percentile(found[name].qini.value - found[against].qini.value, values[name][:, 0] - values[against][:, 0])
        for name in scores
        if against and name != against
    }
    return found, gaps


def _drawn(rng: np.random.Generator, unit: np.ndarray, block: int) -> np.ndarray:
    """How often each lead was drawn, with all of its customer's, (block, n): Poisson, which leaves out the product."""
    return rng.poisson(1.0, size=(block, int(unit.max()) + 1)).astype(np.float64)[:, unit]


def _running(
    order: np.ndarray, treated: np.ndarray, came: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """n_t, n_c, y_t, y_c down the list, each (b, n); `weight` (b, n) in that order."""
    t, y = treated[order].astype(np.float64), came[order].astype(np.float64)
    return tuple(np.cumsum(weight * part, axis=1) for part in (t, 1 - t, t * y, (1 - t) * y))  # type: ignore[return-value]


def _curve(n_t: np.ndarray, n_c: np.ndarray, y_t: np.ndarray, y_c: np.ndarray) -> np.ndarray:
    """Customers gained, per 1,000 treated in all, (b, n)."""
    return 1000 * (y_t - y_c * n_t / np.maximum(n_c, 1)) / n_t[:, -1:]


def _figures(n_t: np.ndarray, n_c: np.ndarray, y_t: np.ndarray, y_c: np.ndarray) -> np.ndarray:
    """Qini coefficient, AUUC and effect at the top, (b, 3)."""
    curve, n = _curve(n_t, n_c, y_t, y_c), n_t.shape[1]
    share = np.arange(1, n + 1) / n
    qini = (curve - share * curve[:, -1:]).mean(axis=1)
    effect = y_t / np.maximum(n_t, 1) - y_c / np.maximum(n_c, 1)
    third = max(int(0.3 * n), 1) - 1
    return np.column_stack([qini, (effect * share).mean(axis=1), effect[:, third]])
