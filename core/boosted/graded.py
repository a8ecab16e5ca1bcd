"""Trees that rank leads by how deep each came: LightGBM's lambdarank with the stage as grade.

A sale is worth the top grade's gain, and each stage before it its own. How steeply gains rise decides what the head of
the list is filled with: with 2^g - 1 a sale is worth two leads of the stage before, so that leads which go half way
crowd it, and where stages say little of the sale the order collapses. The steep gains guard against that.

Source: Burges 2010 (MSR-TR-2010-82); LightGBM's documentation of `lambdarank`.
# DIFF: trials stop by average precision of conversion, not by NDCG: every arm is judged by conversions.
"""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from core.boosted.tuning import (
    FEWER,
    FIRST_TRIAL,
    FIXED,
    Trees,
    datasets,
    draw_settings,
    grow,
    search,
    with_outcome,
)
from core.errors import NotComputable

QUERY_LEADS = 1000
"""Most leads that are ranked against each other. Source: ours."""
TUNING_LEADS = 12_000
"""Trials see whole queries of at most this many training leads; fewer than plain trees, as pairs cost more: on 24,000
leads a trial takes 4 to 6 s of a core. Source: ours; a whole fit on 35,000 leads then takes 34 to 56 s."""
LIGHTGBM_LIMIT = 10_000
"""Above this many rows in a query LightGBM ends the process. Source: its rank objective."""
LEAST_TRUNCATION = 10
"""Places of a query that count, at least: 5% of a small query would be none. Source: ours."""
FIRST_GRADED = {**FIRST_TRIAL, "truncation_share": 0.05}
"""`truncation_share`: the part of a query, from its top, whose order is learned."""


def grades(stage: np.ndarray, converted: np.ndarray, stages: int) -> np.ndarray:
    """Depth of each lead, (n,) int64: its stage, with conversion on top; -1 where stage or outcome is unknown.

    Where exactly the leads of the last stage converted, that stage is the sale. Elsewhere a sale is one grade above
    the last stage, whatever stage the lead is recorded at. Which it is shows over the leads given, so grade all parts
    of a file at once.

    Shape: stage (n,) int, -1 unknown; converted (n,) 1, 0 or NaN; stages: how many the funnel has.

    Example:
        >>> grades(np.array([0, 1, 2, -1]), np.array([0.0, 0.0, 1.0, 1.0]), stages=3).tolist()
        [0, 1, 2, -1]
        >>> grades(np.array([0, 2, 2, 1]), np.array([0.0, 0.0, 1.0, 1.0]), stages=3).tolist()
        [0, 2, 3, 3]
    """
    known, won = (stage >= 0) & np.isfinite(converted), converted == 1
    top = stages - 1 if np.array_equal(won[known], stage[known] == stages - 1) else stages
    return np.where(known, np.where(won, top, stage), -1).astype(np.int64)


def doubling_gains(count: int) -> tuple[float, ...]:
    """LightGBM's own: 2^g - 1 for each of `count` grades.

    Example:
        >>> doubling_gains(4)
        (0.0, 1.0, 3.0, 7.0)
    """
    return tuple(2.0**grade - 1 for grade in range(count))


def steep_gains(count: int) -> tuple[float, ...]:
    """A sale 10, the grade before it a twentieth of that, each grade below a fifth of the next, the lowest 0.

    Source: 0, 0.1, 0.5, 10 held where stages were unrelated to the sale, on simulated leads; ours.

    Example:
        >>> steep_gains(4), steep_gains(2)
        ((0.0, 0.1, 0.5, 10.0), (0.0, 10.0))
    """
    return (0.0, *(0.5 / 5 ** (count - 2 - grade) for grade in range(1, count - 1)), 10.0)


def queries(snapshot_time: np.ndarray, *, seed: int, most: int = QUERY_LEADS) -> np.ndarray:
    """Which leads are ranked against each other, (n,) int64: those of a week, shuffled into parts of at most `most`.

    Shape: snapshot_time (n,) datetime64; leads of unknown time (NaT) are a week of their own.

    Example:
        >>> week = np.array(["2026-03-02", "2026-03-08", "2026-03-09"], dtype="datetime64[D]")
        >>> queries(week, seed=0).tolist()
        [0, 0, 1]
    """
    monday = pd.Series(snapshot_time).dt.to_period("W-SUN").to_numpy()
    rng = np.random.default_rng(seed)
    query, number = np.empty(len(monday), dtype=np.int64), 0
    for _, rows in sorted(pd.Series(range(len(monday))).groupby(pd.factorize(monday)[0])):
        parts = np.array_split(rng.permutation(rows.to_numpy()), -(-len(rows) // most))
        for part in parts:
            query[part] = number
            number += 1
    return query


def fit_graded(
    x: pd.DataFrame,
    grade: np.ndarray,
    held_out: pd.DataFrame,
    held_converted: np.ndarray,
    *,
    gains: tuple[float, ...],
    query: np.ndarray,
    seed: int = 0,
    trials: int = 20,
) -> Trees:
    """Trees on the order of `grade` within each query; leads of unknown grade (-1) are left out.

    One in FEWER of `trials` settings is tried, rounded up. `held_out` is
    ranked as one list, as it will be called: it needs neither grades nor queries.

    Shape: x, held_out (n, fields); grade (n,) as `grades` gives it; query (n,) any labels; held_converted (n,) 1, 0
    or NaN; gains: one for each grade, from 0 to the top.

    Raises:
        NotComputable: no fields or trials, fewer gains than grades, all training leads of one grade, a query above
            LIGHTGBM_LIMIT, or a later slice that lacks one of the two outcomes.
    """
    held_out, held_converted = with_outcome(held_out, held_converted, "calibration")
    order = np.lexsort((query, grade < 0))[: int((grade >= 0).sum())]  # LightGBM wants the rows of a query together
    x, grade, query = x.iloc[order], grade[order], query[order]
    sizes = _sizes(grade, query, gains)
    rng = np.random.default_rng(seed)
    picked = rng.permutation(len(sizes))
    kept = np.zeros(len(sizes), dtype=bool)
    kept[picked[np.cumsum(sizes[picked]) <= max(TUNING_LEADS, sizes[picked[0]])]] = True
    rows = np.repeat(kept, sizes)
    data, valid = datasets(x[rows], grade[rows], held_out, held_converted, sizes[kept])
    fixed = {**FIXED, "objective": "lambdarank", "metric": "None", "label_gain": list(gains), "seed": seed}

    def parameters(settings: dict[str, Any]) -> dict[str, Any]:
        places = max(LEAST_TRUNCATION, round(settings["truncation_share"] * sizes.mean()))
        return {**fixed, **{k: settings[k] for k in FIRST_TRIAL}, "lambdarank_truncation_level": places}

    def conversions(score: np.ndarray, _: lightgbm.Dataset) -> tuple[str, float, bool]:
        return "conversions", float(average_precision_score(held_converted, score)), True

    def attempt(settings: dict[str, Any]) -> Trees:
        booster = grow(parameters(settings), data, valid, conversions)
        precision = float(booster.best_score["valid_0"]["conversions"])
        return Trees(booster, precision, {**settings, "rounds": booster.best_iteration})

    best = search(attempt, _draw, FIRST_GRADED, trials=-(-trials // FEWER), rng=rng)
    if kept.all():
        return best
    whole, _ = datasets(x, grade, held_out, held_converted, sizes)
    booster = lightgbm.train(parameters(best.chosen), whole, best.chosen["rounds"])
    return Trees(booster, best.validation, best.chosen)


def _draw(rng: np.random.Generator) -> dict[str, Any]:
    return {**draw_settings(rng), "truncation_share": float(rng.choice([0.01, 0.03, 0.05, 0.1]))}


def _sizes(grade: np.ndarray, query: np.ndarray, gains: tuple[float, ...]) -> np.ndarray:
    """Rows of each query, in the order of the rows."""
    if len(np.unique(grade)) < 2:
        raise NotComputable(
            f"graded trees need training leads of two grades or more, however: got={np.unique(grade).tolist()}; "
            "name roles.stage and funnel.stages in the schema, or give more leads"
        )
    if len(gains) <= grade.max():
        raise NotComputable(f"gains must name one for each of {grade.max() + 1} grades, however: got={len(gains)}")
    sizes = np.unique(query, return_counts=True)[1]
    if sizes.max() > LIGHTGBM_LIMIT:
        raise NotComputable(
            f"a query must hold {LIGHTGBM_LIMIT:,} leads at most, however: got={sizes.max():,}; make it with `queries`"
        )
    return sizes
