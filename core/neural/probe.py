"""The probe: heads fitted on frozen states, to convergence, in seconds.

With linear heads each loss is convex and has parameters of its own, so each head is solved alone by L-BFGS; their
weights in the sum only matter once LoRA shares parameters among them. L2 strengths, one for the states and one for the
fields, are chosen by cross-validation over customers within the training part.

Source: own measurement that a probe beats fine-tuning on about a thousand leads; strong L2 matters more than depth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from sklearn.model_selection import StratifiedGroupKFold
from torch import Tensor, nn

from core import metrics
from core.config import Config
from core.data.pairs import Pairing, Reviewed
from core.errors import NotComputable
from core.neural.asllr import Encoded, Heads
from core.neural.hpro import margin_loss, semantic_loss
from core.progress import Phase

STATE_STRENGTHS = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01)
"""L2 on the heads' weights over standardised states, strong to weak; 1 / (C n) of scikit-learn.
Source: C of 1e-4 to 1e-2."""
TOWER_STRENGTHS = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""L2 on the heads' weights over encoded fields, strong to weak."""
PAIRS_PER_TIER = 20_000


@dataclass(frozen=True)
class ProbeData:
    """The training part as tensors. Shapes: tower (n, T), converted (n,) with NaN where unknown, group (n,)."""

    encoded: Encoded
    tower: Tensor
    converted: np.ndarray
    stage: np.ndarray
    call_seconds: np.ndarray
    group: np.ndarray
    reviewed: Reviewed | None = None
    """What people said of pairs of these leads."""


@dataclass(frozen=True)
class Probe:
    """Fitted heads, with what each said of leads it had not seen (out of fold, shape (n,)) and the L2 strengths."""

    heads: Heads
    converted: np.ndarray
    out_of_fold: dict[str, np.ndarray]
    auc: dict[str, float]
    strengths: dict[str, tuple[float, float]] = field(default_factory=dict)
    pair_accuracy: dict[str, float] = field(default_factory=dict)
    """By tier, the share of pairs that the ranking head orders rightly, out of fold."""


def fit_probe(data: ProbeData, pairing: Pairing, config: Config, folds: int = 5, phase: Phase | None = None) -> Probe:
    """Choose strengths out of fold, then fit on all of `data`; `phase` is told after each head.

    Raises:
        NotComputable: the outcome has one class only.
    """
    known = np.isfinite(data.converted)
    positives = int(np.nansum(data.converted))
    if positives < 2 or known.sum() - positives < 2:
        raise NotComputable(
            "training needs at least two converted and two other leads, however: "
            f"{positives} of {int(known.sum())} converted"
        )
    heads = _new_heads(data, config)
    x, last = heads.features(data.encoded, data.tower), heads.of_last(data.encoded.last)
    splitter = StratifiedGroupKFold(min(folds, positives), shuffle=True, random_state=config.seed)
    outcome = np.nan_to_num(data.converted)
    parts = [part for part in splitter.split(outcome, outcome, data.group) if len(set(outcome[part[0]])) == 2]
    out_of_fold: dict[str, np.ndarray] = {}
    auc: dict[str, float] = {}
    strengths: dict[str, tuple[float, float]] = {}
    objectives = {
        "pointwise": (x, heads.pointwise, _pointwise(data)),
        "pairwise": (x, heads.pairwise, _pairwise(data, pairing, config)),
        "semantic": (last, heads.semantic_offset, _semantic(data)),
    }
    for number, (name, (inputs, head, objective)) in enumerate(objectives.items(), 1):
        if inputs.shape[1] == 0 or getattr(config.loss, name) == 0:
            continue
        wide = data.encoded.states.shape[1] if name != "semantic" else inputs.shape[1]
        solve = (
            _LinearSolver(inputs, wide, objective)
            if isinstance(head, nn.Linear)
            else _TwoLayerSolver(inputs, head, objective)
        )
        best, said, value = _search(solve, parts, data, name)
        out_of_fold[name], auc[name], strengths[name] = said, value, best
        solve.fit_into(head, best)
        if phase is not None:
            phase.at(number, len(objectives), {f"out_of_fold_auc.{head}": value for head, value in auc.items()})
    accuracy = _pair_accuracy(data, pairing, config, out_of_fold["pairwise"]) if "pairwise" in out_of_fold else {}
    return Probe(heads, data.converted, out_of_fold, auc, strengths, accuracy)


def _pair_accuracy(data: ProbeData, pairing: Pairing, config: Config, score: np.ndarray) -> dict[str, float]:
    pairs = pairing.pairs(
        data.stage,
        data.converted,
        data.call_seconds,
        limit=PAIRS_PER_TIER,
        seed=config.seed,
        reviewed=data.reviewed,
    )
    right = score[pairs.chosen] > score[pairs.rejected]
    return {
        tier.name: float(right[pairs.tier == number].mean())
        for number, tier in enumerate(pairs.tiers)
        if (pairs.tier == number).any()
    }


def _new_heads(data: ProbeData, config: Config) -> Heads:
    torch.manual_seed(config.seed)
    widths = data.encoded.states.shape[1], data.encoded.last.shape[1], data.tower.shape[1]
    heads = Heads(*widths, kind="two-layer" if config.heads == "two-layer" else "linear")
    heads.of_states.fit(data.encoded.states)
    heads.of_last.fit(data.encoded.last)
    return heads


Objective = Callable[[np.ndarray], Callable[[Tensor], Tensor]]
"""Rows to learn from -> a loss of the head's outputs (n, outputs) over all leads."""


def _pointwise(data: ProbeData) -> Objective:
    target = torch.from_numpy(np.nan_to_num(data.converted)).float()

    def over(rows: np.ndarray) -> Callable[[Tensor], Tensor]:
        index = torch.from_numpy(rows[np.isfinite(data.converted[rows])])
        return lambda out: nn.functional.binary_cross_entropy_with_logits(out[index, 0], target[index])

    return over


def _pairwise(data: ProbeData, pairing: Pairing, config: Config) -> Objective:
    def over(rows: np.ndarray) -> Callable[[Tensor], Tensor]:
        pairs = pairing.pairs(
            data.stage[rows],
            data.converted[rows],
            data.call_seconds[rows],
            limit=PAIRS_PER_TIER,
            seed=config.seed,
            reviewed=data.reviewed.among(rows) if data.reviewed else None,
        )
        position = torch.from_numpy(rows)
        chosen, rejected = position[torch.from_numpy(pairs.chosen)], position[torch.from_numpy(pairs.rejected)]
        margin, tier = torch.from_numpy(pairs.margin), torch.from_numpy(pairs.tier).long()
        weight = torch.tensor([t.weight for t in pairs.tiers])
        return lambda out: margin_loss(out[:, 0], chosen, rejected, margin, tier, weight)[0]

    return over


def _semantic(data: ProbeData) -> Objective:
    encoded, target = data.encoded, torch.from_numpy(np.nan_to_num(data.converted)).float()

    def over(rows: np.ndarray) -> Callable[[Tensor], Tensor]:
        index = torch.from_numpy(rows[np.isfinite(data.converted[rows])])

        def loss(out: Tensor) -> Tensor:
            yes, no = encoded.yes + out[:, 0], encoded.no + out[:, 1]
            return semantic_loss(yes[index], no[index], encoded.other[index], target[index])

        return loss

    return over


class _LinearSolver:
    """L2-regularised linear head by L-BFGS, warm-started along the path of strengths."""

    def __init__(self, inputs: Tensor, wide: int, objective: Objective) -> None:
        self.inputs, self.wide, self.objective = inputs, wide, objective
        self.outputs = 1
        self.warm: dict[int, Tensor] = {}

    def strengths(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        width = self.inputs.shape[1]
        return STATE_STRENGTHS if self.wide else (1.0,), TOWER_STRENGTHS if width > self.wide else (0.03,)

    def fit(self, rows: np.ndarray, strength: tuple[float, float], outputs: int, fold: int) -> Tensor:
        """Weights and bias (outputs, width + 1) learned from `rows`."""
        width = self.inputs.shape[1]
        weights = self.warm.get(fold, torch.zeros(outputs, width + 1)).clone().requires_grad_()
        penalty = torch.cat([torch.full((self.wide,), strength[0]), torch.full((width - self.wide,), strength[1])])
        loss_of = self.objective(rows)
        optimiser = torch.optim.LBFGS(
            [weights], max_iter=60, tolerance_grad=1e-4, tolerance_change=1e-7, line_search_fn="strong_wolfe"
        )

        def closure() -> Tensor:
            optimiser.zero_grad()
            out = self.inputs @ weights[:, :-1].T + weights[:, -1]
            loss = loss_of(out) + 0.5 * (penalty * weights[:, :-1] ** 2).sum()
            loss.backward()
            return loss

        optimiser.step(closure)
        self.warm[fold] = weights.detach()
        return weights.detach()

    def predict(self, rows: np.ndarray, fitted: Tensor) -> Tensor:
        return self.inputs[torch.from_numpy(rows)] @ fitted[:, :-1].T + fitted[:, -1]

    def fit_into(self, head: nn.Module, strength: tuple[float, float]) -> None:
        fitted = self.fit(np.arange(len(self.inputs)), strength, head.out_features, fold=-1)  # type: ignore[arg-type]
        with torch.no_grad():
            head.weight.copy_(fitted[:, :-1])  # type: ignore[operator]
            head.bias.copy_(fitted[:, -1])  # type: ignore[operator]


class _TwoLayerSolver:
    """The authors' two-layer head by full-batch AdamW with weight decay; dropout stays on while fitting."""

    def __init__(self, inputs: Tensor, head: nn.Module, objective: Objective) -> None:
        self.inputs, self.head, self.objective = inputs, head, objective
        self.start = {name: value.clone() for name, value in head.state_dict().items()}

    def strengths(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return (0.1, 0.01), (0.0,)

    def fit(self, rows: np.ndarray, strength: tuple[float, float], outputs: int, fold: int) -> dict[str, Tensor]:
        self.head.load_state_dict(self.start)
        self.head.train()
        loss_of = self.objective(rows)
        optimiser = torch.optim.AdamW(self.head.parameters(), lr=1e-3, weight_decay=strength[0])
        for _ in range(150):
            optimiser.zero_grad()
            loss_of(self.head(self.inputs)).backward()
            optimiser.step()
        self.head.eval()
        return {name: value.clone() for name, value in self.head.state_dict().items()}

    def predict(self, rows: np.ndarray, fitted: dict[str, Tensor]) -> Tensor:
        self.head.load_state_dict(fitted)
        with torch.no_grad():
            return self.head(self.inputs[torch.from_numpy(rows)])

    def fit_into(self, head: nn.Module, strength: tuple[float, float]) -> None:
        head.load_state_dict(self.fit(np.arange(len(self.inputs)), strength, 1, fold=-1))


def _search(solve, parts, data: ProbeData, name: str) -> tuple[tuple[float, float], np.ndarray, float]:
    """Strengths with the best out-of-fold average precision, what they said, and its AUC.

    First those of the states are searched, then those of the fields. Not by AUC, which looks at the whole order: it is
    the top of the list that is called.
    """
    outputs = 2 if name == "semantic" else 1
    seen: dict[tuple[float, float], tuple[float, np.ndarray, float]] = {}

    def value_of(strength: tuple[float, float]) -> float:
        if strength not in seen:
            said = np.zeros(len(data.converted))
            values: list[tuple[float, float]] = []
            for fold, (rows, held_out) in enumerate(parts):
                out = solve.predict(held_out, solve.fit(rows, strength, outputs, fold)).detach().double().numpy()
                said[held_out] = out[:, 0] - out[:, 1] if outputs == 2 else out[:, 0]
                if name == "semantic":
                    index = torch.from_numpy(held_out)
                    said[held_out] += (data.encoded.yes[index] - data.encoded.no[index]).double().numpy()
                usable = held_out[np.isfinite(data.converted[held_out])]
                if len(set(data.converted[usable])) == 2:
                    outcome = data.converted[usable]
                    values.append(
                        (metrics.average_precision(outcome, said[usable]), metrics.auc(outcome, said[usable]))
                    )
            precision, area = np.mean(values, axis=0).tolist() if values else (0.0, 0.0)
            seen[strength] = precision, said, area
        return seen[strength][0]

    of_states, of_tower = solve.strengths()
    middle = of_tower[len(of_tower) // 2]
    best_state = max(of_states, key=lambda s: value_of((s, middle)))
    best_tower = max(of_tower, key=lambda t: value_of((best_state, t)))
    best = (best_state, best_tower)
    return best, seen[best][1], seen[best][2]
