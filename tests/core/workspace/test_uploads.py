"""Uploads: kept by what they hold, not by what they are called; nothing is left of what is refused."""

import hashlib
import io
import tarfile
import zipfile

import pandas as pd
import pytest

from core.data.reading import read_table
from core.errors import LeadRankError
from core.workspace import uploads as kept
from core.workspace.audit import audit_trail

FRAME = pd.DataFrame({"id": ["1", "2"], "age": [30, 40]})


def as_bytes(kind: str) -> bytes:
    out = io.BytesIO()
    if kind == ".parquet":
        FRAME.to_parquet(out)
    elif kind == ".xlsx":
        FRAME.to_excel(out, index=False)
    elif kind == ".zip":
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("card.json", "{}")
    elif kind == ".tar.gz":
        with tarfile.open(fileobj=out, mode="w:gz") as packed:
            packed.addfile(tarfile.TarInfo("run/card.json"), io.BytesIO())
    elif kind == ".gz":
        FRAME.to_csv(out, index=False, compression="gzip")
    else:
        FRAME.to_csv(out, index=False)
    return out.getvalue()


@pytest.mark.parametrize("kind", [".parquet", ".xlsx", ".zip", ".tar.gz", ".gz", ".csv"])
def test_the_suffix_comes_from_the_content(ws, kind):
    data = as_bytes(kind)
    row = kept.keep_upload(ws, "../../evil.exe\n", io.BytesIO(data), "ana", 1_000_000)
    path = kept.upload_path(ws, row.id)
    assert path == ws.folder / "uploads" / f"{row.id}{kind}" and path.read_bytes() == data
    assert (row.name, row.bytes, row.sha256) == ("../../evil.exe", len(data), hashlib.sha256(data).hexdigest())
    if kind not in kept.PACKED:
        assert read_table(path)["age"].astype(int).tolist() == [30, 40]


def test_a_gzipped_file_that_is_cut_off_is_no_tar(ws):
    row = kept.keep_upload(ws, "x", io.BytesIO(as_bytes(".tar.gz")[:30]), "ana", 1_000_000)
    assert row.suffix == ".gz"


def test_a_zip_that_is_cut_off_is_kept_as_one(ws):
    row = kept.keep_upload(ws, "x", io.BytesIO(as_bytes(".zip")[:40]), "ana", 1_000_000)
    assert kept.upload_path(ws, row.id).suffix == ".zip"


class Endless(io.RawIOBase):
    """Says how much was read of it."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        self.taken += size
        return b"a" * size


def test_over_the_limit_nothing_is_left_and_the_rest_is_not_read(ws, monkeypatch):
    monkeypatch.setattr(kept, "PIECE", 1000)
    stream = Endless()
    with pytest.raises(LeadRankError, match="at most 2 MB, however"):
        kept.keep_upload(ws, "x.csv", stream, "ana", 2_000_000)  # type: ignore[arg-type]
    assert stream.taken == 2_001_000
    assert not list((ws.folder / "uploads").iterdir()) and kept.uploads(ws) == []


def test_exactly_the_limit_is_kept(ws):
    assert kept.keep_upload(ws, "x", io.BytesIO(b"ab"), "ana", 2).bytes == 2


class Broken(io.BytesIO):
    def read(self, size=-1):
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize(
    ("stream", "message"), [(io.BytesIO(), "the file is empty"), (Broken(), "the system says 'Input/output error'")]
)
def test_nothing_is_left_of_what_fails(ws, stream, message):
    with pytest.raises(LeadRankError, match=message):
        kept.keep_upload(ws, "x", stream, "ana", 100)
    assert not list((ws.folder / "uploads").iterdir()) and kept.uploads(ws) == []


def test_a_row_that_cannot_be_written_leaves_no_file(ws):
    with ws.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE audit_event")
    with pytest.raises(LeadRankError, match="no such table"):
        kept.keep_upload(ws, "x", io.BytesIO(b"a"), "ana", 100)
    assert not list((ws.folder / "uploads").iterdir())


def test_uploads_are_listed_newest_first_and_dropped(ws):
    rows = [kept.keep_upload(ws, name, io.BytesIO(b"a,b"), "ana", 100) for name in ("one", "two")]
    assert [row.name for row in kept.uploads(ws)] == ["two", "one"]
    kept.drop_upload(ws, rows[0].id, "bo")
    assert [row.name for row in kept.uploads(ws)] == ["two"] and len(list((ws.folder / "uploads").iterdir())) == 1
    assert (audit_trail(ws)[0].who, audit_trail(ws)[0].what) == ("bo", "uploaded file deleted")
    with pytest.raises(LeadRankError, match="no longer there"):
        kept.upload_path(ws, rows[0].id)
    for id in (rows[0].id, "../x"):
        with pytest.raises(LeadRankError, match="no such uploaded file"):
            kept.drop_upload(ws, id, "bo")
    kept.drop_upload(ws, rows[0].id, "bo", missing_ok=True)
    assert len([event for event in audit_trail(ws) if event.what == "uploaded file deleted"]) == 1


def test_a_file_that_is_gone(ws):
    row = kept.keep_upload(ws, "x", io.BytesIO(b"a"), "ana", 100)
    kept.upload_path(ws, row.id).unlink()
    with pytest.raises(LeadRankError, match="upload it again"):
        kept.upload_path(ws, row.id)
    kept.drop_upload(ws, row.id, "bo")
    assert kept.uploads(ws) == []
