"""Packed rows: every lead once, within the budget, hardly any room left over."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.neural.packing import packed_rows


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(1, 120), st.integers(1, 9))
def test_every_lead_once_within_the_budget(lengths: list[int], budget: int, at_most: int) -> None:
    rows = packed_rows(lengths, budget, at_most)
    assert sorted(lead for row in rows for lead in row) == list(range(len(lengths)))
    for row in rows:
        assert len(row) <= at_most and (sum(lengths[lead] for lead in row) <= budget or len(row) == 1)


def test_as_few_rows_as_tokens_need() -> None:
    lengths = np.random.default_rng(0).integers(16, 2_000, 3_000)
    assert len(packed_rows(lengths.tolist(), 16_384)) <= int(np.ceil(lengths.sum() / 16_384)) + 1
