"""A benchmark's trials measured: each figure of each seed, and the same on resamples of the tested leads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.benchmark.arms import Arm
from core.benchmark.results import Results, Trial
from core.benchmark.spread import Spread
from core.benchmark.wording import share
from core.errors import LeadRankError, NotComputable
from core.evaluation import RANKING_MEASURES, Measure
from core.ranking import Ranking, checked, ranking
from core.resampling import resampled

AUC = Measure("auc")


def measures(capacity: float) -> tuple[Measure, ...]:
    """What arms are measured by: those of any comparison, and precision at the team's capacity."""
    return tuple(dict.fromkeys((AUC, *RANKING_MEASURES, Measure("precision_at", capacity))))


def clusters(test: pd.DataFrame) -> np.ndarray | None:
    """Customer code of each tested lead of `Results.test`, where some customer has several; else None."""
    code, names = pd.factorize(test["customer_id"])
    return np.asarray(code) if len(names) < len(code) else None


def outcome(results: Results) -> np.ndarray:
    """1 where a tested lead converted, else 0; (n,) float64."""
    return results.test["converted"].to_numpy(dtype=np.float64)


def rangeless(test: pd.DataFrame) -> str:
    """Why figures of these tested leads, `Results.test`, can have no interval; empty where they can.

    Raises:
        NotComputable: they have one outcome alone, so that nothing can be measured.

    Example:
        >>> rangeless(pd.DataFrame({"customer_id": ["a", "b", "c"], "converted": [1, 0, 0]}))[:60]
        'an interval needs at least 2 leads with a conversion and 2 w'
    """
    truth = test["converted"].to_numpy(dtype=np.float64)
    checked(truth, np.zeros(len(truth)))
    try:
        resampled(truth, [np.zeros(len(truth))], {"auc": Ranking.auc}, 1, 0, clusters(test))
    except NotComputable as error:
        return str(error)
    return ""


def whole_calls(leads: int, share: float) -> int:
    """Leads that the best `share` of so many are.

    Example:
        >>> whole_calls(241, 0.05), whole_calls(100, 0.29)
        (12, 29)
    """
    return int(share * leads + 1e-9)


def ran(results: Results) -> dict[str, Arm]:
    """Arms with a trial, by key, in the order of the tables."""
    having = {one.arm for one in results.trials}
    return {key: arm for key, arm in results.arms.items() if key in having}


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

    With but one lead or customer of an outcome there are values without a spread: see `rangeless`.

    Raises:
        NotComputable: no arm has run, or the tested leads have one outcome alone.
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
        if measure.share is not None and whole_calls(len(truth), measure.share) < 1:
            missing[measure.name] = _too_deep(measure.share)
        else:
            told.append(measure)
    untold = rangeless(results.test)
    drawn = {m.name: np.empty((0, len(trials))) for m in told}
    if not untold:
        scores = [one.score for one in trials]
        drawn = resampled(truth, scores, {m.name: m.of for m in told}, resamples, seed, clusters(results.test))
    columns = [[place for place, one in enumerate(trials) if one.arm == arm] for arm in arms]
    spreads = {}
    for measure in told:
        values = np.array([float(measure.of(one)) for one in whole])
        spreads[measure.name] = Spread.of(
            [values[which] for which in columns],
            [drawn[measure.name][:, which] for which in columns],
            _hit(measure, whole[0]),
            untold,
        )
    return spreads, missing


def _too_deep(depth: float) -> str:
    """
    Example:
        >>> _too_deep(0.001)
        'too few tested leads for the best 0.1%, which takes at least 1,000'
    """
    return f"too few tested leads for the best {share(depth)}, which takes at least {int(np.ceil(1 / depth - 1e-9)):,}"


def _hit(measure: Measure, one: Ranking) -> float:
    """What one converted lead more among the best is worth; 0 where the measure looks at the whole order."""
    if measure.share is None:
        return 0.0
    return float(1 / (one.captured(measure.share)[1] if measure.kind == "precision_at" else one.won[-1]))
