"""Formulas made text, and found again."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from core.data.formulas import neutral, original


@given(st.lists(st.text(alphabet="'=+-@\t\r\n ＝a1", max_size=6) | st.text(max_size=8), min_size=1))
def test_nothing_begins_a_formula_and_the_original_is_found_again(texts: list[str]) -> None:
    safe = neutral(pd.Series(texts, dtype=object))
    assert not [text for text in safe if text.lstrip(" ")[:1] in tuple("=+-@\t\r\n＝＋－＠")]
    assert original(safe).tolist() == texts
