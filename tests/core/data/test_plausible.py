import numpy as np
import pandas as pd

from core.data.plausible import Values, plausible_numbers, plausible_values


def test_numbers_are_some_of_the_data_and_whole_ones_stay_whole():
    whole = np.array([0, 0, 0, 1, 1, 2, 3, 40, np.nan, np.inf])
    found = plausible_numbers(whole)
    assert set(found.worth_a_try) <= {0.0, 1.0, 2.0, 3.0, 40.0} and all(v == int(v) for v in found.worth_a_try)
    assert (found.lowest, found.highest) == (0.0, 40.0)
    rng = np.random.default_rng(0)
    values = rng.normal(size=1000)
    found = plausible_numbers(values)
    assert len(found.worth_a_try) == 5 and set(found.worth_a_try) <= set(values.tolist())
    assert np.quantile(values, 0.04) < min(found.worth_a_try) and max(found.worth_a_try) < np.quantile(values, 0.96)


def test_a_field_of_which_nothing_is_known_has_no_values():
    assert plausible_values(pd.Series([np.nan, np.nan])).worth_a_try == ()
    assert plausible_values(pd.Series(["", ""], dtype="str")).worth_a_try == ()


def test_rare_categories_are_left_out():
    values = pd.Series(["often"] * 600 + ["at the edge"] * 10 + ["rare"] * 9 + [""] * 381, dtype="str")
    assert plausible_values(values) == Values(("often", "at the edge"))


def test_what_is_unknown_is_never_beyond():
    assert [Values((), 0, 9).beyond(value) for value in (None, float("nan"), 0.0, 9, "x")] == [""] * 5
    assert "-1 is beyond" in Values((), 0, 9).beyond(-1.0) and Values(()).beyond(5.0) == ""
