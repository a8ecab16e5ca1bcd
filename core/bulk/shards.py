"""A lead file in shards on disk, checked as one file, and which of them are scored: what a stopped command finds again.

WORK/<model>.lock           while a command uses the folders of this model
WORK/<model>-<file>/        shards.json          comes last: without it the file is read anew
                            leads-*, column-*    see `core.data.keeping`; gone once all is scored
                            wanted.npy           which leads are to be scored
                            earlier.parquet      what the model said of these lead ids in other files; gone likewise
                            scores-00012.parquet lead_id, content, score, probability, ...: a shard's, once it is done
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from core.bulk.earlier import keep_earlier
from core.data.keeping import OnDisk
from core.data.leads import Leads
from core.data.schema import Schema, schema_from_dict, schema_to_dict
from core.data.sources import kind_of
from core.data.splitting import open_rows
from core.data.validation import keep_leads
from core.errors import LeadRankError
from core.progress import Watch, in_percent
from core.scoring import Reading

FORMAT = 2
"""Of the folder; a folder of another one is not looked at."""
_FOLDER = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}")


@dataclass(frozen=True)
class Shards:
    """The shards of one lead file for one model."""

    folder: Path
    kept: OnDisk
    notes: tuple[str, ...]
    """What was noted when the file was read."""

    @cached_property
    def wanted(self) -> np.ndarray:
        """Shape (leads of the file,), bool: which are to be scored."""
        return np.load(self.folder / "wanted.npy", mmap_mode="r")

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Leads to score, by shard."""
        ends = np.cumsum(self.kept.sizes)[:-1]
        return tuple(int(part.sum()) for part in np.split(self.wanted, ends))

    def scores(self, shard: int) -> Path:
        """Where the shard's scores are, once it is done."""
        return self.folder / f"scores-{shard:05d}.parquet"

    def files(self) -> list[Path]:
        """The scores of every shard that has leads to score, in order."""
        return [self.scores(shard) for shard, size in enumerate(self.sizes) if size]

    def waiting(self) -> list[int]:
        """Shards that are not scored yet."""
        return [shard for shard, size in enumerate(self.sizes) if size and not self.scores(shard).exists()]

    def leads(self, shard: int) -> Leads:
        """Those to score."""
        start = self.kept.first_row(shard)
        return self.kept.leads(shard).take(np.flatnonzero(self.wanted[start : start + self.kept.sizes[shard]]))

    def others(self) -> list[Path]:
        """Folders of other files that the same model scored, or began to."""
        alike = self.folder.parent.glob(f"{self.folder.name[:16]}-*")
        return sorted(path for path in alike if path != self.folder and _FOLDER.fullmatch(path.name) and path.is_dir())

    def finish(self) -> None:
        """Drop all but the scores, and what is kept of other files that were finished."""
        for pattern in ("leads-*.parquet", "column-*", "earlier.parquet", ".*.part"):
            for path in self.folder.glob(pattern):
                path.unlink()
        shutil.rmtree(self.folder / "sorting", ignore_errors=True)
        for path in self.others():
            other = open_shards(path)
            if other is not None and not other.waiting() and not other.kept.whole_on_disk():
                shutil.rmtree(path)

    def remove(self) -> None:
        """Drop everything."""
        shutil.rmtree(self.folder)


@contextmanager
def held(work: Path, reading: Reading) -> Iterator[None]:
    """Hold what a folder keeps of one model as long as this lasts; a process that dies gives it back.

    The folder is made, and goes again where nothing was left in it.

    Raises:
        LeadRankError: another command, or this one, scores with this model there.
    """
    work.mkdir(parents=True, exist_ok=True)
    path = work / f"{reading.mark[:16]}.lock"
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LeadRankError(
            f"one command at a time scores with a model in a work folder, however: another one does so in '{work}'; "
            "wait until it has ended, or give another folder as --work"
        ) from None
    try:
        yield
    finally:
        with suppress(PermissionError):  # Windows takes no open file away: then it stays
            path.unlink(missing_ok=True)
        lock.release()
        if not any(work.iterdir()):
            work.rmdir()


def open_shards(folder: Path) -> Shards | None:
    """The shards in a folder; None where there are none, or reading them never came to its end."""
    try:
        told = json.loads((folder / "shards.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    kept = OnDisk(folder, schema_from_dict(told["schema"]), tuple(told["sizes"]))
    shards = Shards(folder, kept, tuple(told["notes"]))
    whole = (folder / "wanted.npy").exists() and (not shards.waiting() or kept.whole_on_disk())
    return shards if whole else None


def make_shards(
    source: Path, reading: Reading, work: Path, *, only_open: bool, shard_leads: int, watch: Watch
) -> Shards:
    """Read and check a lead file into shards, or find them where that was done before; `work` is `held`.

    Raises:
        ReadError: the file is no table.
        ValidationError: with every error that was found.
        LeadRankError: `only_open`, and no lead is open.
    """
    kind_of(source)  # a file that is none is told as such
    told = json.dumps([FORMAT, only_open, shard_leads, schema_to_dict(reading.schema)], sort_keys=True)
    folder = work / f"{reading.mark[:16]}-{hashlib.sha256(f'{_sha256(source)}{told}'.encode()).hexdigest()[:16]}"
    if (found := open_shards(folder)) is not None:
        return found
    # What a reading that was stopped left would be taken for this one's.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        return _read(source, reading.schema, folder, only_open, shard_leads, watch)
    except BaseException:  # nothing goes on with half a reading
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _read(source: Path, schema: Schema, folder: Path, only_open: bool, shard_leads: int, watch: Watch) -> Shards:
    tell = in_percent(f"read {source.name}", watch)
    kept, report = keep_leads(source, schema, folder, rows=shard_leads, on_progress=tell)
    wanted = _open(kept) if only_open else np.ones(len(kept), dtype=bool)
    if not wanted.any():
        raise LeadRankError(
            "--only-open scores leads whose outcome is not known or not final, however: this file has none; leave "
            "it out to score all"
        )
    np.save(folder / "wanted.npy", wanted)
    shards = Shards(folder, kept, tuple(str(problem) for problem in report.warnings))
    keep_earlier(folder, kept, [path for other in shards.others() for path in sorted(other.glob("scores-*.parquet"))])
    partial = folder / ".shards.json.part"
    document = {"sizes": kept.sizes, "notes": shards.notes, "schema": schema_to_dict(schema)}
    partial.write_text(json.dumps(document), "utf-8")
    os.replace(partial, folder / "shards.json")
    return shards


def _open(kept: OnDisk) -> np.ndarray:
    """Which leads are open; nothing else of them is in memory."""
    roles, _ = kept.whole()
    few = pd.DataFrame({name: roles[name] for name in ("snapshot_time", "converted")})
    wanted = np.zeros(len(kept), dtype=bool)
    wanted[open_rows(Leads(few, pd.DataFrame(index=few.index), kept.schema))] = True
    return wanted


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
