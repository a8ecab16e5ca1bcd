"""A lead file to learn from is read once, is as memory would hold it, and leaves nothing where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from core.data import big_files
from core.data.big_files import map_leads
from core.data.validation import load_leads
from core.errors import ValidationError
from tests.core.data.spoilt import SCHEMA, changed, table


def test_a_mapped_file_is_the_loaded_one_and_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(big_files, "GROUP_LEADS", 90)
    table().to_csv(tmp_path / "leads.csv", index=False)
    wanted, report = load_leads(tmp_path / "leads.csv", SCHEMA, need_outcome=True)
    found, notes = map_leads(tmp_path / "leads.csv", SCHEMA, tmp_path / "kept")
    pd.testing.assert_frame_equal(found.roles, wanted.roles)
    pd.testing.assert_frame_equal(found.features, wanted.features)
    assert found.content_hash == wanted.content_hash and notes == tuple(str(each) for each in report.warnings)
    shares: list[float] = []
    again, told = map_leads(tmp_path / "leads.csv", SCHEMA, tmp_path / "kept", on_progress=shares.append)
    assert again.content_hash == wanted.content_hash and told == notes and not shares
    (tmp_path / "kept" / "leads-00001.arrow").write_bytes(b"")
    mended, _ = map_leads(tmp_path / "leads.csv", SCHEMA, tmp_path / "kept")
    assert mended.content_hash == wanted.content_hash, "what a failing disk took is read again"
    table().iloc[:300].to_csv(tmp_path / "leads.csv", index=False)
    other, _ = map_leads(tmp_path / "leads.csv", SCHEMA, tmp_path / "kept", on_progress=shares.append)
    assert len(other) == 300 and shares


def test_nothing_is_left_of_a_file_with_errors(tmp_path: Path) -> None:
    changed("id", {5: "L6", 390: ""}).to_csv(tmp_path / "leads.csv", index=False)
    with pytest.raises(ValidationError) as mapped:
        map_leads(tmp_path / "leads.csv", SCHEMA, tmp_path / "kept")
    with pytest.raises(ValidationError) as loaded:
        load_leads(tmp_path / "leads.csv", SCHEMA, need_outcome=True)
    assert mapped.value.problems == loaded.value.problems and not (tmp_path / "kept").exists()
