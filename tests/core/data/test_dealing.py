"""Rows dealt into buckets come back in the order asked for, and leave nothing on the disk."""

from __future__ import annotations

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from core.data import dealing
from core.data.dealing import dealt
from core.errors import LeadRankError


@pytest.mark.parametrize(("n", "rows", "left_out"), [(1, 1, 0), (95, 7, 0), (95, 7, 30), (200, 200, 1), (6, 4, 6)])
def test_rows_stand_where_they_were_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int, rows: int, left_out: int
) -> None:
    monkeypatch.setattr(dealing, "BUCKET_ROWS", 20)
    rng = np.random.default_rng(n)
    place = np.full(n, -1, dtype=np.int32)
    place[rng.permutation(n)[left_out:]] = rng.permutation(n - left_out)
    batches = [
        pa.record_batch({"n": list(range(a, min(a + 30, n))), "t": ["é"] * min(30, n - a)}) for a in range(0, n, 30)
    ]
    tables = list(dealt(batches, place, rows, tmp_path / "x"))
    assert [len(table) for table in tables[:-1]] == [rows] * len(tables[:-1])
    found = [number for table in tables for number in table.column("n").to_pylist()]
    assert found == np.argsort(place, kind="stable")[left_out:].tolist()
    assert not list(tmp_path.iterdir())


def test_who_stops_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dealing, "BUCKET_ROWS", 4)
    tables = dealt([pa.record_batch({"n": list(range(20))})], np.arange(20), 4, tmp_path / "x")
    next(tables)
    assert list(tmp_path.iterdir())
    tables.close()
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_whenever_it_is_met(tmp_path: Path) -> None:
    """No file may grow beyond so many bytes: buckets fail to open, to be written to, or to be closed."""
    batch, parent = pa.record_batch({"n": np.random.default_rng(0).permutation(2_000)}), re.escape(str(tmp_path))
    tables = dealt([batch], np.arange(2_000), 2_000, tmp_path / "x")
    next(tables)
    whole = (tmp_path / "x" / "000.arrow").stat().st_size
    tables.close()
    for most in (0, *range(100, whole, whole // 20), whole - 100, whole - 1):
        with (
            at_most(resource.RLIMIT_FSIZE, most),
            pytest.raises(LeadRankError, match=rf"disk of '{parent}'.*too large"),
        ):
            list(dealt([batch], np.arange(2_000), 2_000, tmp_path / "x"))
        assert not list(tmp_path.iterdir())


def test_too_many_open_files_and_a_folder_that_cannot_be_made_are_told(tmp_path: Path) -> None:
    batch = pa.record_batch({"n": [1, 2]})
    with at_most(resource.RLIMIT_NOFILE, 3), pytest.raises(LeadRankError, match=r"128 open files.*Too many open files"):
        list(dealt([batch], np.arange(2), 2, tmp_path / "x"))
    with pytest.raises(LeadRankError, match=r"leave to write there.*No such file"):
        list(dealt([batch], np.arange(2), 2, tmp_path / "none" / "x"))


def test_what_the_rows_come_from_tells_its_own_errors(tmp_path: Path) -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"n": [1, 2]})
        raise OSError("the source")

    with pytest.raises(OSError, match="the source"):
        list(dealt(broken(), np.arange(4), 2, tmp_path / "x"))


@contextmanager
def at_most(kind: int, number: int) -> Iterator[None]:
    """This process may have no more of the system than that."""
    soft, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (number, hard))
    try:
        yield
    finally:
        resource.setrlimit(kind, (soft, hard))
