"""Stage 1: campaign, organic, low, with chances that can be believed.

    x (n, T) --> perceptron [256, 128, 64] --> logits (n, 3) --> scaling fitted on the later slice --> chances (n, 3)

Classes weigh the same in all while it learns, since the engaged are few; the later slice puts their rates right again.
Source: arXiv 2602.12485, stage 1 (abstract); layers of method 2.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.nn.functional import cross_entropy

from core.errors import NotComputable
from core.neural.segments.perceptron import copy, epoch, logits, perceptron
from core.progress import Phase, Watch, nobody

WIDTHS = (256, 128, 64)
LEAST = 10
"""Fewest leads of a class, in training and in the later slice, with which anything can be learned. Source: ours."""


@dataclass(frozen=True, eq=False)
class ThreeClasses:
    """A fitted stage 1: the network and the scaling of its logits (k, k) and (k,)."""

    network: nn.Sequential
    weight: np.ndarray
    bias: np.ndarray

    def chances(self, x: np.ndarray) -> np.ndarray:
        """Chance of each class. Shape: (n, T) -> (n, k)."""
        scaled = logits(self.network, x) @ self.weight.T + self.bias
        scaled -= scaled.max(axis=1, keepdims=True)
        odds = np.exp(scaled)
        return odds / odds.sum(axis=1, keepdims=True)


@dataclass(frozen=True, eq=False)
class Labelled:
    """Leads x (n, T) and the class of each, label (n,) 0..k-1."""

    x: np.ndarray
    label: np.ndarray

    def counts(self, classes: int) -> np.ndarray:
        """Leads of each class, (k,)."""
        return np.bincount(self.label, minlength=classes)

    def balance(self, classes: int) -> np.ndarray:
        """Weights of the classes under which each counts the same in all, (k,), 1 on average over the leads."""
        return len(self.label) / (classes * self.counts(classes))


def fit_classes(
    train: Labelled,
    later: Labelled,
    names: Sequence[str],
    *,
    seed: int = 0,
    epochs: int = 40,
    patience: int = 4,
    watch: Watch = nobody,
) -> ThreeClasses:
    """Fit on `train`, whose labels are places in `names`; stop, and scale, on the later slice.

    Raises:
        NotComputable: a class, by its name, is too small in one of the two parts.
    """
    for part, labelled in (("training", train), ("calibration", later)):
        counts = labelled.counts(len(names))
        if counts.min() < LEAST:
            told = ", ".join(f"{name} {count:,}" for name, count in zip(names, counts, strict=True))
            raise NotComputable(
                f"each segment needs at least {LEAST} leads in the {part} part, however: {told}; widen the rule of the "
                "small one, or give more leads"
            )
    torch.manual_seed(seed)
    network = perceptron(train.x.shape[1], WIDTHS, len(names))
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=1e-2)
    balance = torch.from_numpy(train.balance(len(names))).float()
    target, rng = torch.from_numpy(train.label), np.random.default_rng(seed)
    weight = later.balance(len(names))[later.label]
    phase, best, state, since = Phase("stage 1", watch), np.inf, copy(network), 0
    for number in range(1, epochs + 1):
        epoch(
            network,
            optimiser,
            train.x,
            lambda said, rows: cross_entropy(said, target[rows], balance),
            rng,
            batch_of(len(train.x)),
        )
        said = logits(network, later.x)
        log_chance = said - np.logaddexp.reduce(said, axis=1, keepdims=True)
        value = -np.average(log_chance[np.arange(len(said)), later.label], weights=weight)
        best, state, since = (value, copy(network), 0) if value < best else (best, state, since + 1)
        phase.at(number, epochs, {"validation_loss": float(value)})
        if since >= patience:
            break
    network.load_state_dict(state)
    scaling = LogisticRegression(C=1e3, max_iter=1000).fit(logits(network, later.x), later.label)
    return ThreeClasses(network.eval(), scaling.coef_, scaling.intercept_)


def batch_of(n: int) -> int:
    """Leads a step: a hundred steps an epoch or more, of 64 to 4,096 leads.

    Example:
        >>> batch_of(1_000), batch_of(40_000), batch_of(10**6)
        (64, 400, 4096)
    """
    return int(np.clip(n // 100, 64, 4096))
