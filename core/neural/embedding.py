"""What the language model tells other methods of a lead: a few numbers in place of its states' thousand.

    states (n, D) --> principal components, which know no outcome ---------------.
        |                                                                        +--> embedding (n, E)
        '--> heads --> each head's answer, of a training lead out of fold -------'

In-sample answers would hold the very outcome that is to be predicted: a method that learns from them trusts them far
more than it should on leads that nobody has seen.

# DIFF: the paper does not say how its embedding was computed; the authors' code takes the head's bottleneck in sample.
# Bottlenecks of different folds have different axes, so it is the answers that are taken out of fold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA

from core.neural.asllr import Encoded
from core.neural.probe import Probe
from core.neural.scorer import heads_answers

COMPONENTS = 64
"""Principal components of the states that networks may read. Source: ours."""
EMBEDDED = 32
"""The first of them, which the embedding for other methods holds. Source: ours."""
NEGLIGIBLE = 1e-4
"""A component of less variance than this share of a single column's tells nothing: brought to scale 1, it would make
1e15 of a lead that differs from all training leads, where texts are few or alike. Source: ours."""


@dataclass(frozen=True, eq=False)
class Three:
    """The same thing of the training leads, the later slice and the tested leads."""

    train: Any
    later: Any
    test: Any

    def map(self, change: Callable[[Any], Any]) -> Three:
        return Three(change(self.train), change(self.later), change(self.test))


def principal_components(encoded: Three, seed: int) -> Three:
    """The first COMPONENTS of each lead's states, (n, K) fp32 tensors, each at scale 1 on the training part.

    `encoded`: `Encoded` of each part; the axes are those of the training part. K is less where the states vary along
    fewer axes.
    """
    states = encoded.map(lambda one: one.states.double().numpy())
    mean, deviation = states.train.mean(axis=0), states.train.std(axis=0)
    level = states.map(lambda one: (one - mean) / np.where(deviation > 1e-6, deviation, 1))
    found = PCA(min(COMPONENTS, *level.train.shape), random_state=seed, whiten=True).fit(level.train)
    some = found.explained_variance_ > NEGLIGIBLE
    return level.map(lambda one: torch.from_numpy(found.transform(one)[:, some].astype(np.float32)))


def embed(encoded: Three, components: Three, probe: Probe) -> Three:
    """The embedding of each part, (n, E) float32, standardised on the training part.

    `probe`: heads fitted on the training part's states alone, with their answers out of fold; a fold never holds a
    customer that its heads have seen.
    """

    def told(one: Encoded) -> np.ndarray:
        said = heads_answers(probe.heads, one, np.empty((len(one), 0), dtype=np.float32))
        named = {"pointwise": said.logit, "pairwise": said.score, "semantic": said.semantic}
        return np.column_stack([named[name] for name in probe.out_of_fold])

    first = components.map(lambda one: one[:, :EMBEDDED].numpy())
    heads = Three(np.column_stack(list(probe.out_of_fold.values())), told(encoded.later), told(encoded.test))
    raw = Three(*(np.hstack(both) for both in zip(vars(first).values(), vars(heads).values(), strict=True)))
    mean, deviation = raw.train.mean(axis=0), raw.train.std(axis=0)
    return raw.map(lambda one: ((one - mean) / np.where(deviation > 0, deviation, 1)).astype(np.float32))
