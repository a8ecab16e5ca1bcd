"""Leads mapped from disk are those that memory would hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data import mapping
from core.data.leads import Leads
from core.data.mapping import lay, map_stored, mapped
from core.data.masking import masked_leads, masked_on_disk
from core.data.schema import Features, Schema
from core.data.stored import write_leads
from core.errors import LeadRankError
from tests.made import make_leads


def some_leads() -> Leads:
    leads = make_leads(50)
    schema = Schema(leads.schema.roles, Features(("a", "a.b"), ("city",), ("note",)), leads.schema.split)
    said = [f"Call me, this is Oskar, 0171 23456{row}." if row % 3 else "" for row in range(len(leads))]
    numbers = leads.features["a"].where(leads.features["a"] > 0)
    features = leads.features.assign(**{"a.b": numbers, "note": pd.Series(said, dtype="str")})
    return Leads(leads.roles, features[["a", "a.b", "city", "note"]], schema)


def same(one: Leads, other: Leads) -> None:
    pd.testing.assert_frame_equal(one.roles, other.roles)
    pd.testing.assert_frame_equal(one.features, other.features)
    assert one.content_hash == other.content_hash


def test_what_is_laid_in_several_files_comes_back_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapping, "GROUP_LEADS", 7)
    leads = some_leads()
    files = [tmp_path / "0.arrow", tmp_path / "1.arrow"]
    lay(leads.take(np.arange(20)), files[0])
    lay(leads.take(np.arange(20, 50)), files[1])
    found = mapped(files, leads.schema)
    same(found, leads)
    rows = np.array([49, 3, 3, 21])
    same(found.take(rows), leads.take(rows))


def test_a_stored_dataset_is_mapped_as_it_is_read(tmp_path: Path) -> None:
    leads = some_leads()
    write_leads(leads, tmp_path / "leads.parquet", shown=pd.DataFrame({"phone": ["1"] * 50}))
    same(map_stored(tmp_path / "leads.parquet", leads.schema, tmp_path / "work" / "leads.arrow"), leads)
    assert not list((tmp_path / "work").iterdir()), "its room is given back with the leads"
    (tmp_path / "leads.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(LeadRankError, match="cannot be read"):
        map_stored(tmp_path / "leads.parquet", leads.schema, tmp_path / "other.arrow")


def test_masked_texts_on_disk_are_those_in_memory_and_are_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.data.masking.GROUP_LEADS", 20)
    leads = some_leads()
    same(masked_on_disk(leads, tmp_path), masked_leads(leads))
    first, *others = sorted(tmp_path.iterdir())
    made = [path.stat().st_mtime_ns for path in others]
    first.unlink()
    same(masked_on_disk(leads, tmp_path), masked_leads(leads))
    assert first.exists() and [path.stat().st_mtime_ns for path in others] == made, "what is there is not made again"
