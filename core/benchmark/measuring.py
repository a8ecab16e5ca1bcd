"""A benchmark's trials measured: each figure of each seed, and the same on resamples of the tested leads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.benchmark.arms import Arm
from core.benchmark.results import Results, Trial
from core.benchmark.spread import Spread
from core.errors import LeadRankError, NotComputable
from core.evaluation import RANKING_MEASURES, Measure
from core.ranking import Ranking, deep_enough, ranking
from core.resampling import resampled

AUC = Measure("auc")


def measures(capacity: float) -> tuple[Measure, ...]:
    """What arms are measured by: those of any comparison, and precision at the team's capacity."""
    return tuple(dict.fromkeys((AUC, *RANKING_MEASURES, Measure("precision_at", capacity))))


def best_by_validation(results: Results, keys: Sequence[str]) -> str | None:
    """The arm with the highest mean of `Trial.validation`; the first of equals; None where none has one."""
    told = {key: validation(results, key) for key in keys}
    told = {key: value for key, value in told.items() if np.isfinite(value)}
    return max(told, key=lambda key: told[key]) if told else None


def clusters(results: Results) -> np.ndarray | None:
    """Customer code of each tested lead, where some customer has several; else None."""
    code, names = pd.factorize(results.test["customer_id"])
    return np.asarray(code) if len(names) < len(code) else None


def outcome(results: Results) -> np.ndarray:
    """1 where a tested lead converted, else 0; (n,) float64."""
    return results.test["converted"].to_numpy(dtype=np.float64)


def ran(results: Results) -> dict[str, Arm]:
    """Arms with a trial, by key, in the order of the tables."""
    having = {one.arm for one in results.trials}
    return {key: arm for key, arm in results.arms.items() if key in having}


def validation(results: Results, arm: str) -> float:
    """Mean over seeds of the average precision that choices are made by; NaN where the arm has not run."""
    trials = results.of(arm)
    return float(np.mean([one.validation for one in trials])) if trials else np.nan


def _of_these_leads(results: Results, trials: Sequence[Trial]) -> None:
    for one in trials:
        if one.score.shape != (len(results.test),) or not np.isfinite(one.score).all():
            raise LeadRankError(
                f"arm '{one.arm}' with seed {one.seed} must have a finite score for each of the {len(results.test)} "
                f"tested leads, however: got={one.score.shape}, {int((~np.isfinite(one.score)).sum())} of them not "
                "finite; run it again"
            )


def measured(results: Results, resamples: int, seed: int) -> tuple[dict[str, Spread], dict[str, str]]:
    """The spread of all arms that have run, by measure; and measures that need more leads, with the reason.

    Raises:
        NotComputable: no arm has run, or the tested leads have one outcome alone, or too few leads or customers of one.
        LeadRankError: an arm's scores are not those of the tested leads.
    """
    arms = ran(results)
    if not arms:
        raise NotComputable("no arm has finished a seed yet, so there is nothing to compare")
    trials = [one for arm in arms for one in results.of(arm)]
    _of_these_leads(results, trials)
    truth = outcome(results)
    whole = [ranking(truth, one.score) for one in trials]
    told: list[Measure] = []
    missing: dict[str, str] = {}
    for measure in measures(results.capacity):
        try:
            if measure.share is not None:
                deep_enough(whole[0], measure.share)
            told.append(measure)
        except NotComputable as error:
            missing[measure.name] = str(error)
    drawn = resampled(
        truth, [one.score for one in trials], {m.name: m.of for m in told}, resamples, seed, clusters(results)
    )
    columns = [[place for place, one in enumerate(trials) if one.arm == arm] for arm in arms]
    spreads = {}
    for measure in told:
        values = np.array([float(measure.of(one)) for one in whole])
        spreads[measure.name] = Spread.of(
            [values[which] for which in columns],
            [drawn[measure.name][:, which] for which in columns],
            _hit(measure, whole[0]),
        )
    return spreads, missing


def _hit(measure: Measure, one: Ranking) -> float:
    """What one converted lead more among the best is worth; 0 where the measure looks at the whole order."""
    if measure.share is None:
        return 0.0
    return float(1 / (one.captured(measure.share)[1] if measure.kind == "precision_at" else one.won[-1]))
