"""Small networks over encoded leads, all fitted in one way, so that what differs between two of them is the network.

    Part (x, text, outcome, stage, call) --> stratified batches --> loss --> AdamW --.
                                                                                     |  an epoch
    later slice --> average precision of conversion: keep the best epoch, stop <-----'

A network is made from a `Recipe`; `search` draws recipes and keeps the one that the later slice prefers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from core.data.sampling import strata, stratified_batches
from core.errors import NotComputable
from core.metrics import average_precision
from core.progress import Phase, Watch, nobody

SCORED_AT_ONCE = 8_192
"""Leads of one forward pass without gradients."""

DIVERGED = -np.inf
"""What the later slice says of a network whose answers are no numbers: below any average precision."""

GENTLE = 10.0
"""A network that is a model already learns by steps so many times smaller: at 1e-3 five epochs took what its start knew
(AUC .826 to .803 on simulated leads), at 1e-4 they added to it (.828). Source: ours."""


@dataclass(frozen=True, eq=False)
class Part:
    """Leads as a small network takes them.

    Shape: x (n, T) fp32, the columns of `FeatureEncoder`; text (n, E) fp32, the language model's embedding, E = 0 where
    there is none; converted (n,) float64 1, 0 or NaN; stage (n,) int64, -1 unknown; call_seconds (n,) float64, NaN
    unknown; vocabulary (n, 3), the language model's logits of Yes, of No and of all else (logsumexp), where it reads.
    """

    x: Tensor
    text: Tensor
    converted: np.ndarray
    stage: np.ndarray
    call_seconds: np.ndarray
    vocabulary: Tensor | None = None

    def __len__(self) -> int:
        return len(self.converted)

    def rows(self, index: np.ndarray) -> Part:
        """The leads at integer positions `index`, in that order."""
        place = torch.from_numpy(index)
        return Part(
            self.x[place],
            self.text[place],
            self.converted[index],
            self.stage[index],
            self.call_seconds[index],
            None if self.vocabulary is None else self.vocabulary[place],
        )


@dataclass(frozen=True)
class Recipe:
    """What a network is made of and fitted with; the defaults are the first trial of every search. Source: ours."""

    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    dropout: float = 0.1
    hidden: tuple[int, ...] = (64, 32)
    """Widths of the hidden layers."""
    dimension: int = 8
    """Width of a field's embedding."""
    batch_leads: int = 256
    epochs: int = 40
    """At most."""
    patience: int = 5
    """Epochs without a better average precision before training stops."""
    stratify: bool = True
    """Batches in which every stage appears, as `core.data.sampling` makes them; else plainly shuffled."""


Loss = Callable[[nn.Module, Part], Tensor]
"""The loss () of one batch."""
Answer = Callable[[nn.Module, Part], Tensor]
"""What ranks the leads, (n,): higher = call earlier; of several answers (n, k) the sum ranks, each on one scale."""
Make = Callable[[Recipe], nn.Module]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A network with the weights of its best epoch, in eval mode, and what the later slice said of it."""

    network: nn.Module
    recipe: Recipe
    validation: float
    """Average precision of conversion on the later slice."""
    epochs: int
    """Epochs until the best one; 0 = as it was made."""


@dataclass(frozen=True, eq=False)
class Scale:
    """Mean and standard deviation (k,) of several answers over some leads, on which those of others are put too."""

    mean: np.ndarray
    deviation: np.ndarray

    @staticmethod
    def of(network: nn.Module, part: Part, answer: Answer) -> Scale:
        """The scale of the answers on `part`; an answer that never varies keeps its own."""
        said = _said(network, part, answer)
        deviation = said.std(axis=0)
        return Scale(said.mean(axis=0), np.where(deviation > 0, deviation, 1))


def fit(
    make: Make,
    train: Part,
    later: Part,
    recipe: Recipe,
    *,
    seed: int,
    loss: Loss,
    answer: Answer,
    begun: bool = False,
) -> Fitted:
    """Make a network and train it until `later` stops getting better. The same seed gives the same network.

    Training ends at once where answers are no numbers any more; a network that never had any better keeps `validation`
    -1.

    `begun`: what `make` makes is a model already, and stays as it is where training only makes it worse.

    Raises:
        NotComputable: a part lacks one of the two outcomes.
    """
    for name, part in (("training", train), ("calibration", later)):
        won, known = int(np.nansum(part.converted)), int(np.isfinite(part.converted).sum())
        if not 0 < won < known:
            raise NotComputable(
                f"the {name} part needs converted and unconverted leads, however: {won} of {known} leads with a known "
                "outcome converted; give more leads, or other shares under [split]"
            )
    torch.manual_seed(seed)
    network = make(recipe)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    groups = strata(train.stage, train.converted)
    best = Fitted(network, recipe, precision_on(network, later, answer) if begun else -1.0, 0)
    state = _copy(network)
    for epoch in range(recipe.epochs):
        network.train()
        for rows in _batches(groups, recipe, seed, epoch):
            optimiser.zero_grad(set_to_none=True)
            loss(network, train.rows(rows)).backward()
            optimiser.step()
        value = precision_on(network, later, answer)
        if value > best.validation:
            best, state = replace(best, validation=value, epochs=epoch + 1), _copy(network)
        if value == DIVERGED or epoch + 1 - best.epochs >= recipe.patience:
            break
    network.load_state_dict(state)
    network.eval()
    return best


def search(
    make: Make,
    train: Part,
    later: Part,
    *,
    trials: int,
    seed: int,
    loss: Loss,
    answer: Answer,
    stratify: bool = True,
    begun: bool = False,
    watch: Watch = nobody,
) -> Fitted:
    """The network, of the default recipe and `trials` - 1 drawn ones, that does best on `later`.

    Recipes with which training diverges are passed over.

    Raises:
        NotComputable: as `fit`; or every recipe diverged.
    """
    rng = np.random.default_rng(seed)
    phase, best = Phase("tune network", watch), Fitted(nn.Identity(), Recipe(), -1.0, 0)
    for number, recipe in enumerate([Recipe(), *(_draw(rng) for _ in range(trials - 1))], 1):
        recipe = replace(recipe, stratify=stratify, learning_rate=recipe.learning_rate / (GENTLE if begun else 1))
        found = fit(make, train, later, recipe, seed=seed, loss=loss, answer=answer, begun=begun)
        best = found if found.validation > best.validation else best
        phase.at(number, trials)
    if best.validation < 0:
        raise NotComputable(
            f"training diverged with {'the one setting' if trials == 1 else f'each of the {trials} settings'} tried, "
            "so there is no network to rank with: look for extreme values in the fields, or try more settings"
        )
    return best


def answers(network: nn.Module, part: Part, answer: Answer, scale: Scale | None = None) -> np.ndarray:
    """What ranks the leads of `part`, (n,) float64; several answers are put on `scale`, else on their own, and summed.

    A lead's rank must not hang on whom it is scored with: give the `scale` of the later slice to score others.
    """
    said = _said(network, part, answer)
    if said.ndim < 2:
        return said
    scale = scale or Scale.of(network, part, answer)
    return ((said - scale.mean) / scale.deviation).sum(axis=1)


def precision_on(network: nn.Module, part: Part, answer: Answer) -> float:
    """Average precision of conversion among the leads of known outcome; DIVERGED where an answer is no number."""
    known = np.isfinite(part.converted)
    said = answers(network, part, answer)
    return average_precision(part.converted[known], said[known]) if np.isfinite(said).all() else DIVERGED


def _said(network: nn.Module, part: Part, answer: Answer) -> np.ndarray:
    """The answers as they are, (n,) or (n, k) float64."""
    network.eval()
    said = []
    with torch.inference_mode():
        for start in range(0, len(part), SCORED_AT_ONCE):
            rows = np.arange(start, min(start + SCORED_AT_ONCE, len(part)))
            said.append(answer(network, part.rows(rows)).double().numpy())
    return np.concatenate(said) if said else np.empty(0)


def _batches(groups: np.ndarray, recipe: Recipe, seed: int, epoch: int) -> list[np.ndarray]:
    if recipe.stratify:
        return stratified_batches(groups, recipe.batch_leads, seed=seed, epoch=epoch)
    order = np.random.default_rng((seed, epoch)).permutation(len(groups))
    return np.array_split(order, -(-len(order) // recipe.batch_leads))


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _draw(rng: np.random.Generator) -> Recipe:
    widths: tuple[tuple[int, ...], ...] = ((32,), (64, 32), (128, 64))
    return Recipe(
        learning_rate=float(np.exp(rng.uniform(np.log(3e-4), np.log(1e-2)))),
        weight_decay=float(np.exp(rng.uniform(np.log(1e-3), np.log(10.0)))),
        dropout=float(rng.uniform(0.0, 0.5)),
        hidden=widths[int(rng.integers(len(widths)))],
        dimension=int(rng.choice([4, 8, 16])),
    )
