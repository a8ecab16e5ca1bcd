"""Sorting in bounded memory, and what is said where that does not suffice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.bulk.earlier import keep_earlier, known_before, sorting
from core.data.keeping import OnDisk
from core.errors import LeadRankError
from tests.made import make_leads


def test_where_neither_memory_nor_disk_suffices_it_is_said_what_to_do(tmp_path: Path) -> None:
    with (
        pytest.raises(LeadRankError, match="make room there, or give --work on a larger disk"),
        sorting(tmp_path) as db,
    ):
        db.execute("SET memory_limit = '10MB'; SET max_temp_directory_size = '1MB'")
        db.execute("SELECT range AS n FROM range(3_000_000) ORDER BY hash(n)").fetchall()


def test_what_several_files_tell_alike_is_kept_once(tmp_path: Path) -> None:
    leads = make_leads(3)
    kept = OnDisk(tmp_path, leads.schema)
    kept.add(leads.roles, leads.features)
    told = pd.DataFrame({"lead_id": leads.lead_id, "content": np.array([7, 8, 9], np.uint64), "score": [0.1, 0.2, 0.3]})
    files = [tmp_path / f"scores-{number}.parquet" for number in range(4)]
    for file in files[:2]:
        told.to_parquet(file, index=False)
    told.assign(content=told["content"] + 1)[:1].to_parquet(files[2], index=False)  # as it was before it changed
    files[3].write_bytes(b"no Parquet")
    keep_earlier(tmp_path, kept, files)
    assert pq.read_metadata(tmp_path / "earlier.parquet").num_rows == 4
    known = known_before(tmp_path, 0, leads.lead_id, told["content"].to_numpy())
    pd.testing.assert_frame_equal(known.sort_values("lead_id", ignore_index=True), told, check_exact=True)
