"""Stored leads in another order are those that would be read, without what was said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.ordered import StoredLeads
from core.data.schema import Features
from core.data.stored import read_leads, write_leads
from core.errors import LeadRankError
from tests.made import make_leads


def test_any_order_of_any_of_them(tmp_path: Path) -> None:
    made = make_leads(95)
    # A name that begins another one's, before a point, and one that differs in case alone.
    features = pd.DataFrame({"a": np.arange(95.0), "a.b": np.nan, "A": made.features["city"], "text": "words"})
    leads = replace(
        made, features=features, schema=replace(made.schema, features=Features(("a", "a.b"), ("A",), ("text",)))
    )
    write_leads(leads, tmp_path / "x.parquet")
    stored, at = StoredLeads(tmp_path / "x.parquet", leads.schema), np.random.default_rng(0).permutation(95)[:60]
    assert stored.lead_id.to_pylist() == leads.lead_id.tolist()
    found = list(stored.in_order(at, 25, tmp_path / "buckets"))
    assert [len(part) for part in found] == [25, 25, 10]
    expected = read_leads(tmp_path / "x.parquet", leads.schema).take(at)
    pd.testing.assert_frame_equal(
        pd.concat([part.roles for part in found], ignore_index=True), expected.roles.assign(dialogue="")
    )
    pd.testing.assert_frame_equal(
        pd.concat([part.features for part in found], ignore_index=True), expected.features, check_column_type=False
    )
    assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]


def test_a_file_that_is_gone_or_of_another_schema(tmp_path: Path) -> None:
    leads, path = make_leads(5), tmp_path / "x.parquet"
    with pytest.raises(LeadRankError, match="missing or damaged"):
        _ = StoredLeads(path, leads.schema).lead_id
    write_leads(leads, path)
    other = replace(leads.schema, features=Features(("other",)))
    with pytest.raises(LeadRankError, match="cannot be read"):
        list(StoredLeads(path, other).in_order(np.arange(5), 5, tmp_path / "buckets"))
    with pytest.raises(LeadRankError, match=r"disk of .*, however"):  # not: this file is damaged
        list(StoredLeads(path, leads.schema).in_order(np.arange(5), 5, tmp_path / "none" / "buckets"))
    assert [file.name for file in tmp_path.iterdir()] == ["x.parquet"]
