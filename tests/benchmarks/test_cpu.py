"""The processor's benchmarks run as they say, and both sides answer alike; how fast is measured elsewhere."""

from __future__ import annotations

import pytest

from benchmarks.cpu_training import Curve, until
from tests.smoke import run


def test_time_to_an_auc_lies_on_the_line_between_epochs() -> None:
    ours, plain = Curve([0.0, 10.0, 20.0], [0.5, 0.6, 0.8]), Curve([0.0, 40.0], [0.5, 0.7])
    assert ours.until(0.5) == 0 and ours.until(0.9) is None
    sides = {"ours": ours, "plain": plain}
    assert until(sides, 0.7) == pytest.approx({"ours": 15, "plain": 40, "ours_over_plain": 40 / 15})
    assert until(sides, 0.8) == {"ours": 20, "plain": None, "ours_over_plain": None}


def test_all_sides_score_alike() -> None:
    result = run("cpu")
    assert result["largest_difference"] < 1e-4 < 1e-2 < result["largest_answer"]
    assert result["ours_over"].keys() == {"plain_8", "knowing_8"}
    for name, ratio in result["ours_over"].items():
        assert ratio == pytest.approx(result["leads_per_second"]["ours"] / result["leads_per_second"][name])


def test_both_sides_learn_the_same() -> None:
    (trained,) = run("cpu_training")["runs"]
    ours, plain = (trained["curves"][side] for side in ("ours", "plain"))
    assert len(ours["auc"]) == 3 and ours["auc"][1:] == pytest.approx(plain["auc"][1:], abs=0.01)
    assert len({*ours["auc"]}) == 3, "something is learned"
    assert all(curve["seconds"] == sorted(curve["seconds"]) for curve in (ours, plain))
    assert len(trained["ours_over_plain"]) == 2
