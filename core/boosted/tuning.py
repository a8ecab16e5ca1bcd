"""Random search over LightGBM's settings, and trees on the outcome alone.

Every search has one aim and a stated budget: settings for at most MAX_ROUNDS trees, tried on at most TUNING_LEADS
leads, are compared by average precision of conversion on a later slice that no tree is grown on. A search on a part of
the leads ends with a fit of the best settings on all. The same seed and leads give the same trees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol, TypeVar

import lightgbm
import numpy as np
import pandas as pd

from core.errors import NotComputable

MAX_ROUNDS = 1000
"""Most trees per trial. Source: ours."""
PATIENCE = 50
"""Trees without a better figure on the later slice before a trial stops. Source: ours."""
TUNING_LEADS = 100_000
"""Trials see at most this many training leads, drawn by seed; the best is then refitted on all. Source: ours."""
FEWER = 3
"""Graded trees and chains try this many times fewer settings than plain trees, as a trial takes them five to eight
times as long. Source: measured on 24,000 simulated leads, 0.6 s of a core against 4 s and 3 s."""
FIXED: dict[str, Any] = {
    "objective": "binary",
    "metric": "average_precision",
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,  # on a busy machine two wait for each other: 32 s against 2 s for five trials on 23,000 leads
    "verbosity": -1,
}
FIRST_TRIAL: dict[str, Any] = {
    "num_leaves": 15,
    "learning_rate": 0.05,
    "min_child_samples": 20,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "lambda_l2": 1.0,
}
"""Plain settings that every search starts from, so that tuning never ends below them on the later slice."""
# Else the first trial's smallest leaf would decide which fields the later ones may use.
_BINNING = {"feature_pre_filter": False, "verbosity": -1}


class Tuned(Protocol):
    """What a trial makes."""

    @property
    def validation(self) -> float: ...


T = TypeVar("T", bound=Tuned)


@dataclass(frozen=True, eq=False)
class Trees:
    """Boosted trees, tuned."""

    booster: lightgbm.Booster
    validation: float
    """Average precision of conversion on the later slice."""
    chosen: dict[str, Any]
    """The settings that the search chose, with `rounds`, the number of trees."""

    def score(self, x: pd.DataFrame) -> np.ndarray:
        """Raw score of each lead, (n,) float64, higher = call earlier; `x` has the columns that trees were grown on."""
        return raw_score(self.booster, x)


def fit_binary(
    x: pd.DataFrame,
    converted: np.ndarray,
    held_out: pd.DataFrame,
    held_converted: np.ndarray,
    *,
    seed: int = 0,
    trials: int = 20,
) -> Trees:
    """Trees on whether a lead converts; each trial stops early, and is compared, on the later slice `held_out`.

    Shape: x, held_out (n, fields), numbers or pandas categoricals; converted, held_converted (n,) 1, 0 or NaN, whose
    leads are left out.

    Raises:
        NotComputable: there are no fields or trials, or a part lacks one of the two outcomes.
    """
    x, converted = with_outcome(x, converted, "training")
    held_out, held_converted = with_outcome(held_out, held_converted, "calibration")
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(x))[:TUNING_LEADS])
    fixed = {**FIXED, "seed": seed}
    data, valid = datasets(x.iloc[rows], converted[rows], held_out, held_converted)

    def attempt(settings: dict[str, Any]) -> Trees:
        booster = grow({**fixed, **settings}, data, valid)
        precision = float(booster.best_score["valid_0"]["average_precision"])
        return Trees(booster, precision, {**settings, "rounds": booster.best_iteration})

    best = search(attempt, draw_settings, FIRST_TRIAL, trials=trials, rng=rng)
    if len(rows) == len(x):
        return best
    settings = {name: best.chosen[name] for name in FIRST_TRIAL}
    whole = lightgbm.Dataset(_by_position(x), converted)
    return Trees(lightgbm.train({**fixed, **settings}, whole, best.chosen["rounds"]), best.validation, best.chosen)


def search(
    attempt: Callable[[dict[str, Any]], T],
    draw: Callable[[np.random.Generator], dict[str, Any]],
    first: dict[str, Any],
    *,
    trials: int,
    rng: np.random.Generator,
) -> T:
    """The best that `attempt` makes of `trials` settings: `first`, then drawn ones; the earliest where some tie.

    Raises:
        NotComputable: no trial is asked for.
    """
    if trials < 1:
        raise NotComputable(f"trials must be 1 or more, however: got={trials}")
    settings = chain([first], (draw(rng) for _ in range(trials - 1)))
    return max(map(attempt, settings), key=lambda found: found.validation)


def draw_settings(rng: np.random.Generator) -> dict[str, Any]:
    """One draw of the search, with the names of FIRST_TRIAL."""
    return {
        "num_leaves": int(rng.choice([4, 7, 15, 31, 63])),
        "learning_rate": float(np.exp(rng.uniform(np.log(0.02), np.log(0.2)))),
        "min_child_samples": int(rng.choice([5, 10, 20, 50, 100, 200])),
        "feature_fraction": float(rng.uniform(0.4, 1.0)),
        "bagging_fraction": float(rng.uniform(0.6, 1.0)),
        "lambda_l2": float(np.exp(rng.uniform(np.log(0.01), np.log(100)))),
    }


def grow(
    parameters: dict[str, Any], data: lightgbm.Dataset, valid: lightgbm.Dataset, figure: Any = None
) -> lightgbm.Booster:
    """Trees until the metric of `parameters`, or `figure` (LightGBM's `feval`), no longer improves on `valid`."""
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    return lightgbm.train(parameters, data, MAX_ROUNDS, valid_sets=[valid], feval=figure, callbacks=[stop])


def datasets(
    x: pd.DataFrame, label: np.ndarray, held_out: pd.DataFrame, held_label: np.ndarray, group: np.ndarray | None = None
) -> tuple[lightgbm.Dataset, lightgbm.Dataset]:
    """What the trials grow on and stop on; `group`: sizes of the queries, in the order of the rows of `x`."""
    data = lightgbm.Dataset(_by_position(x), label, group=group, free_raw_data=False, params=_BINNING)
    valid = lightgbm.Dataset(_by_position(held_out), held_label, reference=data, free_raw_data=False, params=_BINNING)
    return data, valid


def raw_score(booster: lightgbm.Booster, x: pd.DataFrame) -> np.ndarray:
    """(n,) float64, before any link; LightGBM itself refuses to score no leads."""
    return np.asarray(booster.predict(_by_position(x), raw_score=True)) if len(x) else np.empty(0)


def with_outcome(x: pd.DataFrame, converted: np.ndarray, part: str) -> tuple[pd.DataFrame, np.ndarray]:
    """The leads of known outcome; `part` names them in the message.

    Raises:
        NotComputable: there are no fields, none of the leads converted, or all did.
    """
    if x.shape[1] == 0:
        raise NotComputable("LightGBM needs fields, however: the schema names no numeric or categorical feature")
    known = np.isfinite(converted)
    won = int((converted == 1).sum())
    if not 0 < won < known.sum():
        raise NotComputable(
            f"the {part} part needs converted and unconverted leads, however: {won} of {known.sum()} leads with a "
            "known outcome converted; give more leads, or other shares under [split]"
        )
    return (x, converted) if known.all() else (x[known], converted[known])


def _by_position(x: pd.DataFrame) -> pd.DataFrame:
    # LightGBM refuses names that hold characters of JSON; positions serve it as well.
    return x.set_axis([f"field_{i}" for i in range(x.shape[1])], axis="columns")
