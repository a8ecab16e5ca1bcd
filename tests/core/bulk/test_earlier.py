"""Sorting in bounded memory, and what is said where that does not suffice."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.bulk.earlier import sorting
from core.errors import LeadRankError


def test_where_neither_memory_nor_disk_suffices_it_is_said_what_to_do(tmp_path: Path) -> None:
    with (
        pytest.raises(LeadRankError, match="make room there, or give --work on a larger disk"),
        sorting(tmp_path) as db,
    ):
        db.execute("SET memory_limit = '10MB'; SET max_temp_directory_size = '1MB'")
        db.execute("SELECT range AS n FROM range(3_000_000) ORDER BY hash(n)").fetchall()
