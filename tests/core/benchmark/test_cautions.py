"""What the answer hangs on; most of it is tested with the answer itself."""

from core.benchmark.cautions import cautions
from core.benchmark.table import build_table
from tests.benchmarked import made_results


def test_a_small_capacity_is_warned_of_and_a_usual_one_is_not() -> None:
    for capacity, few in ((0.004, True), (0.1, False)):
        found = cautions(build_table(made_results({"lightgbm": 1.0}, capacity=capacity), resamples=20), "lightgbm")
        assert any("luck more than skill" in one for one in found) is few


def test_where_nothing_is_advised_no_other_one_is_held_against_it() -> None:
    table = build_table(made_results({"newest": 3.0, "lightgbm": 0.5}), resamples=20)
    assert any("Newest first found most" in one for one in cautions(table, "lightgbm"))
    assert not any("found most" in one for one in cautions(table, None))
