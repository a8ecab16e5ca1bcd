"""The simplest of those that did about as well as the best: known order, known error."""

from dataclasses import replace

import numpy as np
import pytest

from core.benchmark.arms import Arm
from core.benchmark.choosing import as_good, validation, validation_error
from core.benchmark.results import Results
from tests.benchmarked import ARMS, made_results

USUAL = ("newest", "lightgbm", "deepfm")


def of(values: dict[str, tuple[float, ...]], error: float | None) -> Results:
    """Arms with these figures by seed."""
    made = made_results(dict.fromkeys(values, 1.0), leads=50, seeds=3)
    trials = []
    for key, each in values.items():
        trials += [
            replace(made.of(key)[0], seed=seed, validation=value, validation_error=error)
            for seed, value in enumerate(each)
        ]
    return replace(made, trials=tuple(trials))


def test_the_error_covers_leads_and_seeds() -> None:
    results = of({"deepfm": (0.30, 0.33, 0.36)}, 0.04)
    assert validation(results, "deepfm") == pytest.approx(0.33)
    assert validation_error(results, "deepfm") == pytest.approx(np.sqrt(0.04**2 + 0.03**2 / 3))
    assert validation_error(of({"newest": (0.3,)}, 0.04), "newest") == pytest.approx(0.04)
    assert np.isnan(validation_error(of({"newest": (0.3,)}, None), "newest"))
    assert np.isnan(validation_error(results, "lora"))


def test_within_one_error_of_the_best_the_simplest_comes_first() -> None:
    values = {"newest": (0.20,), "lightgbm": (0.30,), "deepfm": (0.33, 0.33, 0.33)}
    assert as_good(of(values, 0.031), USUAL) == ("lightgbm", "deepfm")
    assert as_good(of(values, 0.029), USUAL) == as_good(of(values, None), USUAL) == ("deepfm",)
    assert as_good(of(values, 0.2), USUAL) == USUAL
    assert as_good(of(values, 0.2), ["lora"]) == ()


def test_a_rule_with_a_network_within_is_no_simple_one() -> None:
    rule = Arm("two-stage", "Two-stage", "rule", "A rule.")
    results = of({"lightgbm": (0.3,), "deepfm": (0.3,)}, 0.1)
    trial = replace(results.trials[0], arm="two-stage")
    results = replace(results, arms={"two-stage": rule, **ARMS}, trials=(trial, *results.trials))
    assert as_good(results, ("two-stage", *USUAL)) == ("lightgbm", "deepfm", "two-stage")
