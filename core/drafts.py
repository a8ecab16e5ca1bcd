"""Drafts of datasets: kept beside the upload that they are of, and looked at live, before anything is saved."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.data.alignment import TierReport
from core.data.drafting import Draft, draft_from_dict
from core.data.problems import Problem
from core.data.schema import Schema
from core.data.sketches import Sketch, evenly
from core.data.sketches import sketch as read_sketch
from core.data.validation import examine
from core.errors import LeadRankError
from core.tiers import check_tiers
from core.workspace.ids import checked_id
from core.workspace.store import Workspace
from core.workspace.tables import Upload
from core.workspace.uploads import drop_upload, keep_upload, upload_path

LOOK_LEADS = 4_000
"""Leads that a draft is looked at live on. Source: ours, one to two seconds."""


@dataclass(frozen=True)
class Look:
    """What a schema makes of the first rows of a file."""

    leads: int
    """Leads that the tiers are counted on, spread evenly over the rows that were read."""
    converted: int | None
    """Of these, orders; None where no outcome is named."""
    tiers: tuple[TierReport, ...]
    """Empty where the leads have errors."""
    errors: tuple[Problem, ...]
    """In those leads; their row numbers are not the file's, so only columns and words are of use."""


def take_in(
    ws: Workspace,
    name: str,
    stream: BinaryIO,
    *,
    by: str,
    limit_bytes: int,
    check: Callable[[str], object] | None = None,
) -> Upload:
    """Keep an upload if its first rows can be read as leads; else nothing is left of it.

    `check` reads them, given the upload's id, and raises where they cannot be; an app that keeps what it read hands in
    its own.

    Raises:
        LeadRankError: it is empty, too large, no table of leads, or damaged in its first rows.
    """
    upload = keep_upload(ws, name, stream, by, limit_bytes)
    path = upload_path(ws, upload.id)
    try:
        check(upload.id) if check else read_sketch(path)
    except LeadRankError as error:
        drop_upload(ws, upload.id, by)
        # The file goes by its id in the workspace; its owner knows it by the name it came with.
        raise type(error)(str(error).replace(path.name, upload.name)) from None
    except BaseException:
        drop_upload(ws, upload.id, by)
        raise
    return upload


def look(first: Sketch, schema: Schema) -> Look:
    """Count each tier's pairs on some of the first rows and hold its order against the outcome."""
    frame = evenly(first.frame, LOOK_LEADS)
    leads, report = examine(frame, schema)
    if leads is None:
        return Look(len(frame), None, (), report.errors)
    known = schema.roles.converted is not None
    won = int((leads.converted == 1).sum()) if known else None
    return Look(len(leads), won, check_tiers(leads), report.errors)


def read_draft(ws: Workspace, upload_id: str, names: Sequence[str]) -> Draft | None:
    """What was decided about the upload so far, or None; `names` are the columns of its file."""
    path = _path(ws, upload_id)
    try:
        return draft_from_dict(json.loads(path.read_text("utf-8")), names)
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def keep_draft(ws: Workspace, upload_id: str, draft: Draft) -> None:
    """Write the draft beside its upload, as a whole; the last writer wins."""
    path = _path(ws, upload_id)
    partial = path.with_suffix(f".{secrets.token_hex(4)}.part")
    partial.write_text(json.dumps(draft.to_dict()), "utf-8")
    os.replace(partial, path)


def forget_draft(ws: Workspace, upload_id: str) -> None:
    """Delete what was decided; the upload stays, or is gone already since a dataset was made of it."""
    _path(ws, upload_id).unlink(missing_ok=True)


def drop_draft(ws: Workspace, upload_id: str, by: str) -> None:
    """Delete the upload and what was decided about it. Raises LeadRankError where there is no such upload."""
    forget_draft(ws, upload_id)
    drop_upload(ws, upload_id, by)


def _path(ws: Workspace, upload_id: str) -> Path:
    return ws.folder / "uploads" / f"{checked_id(upload_id, 'uploaded file')}.draft.json"
