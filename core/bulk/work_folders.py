"""The folder in which scorings keep what they know: whose turn it is in it, and how much of it stays.

WORK/<model>.lock           while a command uses the folders of this model
WORK/<model>-<leads>/       see `core.bulk.shards`
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import LeadRankError
from core.scoring import Reading

LOOK_SECONDS = 1.0
"""Between two looks at a folder that somebody else holds."""
KEPT = 12
"""Sets of leads of which a folder keeps the scores when one more comes: a dozen datasets scored in turn."""
_SHARDS = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}")


@contextmanager
def held(work: Path, reading: Reading, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold what a folder keeps of one model as long as this lasts; a process that dies gives it back.

    The folder is made, `keep_newest` for a start, and goes again where nothing was left in it.

    Args:
        waiting: called again and again while another process holds it; None = nobody waits.

    Raises:
        LeadRankError: another command, or this one, scores with this model there, and nobody waits.
    """
    work.mkdir(parents=True, exist_ok=True)
    lock = _lock(work, reading.mark[:16])
    while not _taken(lock):
        if waiting is None:
            raise LeadRankError(
                f"one command at a time scores with a model in a work folder, however: another one does so in "
                f"'{work}'; wait until it has ended, or give another folder as --work"
            )
        waiting()
        time.sleep(LOOK_SECONDS)
    try:
        keep_newest(work, KEPT, reading.mark[:16])
        yield
    finally:
        _give_back(lock)
        with suppress(FileNotFoundError):  # `drop_work` by somebody else
            if not any(work.iterdir()):
                work.rmdir()


def _lock(work: Path, model: str) -> FileLock:
    return FileLock(work / f"{model}.lock")


def _give_back(lock: FileLock) -> None:
    if lock.is_locked:
        with suppress(PermissionError):  # Windows takes no open file away: then it stays
            Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def _taken(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True


def keep_newest(work: Path, most: int, model: str) -> None:
    """Drop all of a work folder but what was used last, `most` folders of leads, whatever model or code scored them.

    Leads themselves stay in the newest folder alone of those that were not finished; who goes on with another one reads
    them anew, and finds its scores. `model`: whose lock is held; folders of a model that somebody else holds stay.
    """
    folders = [path for path in work.iterdir() if is_shards(path)]
    folders.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    unfinished = [path for path in folders[:most] if any(path.glob("leads-*"))]
    for path in [*folders[most:], *unfinished[1:]]:
        lock = _lock(work, path.name[:16])
        if path.name[:16] != model and not _taken(lock):
            continue
        if path in unfinished:
            used = path.stat()
            strip(path, "scores-")
            os.utime(path, ns=(used.st_atime_ns, used.st_mtime_ns))
        else:
            shutil.rmtree(path, ignore_errors=True)
        _give_back(lock)


def drop_work(work: Path) -> None:
    """Drop a work folder with all that is kept in it, unless somebody scores there."""
    locks = [FileLock(path) for path in work.glob("*.lock")]
    if all(_taken(lock) for lock in locks):
        shutil.rmtree(work, ignore_errors=True)
    for lock in locks:
        lock.release()


def strip(folder: Path, *kept: str) -> None:
    """Drop all of a folder but what begins with one of `kept`."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif not path.name.startswith(kept):
            path.unlink(missing_ok=True)


def is_shards(path: Path) -> bool:
    """Whether it is a folder of shards, by its name."""
    return _SHARDS.fullmatch(path.name) is not None and path.is_dir()
