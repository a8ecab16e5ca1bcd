"""Rows dealt into buckets come back in the order asked for, and leave nothing on the disk."""

from __future__ import annotations

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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk here that is always full")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    batch = pa.record_batch({"n": list(range(100_000))})
    with pytest.raises(LeadRankError, match=r"needs room on the disk of .*No space left on device"):
        dealing._write(pa.ipc.new_file(pa.OSFile("/dev/full", "wb"), batch.schema), batch, tmp_path / "x")
