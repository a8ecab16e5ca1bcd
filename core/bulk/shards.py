"""Leads in shards on disk, checked as one file, and which of them are scored: what stopped work finds again.

WORK/<model>-<leads>/       shards.json          comes last: without it the leads are read anew
                            leads-*, column-*    see `core.data.keeping`; gone once all is scored
                            wanted.npy           which leads are to be scored
                            earlier.parquet      what the model said of these lead ids before; gone likewise
                            scores-00012.parquet lead_id, content, score, probability, ...: a shard's, once it is done
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from core.bulk.earlier import keep_earlier, rows_in
from core.bulk.work_folders import is_shards, strip
from core.data.big_files import keep_leads
from core.data.keeping import OnDisk, put, to_disk
from core.data.leads import Leads
from core.data.schema import schema_from_dict, schema_to_dict
from core.data.sources import kind_of
from core.data.splitting import open_rows
from core.errors import LeadRankError
from core.progress import Watch, in_percent
from core.scoring import Reading

FORMAT = 3
"""Of the folder; a folder of another one is not looked at."""


_Kept = tuple[OnDisk, np.ndarray, tuple[str, ...]]
"""The leads, which of them are to be scored, and what was noted."""


@dataclass(frozen=True)
class Shards:
    """The shards of one lead file, or of leads that were at hand, for one model."""

    folder: Path
    kept: OnDisk
    notes: tuple[str, ...]
    """What was noted when a file was read."""

    @cached_property
    def wanted(self) -> np.ndarray:
        """Shape (leads that are kept,), bool: which are to be scored."""
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
        """Shards that are not scored yet; files of scores that a failing disk took part of go."""
        left = [shard for shard, size in enumerate(self.sizes) if size and rows_in(self.scores(shard)) != size]
        for shard in left:
            self.scores(shard).unlink(missing_ok=True)
        return left

    def leads(self, shard: int) -> Leads:
        """Those to score."""
        start = self.kept.first_row(shard)
        return self.kept.leads(shard).take(np.flatnonzero(self.wanted[start : start + self.kept.sizes[shard]]))

    def others(self) -> list[Path]:
        """Folders of other leads that the same model scored, or began to."""
        alike = self.folder.parent.glob(f"{self.folder.name[:16]}-*")
        return sorted(path for path in alike if path != self.folder and is_shards(path))

    def finish(self) -> None:
        """Drop all but the scores."""
        strip(self.folder, "scores-", "shards.json", "wanted.npy")
        os.utime(self.folder)  # used now, as `keep_newest` sees it

    def drop_others(self) -> None:
        """Drop what is kept of other leads that were finished."""
        for path in self.others():
            other = open_shards(path)
            if other is not None and not other.waiting() and not other.kept.whole_on_disk():
                shutil.rmtree(path)

    def remove(self) -> None:
        """Drop everything."""
        shutil.rmtree(self.folder)


def open_shards(folder: Path) -> Shards | None:
    """The shards in a folder; None where there are none, or reading them never came to its end."""
    try:
        told = json.loads((folder / "shards.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    kept = OnDisk(folder, schema_from_dict(told["schema"]), tuple(told["sizes"]))
    shards = Shards(folder, kept, tuple(told["notes"]))
    whole = (folder / "wanted.npy").exists() and (kept.whole_on_disk() or not shards.waiting())
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

    def read(folder: Path) -> _Kept:
        tell = in_percent(f"read {source.name}", watch)
        kept, report = keep_leads(source, reading.schema, folder, rows=shard_leads, on_progress=tell)
        wanted = _open(kept) if only_open else np.ones(len(kept), dtype=bool)
        if not wanted.any():
            raise LeadRankError(
                "--only-open scores leads whose outcome is not known or not final, however: this file has none; leave "
                "it out to score all"
            )
        return kept, wanted, tuple(str(problem) for problem in report.warnings)

    return _found_or_made(work, reading, f"{_sha256(source)} {only_open} {shard_leads}", read)


def shards_of(leads: Leads, rows: np.ndarray, reading: Reading, work: Path, *, key: str, shard_leads: int) -> Shards:
    """Put leads that are at hand into shards, or find them where that was done before; `work` is `held`.

    Args:
        rows: which of them, in this order; those of one shard at a time are taken.
        key: the same for the same rows of the same leads alone.
    """

    def write(folder: Path) -> _Kept:
        kept = OnDisk(folder, leads.schema)
        for start in range(0, len(rows), shard_leads):
            part = leads.take(rows[start : start + shard_leads])
            kept.add(part.roles, part.features)
        return kept, np.ones(len(rows), dtype=bool), ()

    return _found_or_made(work, reading, f"{key} {shard_leads}", write)


def _found_or_made(work: Path, reading: Reading, key: str, make: Callable[[Path], _Kept]) -> Shards:
    told = json.dumps([FORMAT, key, schema_to_dict(reading.schema)], sort_keys=True)
    folder = work / f"{reading.mark[:16]}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
    if (found := open_shards(folder)) is not None:
        return found
    folder.mkdir(exist_ok=True)
    # What a reading that was stopped left would be taken for this one's; scores are of the same leads.
    strip(folder, "scores-")
    try:
        kept, wanted, notes = make(folder)
        np.save(folder / "wanted.npy", wanted)
        to_disk(folder / "wanted.npy")
        shards = Shards(folder, kept, notes)
        earlier = [path for other in shards.others() for path in sorted(other.glob("scores-*.parquet"))]
        keep_earlier(folder, kept, earlier)
        partial = folder / ".shards.json.part"
        document = {"sizes": kept.sizes, "notes": notes, "schema": schema_to_dict(kept.schema)}
        partial.write_text(json.dumps(document), "utf-8")
        put(partial, folder / "shards.json")
    except BaseException:  # nothing goes on with half a reading
        strip(folder, "scores-")
        if not any(folder.iterdir()):
            folder.rmdir()
        raise
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
