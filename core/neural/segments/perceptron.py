"""The network of both stages, and one pass over its leads.

    x (n, T) --> [Linear, batch norm, ReLU, dropout] for each width --> Linear --> logits (n, k)

Source: widths, batch norm and dropout of method 2.2 (arXiv 2602.12485 publishes none).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

DROPOUT = 0.2
SCORED_AT_ONCE = 65_536
"""Leads of one pass without gradients: 100 MB at 256 wide."""
AVERAGED = 0.99
"""What the teacher keeps of itself in a step, where an epoch has a hundred steps or more. Source: ours."""


def perceptron(columns: int, widths: tuple[int, ...], answers: int) -> nn.Sequential:
    """A fresh network. Shape: (n, columns) -> (n, answers)."""
    parts: list[nn.Module] = []
    for width in widths:
        parts += [nn.Linear(columns, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(DROPOUT)]
        columns = width
    return nn.Sequential(*parts, nn.Linear(columns, answers))


def logits(network: nn.Module, x: np.ndarray) -> np.ndarray:
    """Answers of the network in eval mode, block by block. Shape: (n, T) -> (n, k) float64."""
    network.eval()
    with torch.inference_mode():
        said = [network(torch.from_numpy(x[start : start + SCORED_AT_ONCE])) for start in _starts(len(x))]
    return torch.cat(said).double().numpy() if said else np.empty((0, 1))


def epoch(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    x: np.ndarray,
    loss: Callable[[Tensor, np.ndarray], Tensor],
    rng: np.random.Generator,
    batch: int,
    after: Callable[[], None] = lambda: None,
) -> None:
    """One pass in random order; `loss` takes logits (b, k) and the rows (b,) they belong to, `after` ends each step."""
    network.train()
    for rows in _batches(rng.permutation(len(x)), batch):
        optimiser.zero_grad(set_to_none=True)
        loss(network(torch.from_numpy(x[rows])), rows).backward()
        optimiser.step()
        after()


class Teacher:
    """The running mean of a network's weights: it decides more steadily than the network of any one moment."""

    def __init__(self, network: nn.Module, steps: int) -> None:
        # In few steps an epoch a long memory would hold little but the start.
        self.keep = min(AVERAGED, 1 - 1 / max(steps, 2))
        self.state = copy(network)

    def follow(self, network: nn.Module) -> None:
        """Move towards the network as it is now."""
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                self.state[name].mul_(self.keep).add_(value, alpha=1 - self.keep)
            else:
                self.state[name].copy_(value)

    def copy(self) -> dict[str, Tensor]:
        """The teacher's weights as they are now."""
        return {name: value.clone() for name, value in self.state.items()}

    def said(self, network: nn.Module, x: np.ndarray) -> np.ndarray:
        """The teacher's answers; the network comes back as it was."""
        own = copy(network)
        network.load_state_dict(self.state)
        answers = logits(network, x)
        network.load_state_dict(own)
        return answers


def copy(network: nn.Module) -> dict[str, Tensor]:
    """The weights, apart from the network."""
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _batches(order: np.ndarray, batch: int) -> Iterator[np.ndarray]:
    """Batches of almost equal size, so that none is of one lead, which batch norm cannot take."""
    yield from np.array_split(order, max(1, round(len(order) / batch)))


def _starts(n: int) -> range:
    return range(0, n, SCORED_AT_ONCE)
