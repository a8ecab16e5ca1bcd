"""What a job keeps beside its row: its log, what a second attempt goes on with, and which files are half-made."""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from core.workspace.ids import checked_id
from core.workspace.store import Workspace

_TAIL_BYTES = 1 << 18


def job_folder(ws: Workspace, job_id: str) -> Path:
    """The job's folder, which need not be there. Raises LeadRankError where no job can have that id."""
    return ws.folder / "jobs" / checked_id(job_id, "job")


def log_path(ws: Workspace, job_id: str) -> Path:
    """Where the process writes what it says."""
    return job_folder(ws, job_id) / "log.txt"


def write_log(ws: Workspace, job_id: str, text: str) -> None:
    """Append lines, with the time. What cannot be written is let go: the work matters more."""
    try:
        log_path(ws, job_id).parent.mkdir(parents=True, exist_ok=True)
        with log_path(ws, job_id).open("a", encoding="utf-8", errors="replace") as out:
            out.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} {text}\n")
    except OSError:
        pass


def log_tail(ws: Workspace, job_id: str, lines: int = 50) -> str:
    """The last lines of the log; "" where there is none yet. It may hold paths and tracebacks: not for viewers."""
    try:
        with log_path(ws, job_id).open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - _TAIL_BYTES, 0))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def read_memory(ws: Workspace, job_id: str) -> dict[str, Any]:
    """What earlier attempts left for later ones."""
    try:
        return json.loads((job_folder(ws, job_id) / "memory.json").read_text("utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def write_memory(ws: Workspace, job_id: str, memory: dict[str, Any]) -> None:
    """Keep it, in one step."""
    path = job_folder(ws, job_id) / "memory.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(memory), "utf-8")
    os.replace(partial, path)


def note_partial(ws: Workspace, job_id: str, path: Path) -> None:
    """Note that `path`, a file or folder of the workspace, is half-made until the job is done."""
    note = job_folder(ws, job_id) / "partial.txt"
    note.parent.mkdir(parents=True, exist_ok=True)
    with note.open("a", encoding="utf-8") as out:
        out.write(f"{path.relative_to(ws.folder)}\n")


def keep_partials(ws: Workspace, job_id: str) -> None:
    """They are whole now and belong to a row of their own."""
    (job_folder(ws, job_id) / "partial.txt").unlink(missing_ok=True)


def remove_partials(ws: Workspace, job_id: str) -> None:
    """Remove what was half-made, by whichever process finds that the job will not make the rest.

    With `x.parquet` goes all that a killed process left beside it while it made that: `x.parquet.part`,
    `.x.parquet.part`, the folder `x.parquet.leads`.
    """
    note = job_folder(ws, job_id) / "partial.txt"
    if not note.is_file():
        return
    for line in note.read_text("utf-8").splitlines():
        path = ws.folder / line
        for each in (path, *path.parent.glob(f"{path.name}.*"), *path.parent.glob(f".{path.name}.*")):
            if each.is_dir():
                shutil.rmtree(each, ignore_errors=True)
            else:
                each.unlink(missing_ok=True)
    note.unlink(missing_ok=True)
