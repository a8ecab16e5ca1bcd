"""Shapley values by sampling: units come in one by one, in a random order, and each is given what it brings.

    neutral lead --+ unit 7 --+ unit 2 --+ ... --> this lead, and the same order backwards
                   gain of 7   gain of 2

What the units of one order bring sums to F(x) - F(b) exactly. Backwards, what came early comes late, so that the mean
of both is closer to the mean over all orders than two orders drawn apart.

Source: Castro et al. 2009 (sampling); Mitchell et al. 2022 (antithetic permutations, arXiv 2104.12199).
"""

from __future__ import annotations

import numpy as np

from core.neural.subject import Subject

PAIRS = 2
"""Orders drawn, each of which is walked both ways. Source: ours, for some hundred passes a lead at most."""


def shapley(subject: Subject, pairs: int = PAIRS, seed: int = 0) -> np.ndarray:
    """By unit (units,). 2 * pairs forward passes for each unit with text."""
    rng, n = np.random.default_rng(seed), len(subject.units)
    drawn = [rng.permutation(n) for _ in range(pairs)]
    orders = np.array([order for one in drawn for order in (one, one[::-1])]).reshape(2 * pairs, n)
    # Row r of an order keeps its first r units.
    place = np.argsort(orders, axis=1)
    keep = place[:, None, :] < np.arange(n + 1)[None, :, None]
    logits = subject.logits(keep.reshape(-1, n)).reshape(2 * pairs, n + 1)
    gains = np.diff(logits, axis=1)
    return np.take_along_axis(gains, place, axis=1).mean(axis=0)
