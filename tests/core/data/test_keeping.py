"""Leads kept on disk while they are examined are the leads that memory would hold, with the same report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.big_files import keep_leads
from core.data.keeping import OnDisk
from core.data.schema import Features, Roles, Schema
from core.data.validation import examine, examine_onto, load_leads
from core.errors import ValidationError
from tests.core.data.spoilt import NOW, SCHEMA, changed, table


def both(frame: pd.DataFrame, schema: Schema, folder: Path, size: int):
    """(leads, report) as memory holds them, and as they come back from disk."""
    chunks = [frame.iloc[start : start + size] for start in range(0, len(frame), size)]
    kept = OnDisk(folder, schema)
    found = examine_onto(kept, iter(chunks), schema, now=NOW)
    shards = [kept.leads(number) for number in range(len(chunks))]
    assert [len(shard) for shard in shards] == list(kept.sizes) and len(kept) == len(frame)
    roles = pd.concat([shard.roles for shard in shards], ignore_index=True)
    features = pd.concat([shard.features for shard in shards], ignore_index=True)
    return (*examine(iter(chunks), schema, now=NOW), roles, features, found)


def test_what_a_whole_column_decides_reaches_every_shard(tmp_path: Path) -> None:
    frame = changed("age", {3: "old", 250: "1.234,5", 251: "7,25"})
    frame["when"] = frame["when"].where(frame.index % 2 == 0, "03/04/2025")
    frame.loc[398, "when"] = "04/30/2025"  # only the last shard tells that the month comes first
    leads, report, roles, features, found = both(frame, SCHEMA, tmp_path, 61)
    assert leads is not None and found == report
    pd.testing.assert_frame_equal(roles, leads.roles)
    pd.testing.assert_frame_equal(features, leads.features)


def test_cells_of_mixed_kinds_and_names_that_meet_come_back_as_from_memory(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "id": ["a", 2, 3.0, "4", True, None, "x", "y"],
            "a": ["1", "2,500.5", None, 4.5, 7, True, [1, 2], "3"],
            "a.b": pd.array([1, None, 3, 4, 5, 6, 7, 8], dtype="Int64"),
            "owner": pd.Series(list("aabbccdd"), dtype="category"),
            "lead_id": [1.0, 2.0, np.nan, 4.0, 5.0, 6.0, 7.0, 8.0],
            "when": pd.array([1_767_139_200_123_456_789, None, *[1_767_139_200] * 6], dtype="Int64"),
        }
    )
    frame["id"] = frame["id"].where(frame["id"].notna(), "six")
    schema = Schema(Roles("id", snapshot_time="when"), Features(("a", "a.b", "lead_id"), ("owner",)), SCHEMA.split)
    for size in (3, 8):
        (folder := tmp_path / str(size)).mkdir()
        leads, report, roles, features, found = both(frame, schema, folder, size)
        assert leads is not None, report
        assert found == report and len(found.warnings) >= 1
        pd.testing.assert_frame_equal(roles, leads.roles)
        pd.testing.assert_frame_equal(features, leads.features)


def test_a_file_is_kept_as_it_is_loaded_and_its_errors_are_the_same(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "leads.csv", index=False)
    (folder := tmp_path / "kept").mkdir()
    kept, report = keep_leads(tmp_path / "leads.csv", SCHEMA, folder, rows=150)
    leads, wanted = load_leads(tmp_path / "leads.csv", SCHEMA)
    assert report == wanted and kept.sizes == (150, 150, 100) and kept.whole_on_disk()
    again = OnDisk(folder, SCHEMA, kept.sizes).leads(2)
    assert again.content_hash == leads.take(np.arange(300, 400)).content_hash
    changed("id", {5: "L6", 390: ""}).drop(columns="city").to_csv(tmp_path / "leads.csv", index=False)
    told = []
    for read in (lambda: load_leads(tmp_path / "leads.csv", SCHEMA), lambda: _kept(tmp_path)):
        with pytest.raises(ValidationError) as error:
            read()
        told.append(error.value.problems)
    assert told[0] == told[1] and len(told[0]) >= 2


def _kept(home: Path) -> None:
    (home / "other").mkdir()
    keep_leads(home / "leads.csv", SCHEMA, home / "other", rows=70)
