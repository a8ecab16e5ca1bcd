"""What would settle it: sentences that a difference and its range bear out, and no more."""

import re

import numpy as np
import pytest

from core.benchmark.advantage import WORTH, Orders, _worth_showing, advantage
from core.benchmark.spread import Contrast
from core.benchmark.table import build_table
from tests.benchmarked import made_results


def test_a_small_difference_in_a_wide_range_tells_what_one_that_matters_would_take() -> None:
    """The newcomer's case: +9.3 with a range of 300 to each side is nothing to call close."""
    one = Contrast(0.0093, 0.15**2, 0.0, np.inf)
    said = _worth_showing(one, WORTH * 0.213, 241)
    needed = one.leads_needed(241, 0.0213)
    assert needed > 50_000 and "close" not in said
    found = re.fullmatch(
        r"Were one better by a tenth of the orders \(21 of 1,000 calls\), about ([\d,]+) tested .*", said
    )
    assert found and int(found[1].replace(",", "")) == pytest.approx(needed, rel=0.05)


def test_a_small_difference_in_a_narrow_range_is_small() -> None:
    said = _worth_showing(Contrast(0.0001, 0.005**2, 0.0, np.inf), 0.02, 5000)
    assert said.startswith("Whichever is better, it is by less than a tenth of the orders (20 of 1,000 calls)")


def test_what_the_trainings_hide_takes_more_of_them_and_nothing_is_made_of_no_orders() -> None:
    assert "run more seeds" in _worth_showing(Contrast(0.001, 0.01**2, 0.03**2, 4.0), 0.02, 500)
    assert "Neither brings an order" in _worth_showing(Contrast(0.0, 0.01**2, 0.0, np.inf), 0.0, 500)


def test_only_two_can_be_compared() -> None:
    assert advantage(build_table(made_results({"lightgbm": 1.0}, leads=100), resamples=20)) is None


@pytest.mark.parametrize(
    ("tested", "chosen", "enough"), [(50, 25, True), (49, 25, False), (50, 24, False), (50, None, True), (10, 0, False)]
)
def test_orders_are_enough_from_a_stated_number_on(tested: int, chosen: int | None, enough: bool) -> None:
    one = Orders(tested, chosen, 1000)
    assert one.enough is enough and "leads like these would do; here are 1,000." in one.words
