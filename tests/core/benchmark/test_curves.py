"""Gains of arms: the mean over seeds."""

import numpy as np
import pytest

from core.benchmark.curves import arm_lines, lines_frame
from core.metrics import gains
from tests.benchmarked import made_results


def test_a_line_is_the_mean_of_its_seeds_and_arms_that_have_not_run_have_none() -> None:
    results = made_results(leads=400)
    lines = arm_lines(results, ["hpro", "lora", "lightgbm"])
    assert list(lines) == ["hpro", "lightgbm"] and lines["hpro"].name == "asLLR + HPRO"
    truth = results.test["converted"]
    each = [float(gains(truth, one.score).at(0.1)) for one in results.of("hpro")]  # 40 whole calls
    assert lines["hpro"].at(0.1) == pytest.approx(np.mean(each))
    frame = lines_frame(lines)
    assert set(frame["arm"]) == {"hpro", "lightgbm"} and frame["share_reached"].max() == 1
