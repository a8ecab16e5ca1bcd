"""What is no table of leads is refused by its content, in one sentence that names no folder."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from core.data import sources
from core.data.reading import read_chunks
from core.errors import ReadError


def refused(source: Path | bytes) -> str:
    with pytest.raises(ReadError) as caught:
        for _ in read_chunks(source):
            pass
    return str(caught.value)


def test_decompression_bombs_are_refused(monkeypatch):
    monkeypatch.setattr(sources, "_INFLATION", (100_000, 200))
    assert "over 200 times its size" in refused(gzip.compress(b"a,b\n" + b"0,0\n" * 1_000_000))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 1_000_000)
    assert "over 200 times its size" in refused(out.getvalue())


def test_messages_name_the_file_and_never_its_folder(tmp_path):
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and nothing else")
    for path in (tmp_path, tmp_path / "missing.csv", tmp_path / "cut.parquet"):
        message = refused(path)
        assert path.name in message and str(tmp_path) not in message
    assert "there is no such file" in refused(tmp_path / "missing.csv")
    assert "it is a folder" in refused(tmp_path)
