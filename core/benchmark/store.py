"""A benchmark on disk: one small file for each arm and seed, written as it ends, so that what is done stays done.

OUT/request.json           what was asked for, and of which language model: another may not go on in this folder
    shared.json            what the arms have in common
    test.parquet           the tested leads and their outcomes
    arms/KEY/SEED.parquet  scores of the tested leads, with what they cost
    arms/KEY/left_out.txt  why an arm could not run
    work/                  states of the language model and checkpoints: may be deleted once all is done
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.answers import as_json
from core.benchmark.arms import Arm
from core.benchmark.holding import HELD
from core.benchmark.results import Results, Trial
from core.errors import RunError

REQUEST = "request.json"
FORMAT = 1
"""Raise it when what is kept changes its meaning: a folder from before is then refused, not misread."""
LONGEST = 100
"""Letters of a folder's name: with those of the folders around it, below what any file system takes."""


def claim(out: Path, request: Mapping[str, Any]) -> None:
    """Make `out` ready for a request, or make sure that what it holds answers the same one.

    `backbone` may be missing, where nothing is to be read: it is then neither compared nor forgotten.

    Raises:
        RunError: as `same_request`.
    """
    same_request(out, request)
    begun, wanted = _begun(out) or {}, _wanted(request)
    if begun != begun | wanted:
        write_json(out / REQUEST, begun | wanted)


def same_request(out: Path, request: Mapping[str, Any]) -> None:
    """Nothing where `out` is new or answers this request; see `claim`.

    Raises:
        RunError: it holds something else.
    """
    begun, wanted = _begun(out), _wanted(request)
    if begun is None:
        # A process that was killed while it made the folder ready leaves a half-written request.
        ours = {Path(REQUEST).with_suffix(".part").name, *HELD}
        if out.exists() and any(path.name not in ours for path in out.iterdir()):
            raise RunError(f"'{out.name}' is not empty and holds no benchmark; give a new folder as --out")
        return
    once = {"backbone"} - (begun.keys() & wanted.keys())
    differing = sorted(name for name in {*begun, *wanted} - once if begun.get(name) != wanted.get(name))
    if differing:
        raise RunError(
            f"'{out.name}' holds a benchmark that was begun with another {', '.join(differing)}; its results cannot be "
            "mixed with these: give a new folder as --out"
        )


def _begun(out: Path) -> dict[str, Any] | None:
    note = out / REQUEST
    return json.loads(note.read_text("utf-8")) if note.exists() else None


def _wanted(request: Mapping[str, Any]) -> dict[str, Any]:
    return as_json({"format": FORMAT, **request})


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Replace the file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(as_json(document), indent=1), "utf-8")
    os.replace(partial, path)


def read_shared(out: Path) -> dict[str, Any]:
    """What the arms have in common; empty where there is none yet."""
    path = out / "shared.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def add_to_shared(out: Path, more: Mapping[str, Any]) -> None:
    """Add to what the arms have in common."""
    write_json(out / "shared.json", {**read_shared(out), **more})


def write_test(out: Path, test: pd.DataFrame) -> None:
    """Keep the tested leads, `Results.test`."""
    partial = out / "test.part"
    test.to_parquet(partial, index=False)
    os.replace(partial, out / "test.parquet")


def write_trial(out: Path, trial: Trial) -> None:
    """Keep what one arm with one seed found."""
    table = pa.table({"score": trial.score})
    names = ("arm", "seed", "validation", "train_seconds", "score_seconds", "reads", "notes", "validation_error")
    said = json.dumps(as_json({name: getattr(trial, name) for name in names}))
    path = _trial(out, trial.arm, trial.seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata({"trial": said}), path.with_suffix(".part"))
    os.replace(path.with_suffix(".part"), path)


def read_trial(out: Path, arm: str, seed: int) -> Trial | None:
    """What was kept of it; None where it has not run, or its file is torn."""
    path = _trial(out, arm, seed)
    try:
        table = pq.read_table(path)
        said = json.loads(table.schema.metadata[b"trial"])
        return Trial(score=np.asarray(table["score"], dtype=np.float64), **said)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def finished(out: Path) -> tuple[int, int, int]:
    """Trials that are kept, arms left out, arms held up: where all three are the same, so are the results."""
    held_up = len(read_shared(out).get("held_up", {}))
    return len(list(out.glob("arms/*/*.parquet"))), len(list(out.glob("arms/*/left_out.txt"))), held_up


def leave_out(out: Path, arm: str, reason: str) -> None:
    """Keep why an arm could not run."""
    path = _left_out(out, arm)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".part").write_text(reason, "utf-8")
    os.replace(path.with_suffix(".part"), path)


def left_out(out: Path, arm: str) -> str | None:
    """Why it could not run; None where it could, or was not tried."""
    path = _left_out(out, arm)
    return path.read_text("utf-8") if path.exists() else None


def read_results(out: Path) -> Results:
    """What a benchmark's folder holds so far.

    Raises:
        RunError: it holds no benchmark that has begun.
    """
    try:
        shared = json.loads((out / "shared.json").read_text("utf-8"))
        test = pd.read_parquet(out / "test.parquet")
    except (OSError, json.JSONDecodeError) as error:
        raise RunError(f"'{out.name}' holds no benchmark; `benchmark --out` makes one") from error
    arms = {one["key"]: Arm(**one) for one in shared.pop("arms")}
    reasons = {key: reason for key in arms if (reason := left_out(out, key)) is not None}
    trials, waiting = [], []
    for key in arms:
        found = [read_trial(out, key, seed) for seed in shared["seeds_of"][key]]
        trials += [one for one in found if one is not None]
        if None in found and key not in reasons:
            waiting.append(key)
    stages, capacity = tuple(shared.pop("stages")), float(shared.pop("capacity"))
    return Results(test, stages, arms, tuple(trials), reasons, tuple(waiting), shared, capacity)


def _trial(out: Path, arm: str, seed: int) -> Path:
    return _folder(out, arm) / f"{seed}.parquet"


def _left_out(out: Path, arm: str) -> Path:
    return _folder(out, arm) / "left_out.txt"


def _folder(out: Path, arm: str) -> Path:
    # The name of a tier, which a person gave, is part of the key: it may be long, or hold what paths give a meaning to.
    name = quote(arm, safe="+")
    if len(name) >= LONGEST:
        mark = hashlib.sha256(arm.encode()).hexdigest()[:12]
        name = f"{name[: LONGEST - len(mark) - 1]}-{mark}"
    return out / "arms" / name
