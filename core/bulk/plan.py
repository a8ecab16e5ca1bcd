"""A lead file in shards on disk, checked as one file, and which of them are scored: what a stopped command finds again.

WORK/<model>-<file>/   plan.json            comes last: without it the folder is read anew
                       leads-*, column-*    see `core.data.keeping`; gone once all is scored
                       wanted.npy           which leads are to be scored
                       scores-00012.parquet lead_id, content, score, probability, ...: a shard's, once it is done
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.keeping import OnDisk
from core.data.leads import Leads
from core.data.schema import schema_from_dict, schema_to_dict
from core.data.sources import kind_of
from core.data.splitting import open_rows
from core.data.validation import keep_leads
from core.errors import LeadRankError
from core.progress import Watch, in_percent
from core.scoring import Reading

FORMAT = 1
"""Of the folder; a folder of another one is not looked at."""
_FOLDER = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}")


@dataclass(frozen=True)
class Plan:
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

    def earlier(self) -> list[Path]:
        """What the same model said of other files that were scored here before."""
        model = self.folder.name[:16]
        others = [path for path in _plans(self.folder.parent) if path != self.folder and path.name[:16] == model]
        return sorted(path for other in others for path in other.glob("scores-*.parquet"))

    def finish(self) -> None:
        """Drop all but the scores, and what was kept of other files."""
        for pattern in ("leads-*.parquet", "column-*.npy", ".*.part"):
            for path in self.folder.glob(pattern):
                path.unlink()
        shutil.rmtree(self.folder / "sorting", ignore_errors=True)
        for path in _plans(self.folder.parent):
            if path != self.folder:
                shutil.rmtree(path)

    def remove(self) -> None:
        """Drop everything, and the folder around it where nothing else is in it."""
        shutil.rmtree(self.folder)
        if not any(self.folder.parent.iterdir()):
            self.folder.parent.rmdir()


def open_plan(folder: Path) -> Plan | None:
    """The plan in a folder; None where there is none, or one that was never finished."""
    try:
        told = json.loads((folder / "plan.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    plan = Plan(folder, OnDisk(folder, schema_from_dict(told["schema"]), tuple(told["sizes"])), tuple(told["notes"]))
    whole = (folder / "wanted.npy").exists() and (not plan.waiting() or plan.kept.whole_on_disk())
    return plan if whole else None


def make_plan(source: Path, reading: Reading, work: Path, *, only_open: bool, shard_leads: int, watch: Watch) -> Plan:
    """Read and check a lead file into shards, or find them where that was done before.

    Raises:
        ReadError: the file is no table.
        ValidationError: with every error that was found.
        LeadRankError: `only_open`, and no lead is open.
    """
    kind_of(source)  # a file that is none is told as such
    told = json.dumps([FORMAT, only_open, shard_leads, schema_to_dict(reading.schema)], sort_keys=True)
    folder = work / f"{reading.mark[:16]}-{hashlib.sha256(f'{_sha256(source)}{told}'.encode()).hexdigest()[:16]}"
    if (found := open_plan(folder)) is not None:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    tell = in_percent(f"read {source.name}", watch)
    try:
        kept, report = keep_leads(source, reading.schema, folder, rows=shard_leads, on_progress=tell)
        wanted = _open(kept) if only_open else np.ones(len(kept), dtype=bool)
        if not wanted.any():
            raise LeadRankError(
                "--only-open scores leads whose outcome is not known or not final, however: this file has none; leave "
                "it out to score all"
            )
    except LeadRankError:
        Plan(folder, OnDisk(folder, reading.schema), ()).remove()
        raise
    np.save(folder / "wanted.npy", wanted)
    notes = tuple(str(problem) for problem in report.warnings)
    partial = folder / "plan.json.part"
    plan = {"sizes": kept.sizes, "notes": notes, "schema": schema_to_dict(reading.schema)}
    partial.write_text(json.dumps(plan), "utf-8")
    os.replace(partial, folder / "plan.json")
    return Plan(folder, kept, notes)


def _open(kept: OnDisk) -> np.ndarray:
    """Which leads are open; nothing else of them is in memory."""
    roles, _ = kept.whole()
    few = pd.DataFrame({name: roles[name] for name in ("snapshot_time", "converted")})
    wanted = np.zeros(len(kept), dtype=bool)
    wanted[open_rows(Leads(few, pd.DataFrame(index=few.index), kept.schema))] = True
    return wanted


def _plans(work: Path) -> list[Path]:
    return [path for path in work.iterdir() if path.is_dir() and _FOLDER.fullmatch(path.name)]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
