"""What is chosen before the test is looked at, by average precision on the later slice: the best, and the simplest that
did about as well.

The best of many on one slice is partly luck, so whichever came out highest is not advised for that alone: of the usual
methods within one standard error of the best one, the simplest is. Source: Breiman et al. 1984, the one-standard-error
rule; the error is that of the best one's figure, over leads (bootstrap) and seeds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.benchmark.arms import Arm
from core.benchmark.results import Results


def validation(results: Results, arm: str) -> float:
    """Mean over seeds of the average precision that choices are made by; NaN where the arm has not run."""
    trials = results.of(arm)
    return float(np.mean([one.validation for one in trials])) if trials else np.nan


def validation_error(results: Results, arm: str) -> float:
    """Standard error of `validation`, over leads and seeds; NaN where it is not known.

    The leads' part of a mean over seeds is at most that of one of them: it is taken as if the seeds had it in common.
    """
    trials = results.of(arm)
    errors = [one.validation_error for one in trials]
    if not trials or None in errors:
        return np.nan
    between = np.var([one.validation for one in trials], ddof=1) / len(trials) if len(trials) > 1 else 0.0
    return float(np.sqrt(np.mean(np.square(np.array(errors, dtype=float))) + between))


def best_by_validation(results: Results, keys: Sequence[str]) -> str | None:
    """The arm with the highest mean of `Trial.validation`; the first of equals; None where none has one."""
    told = {key: validation(results, key) for key in keys}
    told = {key: value for key, value in told.items() if np.isfinite(value)}
    return max(told, key=lambda key: told[key]) if told else None


def as_good(results: Results, keys: Sequence[str]) -> tuple[str, ...]:
    """Those within one standard error of the best one by validation, itself among them, the simplest first: rules,
    linear models, boosted trees, networks, and last the rule that has a network within."""
    best = best_by_validation(results, keys)
    if best is None:
        return ()
    error = validation_error(results, best)
    least = validation(results, best) - (error if np.isfinite(error) else 0.0)
    found = [key for key in results.arms if key in keys and validation(results, key) >= least]
    return tuple(sorted(found, key=lambda key: _holds_a_network(results.arms[key])))


def _holds_a_network(rule: Arm) -> bool:
    return rule.family == "rule" and rule.seeded
