"""One comparison at a time in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import RunError

LOCK, SINCE = "running.lock", "running.txt"
HELD = frozenset({LOCK, SINCE})
"""What stands in the folder while a comparison runs in it; what a killed one leaves, the next takes away."""


@contextmanager
def held(out: Path) -> Iterator[None]:
    """Hold the folder as long as this lasts; a process that dies gives it back. A new folder stays only if it is used.

    Raises:
        RunError: another process, or this one, runs a comparison in it; or it is a file.
    """
    if out.exists() and not out.is_dir():
        raise RunError(f"--out takes a folder, however: '{out.name}' is a file")
    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(
            f"another comparison runs in '{out.name}'{_since(out)}; wait until it has ended, or give another folder as "
            "--out"
        ) from None
    try:
        (out / SINCE).write_text(f"since {datetime.now(UTC):%d %b %Y at %H:%M} UTC, process {os.getpid()}", "utf-8")
        yield
    finally:
        (out / SINCE).unlink(missing_ok=True)
        with suppress(PermissionError):  # Windows takes no open file away: then it stays
            (out / LOCK).unlink(missing_ok=True)
        lock.release()
        if not any(out.iterdir()):
            out.rmdir()


def _since(out: Path) -> str:
    try:
        return f" ({(out / SINCE).read_text('utf-8')})"
    except OSError:
        return ""
