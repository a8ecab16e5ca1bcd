"""Ids are found among others, also where two share a hash."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.data import finding
from core.data.finding import distinct, places, texts

HELD = texts(pd.Series(["b", "", "a\0", "a", "客户", "A"]))
WANTED = texts(pd.Series(["客户", "x", "a", "", "a", "zz"]))


@pytest.mark.parametrize("collide", [False, True])
def test_exact_even_where_hashes_collide(monkeypatch: pytest.MonkeyPatch, collide: bool) -> None:
    if collide:
        monkeypatch.setattr(finding, "_hashes", lambda ids: np.zeros(len(ids), dtype=np.uint64))
    monkeypatch.setattr(finding, "HASHED", 2)
    assert places(WANTED, HELD).tolist() == [4, -1, 3, 1, 3, -1]
    assert (distinct(HELD), distinct(WANTED)) == (6, 5)


def test_a_text_with_the_hash_of_another_is_not_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "_hashes", lambda ids: np.array([ord(text[0]) for text in ids.to_pylist()], np.uint64))
    assert places(pa.array(["ax", "b"]), pa.array(["a", "b"])).tolist() == [-1, 1]


def test_none_and_pieces() -> None:
    none, pieces = texts(pd.Series([], dtype=object)), texts(pa.chunked_array([["a"], [], ["b", "c"]]))
    assert pieces.to_pylist() == ["a", "b", "c"] and distinct(none) == 0
    assert places(none, pieces).tolist() == [] and places(pieces, none).tolist() == [-1, -1, -1]
