"""Trees for each step of the funnel, multiplied: P(sale) = P(call) * P(visit | call) * ... * P(sale | last stage).

    x -> trees of step 0 -> 1   log P(depth >= 1)               over all leads
    x -> trees of step 1 -> 2   log P(depth >= 2 | depth >= 1)  over leads that came to 1
    ...                         + ------------------------------------------------------
                                score = log P(sale)

The steps before the sale have many more examples than the sale, which is what the chain lives on where sales are rare.
Source: the continuation-ratio model (Fienberg 1980), with LightGBM at each step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from core.boosted.graded import grades
from core.boosted.tuning import (
    FEWER,
    FIRST_TRIAL,
    FIXED,
    TUNING_LEADS,
    datasets,
    draw_settings,
    grow,
    raw_score,
    search,
    with_outcome,
)
from core.errors import NotComputable

LEAST = 10
"""Training leads that take a step, and that do not, below which it has no trees of its own. Source: ours."""


@dataclass(frozen=True, eq=False)
class Chain:
    """One set of trees for each step, tuned together."""

    boosters: tuple[lightgbm.Booster, ...]
    validation: float
    """Average precision of conversion on the later slice."""
    chosen: dict[str, Any]
    """The settings that the search chose; `steps`: [from, to] depth of each step; `merged`: depths that have no step
    of their own, for want of examples; `rounds`: trees of each step."""

    def score(self, x: pd.DataFrame) -> np.ndarray:
        """Log of the chance of conversion, (n,) float64: the sum over steps."""
        return _log_chance(self.boosters, x)


@dataclass(frozen=True)
class _Depths:
    """How far leads came, as far as is known: what each step may learn from."""

    grade: np.ndarray
    """(n,), -1 where stage or outcome is unknown."""
    depth: np.ndarray
    """(n,): the grade; the stage where only the outcome is unknown; else -1."""
    top: int

    def examples(self, low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows that came to `low`, and whether each came to `high`. Of the last step only the outcome tells."""
        told = self.grade if high == self.top else self.depth
        rows = np.flatnonzero((told >= 0) & (self.depth >= low))
        return rows, self.depth[rows] >= high

    def fewest(self, low: int, high: int) -> int:
        _, taken = self.examples(low, high)
        return int(min(taken.sum(), (~taken).sum()))


def fit_chain(
    x: pd.DataFrame,
    stage: np.ndarray,
    converted: np.ndarray,
    held_out: pd.DataFrame,
    held_stage: np.ndarray,
    held_converted: np.ndarray,
    *,
    seed: int = 0,
    trials: int = 20,
) -> Chain:
    """Trees for each step; those of a step stop by its own log loss, and settings are compared by the whole product.

    Early stopping by the product's average precision was tried: one number of trees then has to fit the first step and
    the last, and over six simulated files of 4,000 leads the AUC was 0.753 against 0.768. One in FEWER of `trials`
    settings is tried, rounded up; all steps of a trial share them.

    A step with fewer than LEAST examples of a class, or none of one in the later slice, is merged with the next (the
    last with the one before it). Leads of unknown stage inform no step; those of unknown outcome all but the last.

    Shape: x, held_out (n, fields); stage (n,) int, -1 unknown; converted (n,) 1, 0 or NaN.

    Raises:
        NotComputable: no fields or trials, no stage is known, or a part lacks one of the two outcomes.
    """
    if max(stage, default=-1) < 0:
        raise NotComputable("a chain needs stages, however: none is known; name roles.stage and funnel.stages")
    train, later = _depths(stage, converted, held_stage, held_converted)
    with_outcome(x[train.grade >= 0], converted[train.grade >= 0], "training")
    tested, won = with_outcome(held_out, held_converted, "calibration")
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(x))[:TUNING_LEADS])
    part = _Depths(train.grade[rows], train.depth[rows], train.top)
    steps = _steps(lambda low, high: part.fewest(low, high) >= LEAST and later.fewest(low, high) >= 1, train.top)
    fixed = {**FIXED, "metric": "binary_logloss", "seed": seed}
    material = [_material(x.iloc[rows], part, held_out, later, step) for step in steps]

    def attempt(settings: dict[str, Any]) -> Chain:
        boosters = tuple(grow({**fixed, **settings}, data, valid) for data, valid in material)
        precision = float(average_precision_score(won, _log_chance(boosters, tested)))
        rounds = [booster.best_iteration for booster in boosters]
        return Chain(boosters, precision, {**settings, "rounds": rounds})

    best = search(attempt, draw_settings, FIRST_TRIAL, trials=-(-trials // FEWER), rng=rng)
    boosters = best.boosters
    if len(rows) < len(x):
        settings = {**fixed, **{name: best.chosen[name] for name in FIRST_TRIAL}}
        whole = (_material(x, train, held_out, later, step)[0] for step in steps)
        boosters = tuple(
            lightgbm.train(settings, data, rounds) for data, rounds in zip(whole, best.chosen["rounds"], strict=True)
        )
    merged = sorted(set(range(1, train.top + 1)) - {high for _, high in steps})
    return Chain(boosters, best.validation, {**best.chosen, "steps": [list(s) for s in steps], "merged": merged})


def _depths(
    stage: np.ndarray, converted: np.ndarray, held_stage: np.ndarray, held_converted: np.ndarray
) -> tuple[_Depths, _Depths]:
    """Both parts, graded alike."""
    stages = np.concatenate([stage, held_stage])
    grade = grades(stages, np.concatenate([converted, held_converted]), int(stages.max()) + 1)
    depth, top = np.where(grade >= 0, grade, stages), int(grade.max())
    return _Depths(grade[: len(stage)], depth[: len(stage)], top), _Depths(
        grade[len(stage) :], depth[len(stage) :], top
    )


def _steps(enough: Callable[[int, int], bool], top: int) -> list[tuple[int, int]]:
    """Steps (from, to) that cover 0 to `top`, each with enough examples, but for a single one."""
    cuts = [0]
    for depth in range(1, top):
        if enough(cuts[-1], depth):
            cuts.append(depth)
    while len(cuts) > 1 and not enough(cuts[-1], top):
        cuts.pop()
    return list(pairwise([*cuts, top]))


def _material(
    x: pd.DataFrame, train: _Depths, held_out: pd.DataFrame, later: _Depths, step: tuple[int, int]
) -> tuple[lightgbm.Dataset, lightgbm.Dataset]:
    (rows, taken), (held_rows, held_taken) = train.examples(*step), later.examples(*step)
    return datasets(x.iloc[rows], taken.astype(float), held_out.iloc[held_rows], held_taken.astype(float))


def _log_chance(boosters: tuple[lightgbm.Booster, ...], x: pd.DataFrame) -> np.ndarray:
    return np.sum([-np.logaddexp(0, -raw_score(booster, x)) for booster in boosters], axis=0)
