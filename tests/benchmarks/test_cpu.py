"""The processor's benchmark runs as its README says, and both sides answer alike; how fast is measured elsewhere."""

from __future__ import annotations

import pytest

from benchmarks.cpu import Curve
from tests.smoke import run


def test_time_to_an_auc_lies_on_the_line_between_epochs() -> None:
    curve = Curve([0.0, 10.0, 20.0], [0.5, 0.6, 0.8])
    assert curve.until(0.7) == pytest.approx(15)
    assert curve.until(0.5) == 0
    with pytest.raises(StopIteration):
        curve.until(0.9)


def test_both_sides_score_and_learn() -> None:
    result = run("cpu")
    scored, trained = result["scoring"], result["training"]
    assert scored["largest_difference"] < 1e-4
    for name, ratio in scored["ours_over"].items():
        assert ratio == pytest.approx(scored["leads_per_second"]["ours"] / scored["leads_per_second"][name])
    assert all(max(curve["auc"]) >= trained["auc"] > 0.54 for curve in trained["curves"].values())
    spent = trained["seconds_to_auc"]
    assert trained["ours_over_plain"] == pytest.approx(spent["plain"] / spent["ours"])
