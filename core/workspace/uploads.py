"""Uploads: files as they came, kept until leads or a model were made of them."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select

from core.errors import LeadRankError
from core.workspace.audit import add_event
from core.workspace.ids import checked_id, missing, new_id, one_line
from core.workspace.store import Workspace
from core.workspace.tables import Upload

PIECE = 1 << 20
"""Bytes that are in memory at once."""
PACKED = (".zip", ".tar.gz")
"""Suffixes of packed folders, as models come; leads never do."""


def keep_upload(ws: Workspace, name: str, stream: BinaryIO, by: str, limit_bytes: int) -> Upload:
    """Keep a file, piece by piece. `name` is for people only: path and suffix do not come from it.

    Raises:
        LeadRankError: it is empty or larger than `limit_bytes`, or cannot be written; then nothing is left of it.
    """
    id, digest, size = new_id(), hashlib.sha256(), 0
    folder = ws.folder / "uploads"
    partial = folder / f"{id}.part"
    path: Path | None = None
    try:
        with partial.open("wb") as out:
            while piece := stream.read(PIECE):
                size += len(piece)
                if size > limit_bytes:
                    raise LeadRankError(
                        f"a file may have at most {limit_bytes / 1e6:,.0f} MB, however: this one has more; "
                        "send fewer rows or columns, or save leads as Parquet, which is smaller"
                    )
                digest.update(piece)
                out.write(piece)
        if not size:
            raise LeadRankError("the file is empty; choose one that holds a header and at least one lead")
        suffix = _suffix(partial)
        row = Upload(id=id, name=one_line(name), suffix=suffix, bytes=size, sha256=digest.hexdigest(), made_by=by)
        path = partial.rename(folder / f"{id}{suffix}")
        with ws.session() as session:
            session.add(row)
            add_event(session, by, "file uploaded", id, {"name": row.name, "bytes": size, "sha256": row.sha256})
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if path is not None:
            path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise LeadRankError(
                f"the file could not be kept: the system says '{error.strerror}'; see that the disk has room"
            ) from error
        raise
    return row


def upload_path(ws: Workspace, id: str) -> Path:
    """Raises LeadRankError where there is no such upload, or no longer."""
    with ws.session(reading=True) as session:
        row = session.get(Upload, checked_id(id, "uploaded file"))
    if row is None or not (path := _path(ws, row)).is_file():
        raise LeadRankError("this uploaded file is no longer there; upload it again")
    return path


def uploads(ws: Workspace) -> list[Upload]:
    """Newest first."""
    with ws.session(reading=True) as session:
        return list(session.scalars(select(Upload).order_by(Upload.made.desc(), Upload.id)))


def drop_upload(ws: Workspace, id: str, by: str, *, missing_ok: bool = False) -> None:
    """Delete the file and its row. Raises LeadRankError where there is none, unless `missing_ok`."""
    with ws.session() as session:
        row = session.get(Upload, checked_id(id, "uploaded file"))
        if row is None:
            if missing_ok:
                return
            raise missing("uploaded file")
        session.delete(row)
        add_event(session, by, "uploaded file deleted", id, {"name": row.name})
    _path(ws, row).unlink(missing_ok=True)


def _path(ws: Workspace, row: Upload) -> Path:
    return ws.folder / "uploads" / f"{row.id}{row.suffix}"


def _suffix(path: Path) -> str:
    """By content alone, and a hint only: what reads the file looks at the content again."""
    with path.open("rb") as file:
        head = file.read(4)
    if head == b"PAR1":
        return ".parquet"
    if head[:2] == b"\x1f\x8b":
        return ".tar.gz" if _holds_tar(path) else ".gz"
    if head == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(path) as archive:
                return ".xlsx" if "xl/workbook.xml" in archive.namelist() else ".zip"
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            return ".zip"
    return ".csv"


def _holds_tar(path: Path) -> bool:
    """Whether a gzipped file begins like a tar, whose first block carries its own check sum."""
    try:
        with gzip.open(path) as file:
            tarfile.TarInfo.frombuf(file.read(tarfile.BLOCKSIZE), "utf-8", "surrogateescape")
    except (OSError, EOFError, zlib.error, tarfile.TarError):
        return False
    return True
