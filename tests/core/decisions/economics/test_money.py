import math

import numpy as np
import pandas as pd
import pytest

from core.data.problems import Findings
from core.decisions.economics.money import Terms, checked_amounts, checked_chances, read_money, told
from core.decisions.economics.pricing import Levers
from core.errors import ConfigError, NotComputable, ValidationError


def test_amounts_are_told_with_currency_and_period() -> None:
    terms = Terms("CHF", "quarter")
    assert told(1_234_567.89, terms, per_period=True) == "1,234,568 CHF a quarter"
    assert told(99.999, terms) == "100 CHF"
    assert told(-0.001, terms) == "0 CHF"
    assert told(math.nan, terms) == "not known"
    assert terms.to_dict() == {"currency": "CHF", "period": "quarter"}


@pytest.mark.parametrize("currency", ["eur", "EURO", "€", "EU", "EUR\n"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(ConfigError, match="three capital letters"):
        Terms(currency)


def test_a_period_is_one_that_is_known() -> None:
    with pytest.raises(ConfigError, match="one of day, week, month, quarter, year, however: got='fortnight'"):
        Terms(period="fortnight")


def test_money_is_read_as_people_write_it() -> None:
    found = Findings()
    frame = pd.DataFrame({"cost": ["1.200,50 €", "-3,25", "0"], "sale": [1, 2, 3]})
    read = read_money(frame, ["cost", "sale"], found)
    assert read["cost"].tolist() == [1200.5, -3.25, 0.0] and read["sale"].tolist() == [1.0, 2.0, 3.0]
    assert not found.problems("error")


def test_what_is_no_money_is_named_with_its_rows() -> None:
    found = Findings()
    read = read_money(pd.DataFrame({"cost": ["5", "much", "", "-2"]}), ["cost", "price"], found, negative=False)
    said = [str(problem) for problem in found.problems("error")]
    assert list(read) == ["cost"] and len(said) == 4
    assert "such as 'much' (row 3)" in said[0] and "missing (row 4)" in said[1] and "negative" in said[2]
    assert "column 'price': there is no such column; the table has cost" in said[3]


def test_chances_outside_0_to_1_are_refused_with_rows() -> None:
    assert checked_chances([0, 0.5, 1]).tolist() == [0.0, 0.5, 1.0]
    with pytest.raises(ValidationError) as caught:
        checked_chances([0.1, 1.2, np.nan, -0.1, np.inf])
    missing, outside = caught.value.problems
    assert "missing (row 4)" in missing and "such as '1.2' (rows 3, 5, 6)" in outside
    for wrong in ([], 0.5, [[0.5]]):
        with pytest.raises(NotComputable, match="a list of one chance a lead"):
            checked_chances(wrong)


def test_amounts_are_one_or_one_a_lead() -> None:
    assert checked_amounts(3, "cost", 2).shape == ()
    assert checked_amounts([3, 4], "cost", 2).tolist() == [3.0, 4.0]
    with pytest.raises(ConfigError, match="one for each of the 2 leads, however: got shape"):
        checked_amounts([1, 2, 3], "cost", 2)
    with pytest.raises(ConfigError, match=r"must be a number of at least 0, however: got=-1 in row 3 \(1 in all\)"):
        checked_amounts([1, -1], "cost", 2, lowest=0)
    with pytest.raises(ConfigError, match="margin must be a number, however: got=nan"):
        checked_amounts(math.nan, "margin")


def test_amounts_beyond_reason_are_refused() -> None:
    assert checked_amounts(-1e15, "margin") == -1e15
    with pytest.raises(ConfigError, match=r"margin must be no larger than 1,000,000,000,000,000, however: got=2e\+15"):
        checked_amounts([1, -2e15], "margin", 2)
    with pytest.raises(ConfigError, match="revenue_high must be no larger"):
        Levers(0.5, revenue_high=1e300, cost_high=0)
    found = Findings()
    read_money(pd.DataFrame({"cost": [1e15, 1e16]}), ["cost"], found)
    (said,) = map(str, found.problems("error"))
    assert "an amount beyond 1,000,000,000,000,000, such as '1e+16' (row 3)" in said
