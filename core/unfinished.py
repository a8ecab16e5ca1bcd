"""A run folder while its run is not finished: who may go on in it, and what stands there for that.

out/.work/request.json   leads, settings and reviews that it was begun with; comes once the leads are read
out/.work/...            what can be made again; gone once the run is finished
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.config import Config, config_to_dict
from core.data.keeping import put
from core.data.leads import Leads
from core.data.reviews import Review
from core.data.schema import schema_to_dict
from core.errors import ConfigError, RunError

WORK = ".work"
REQUEST = "request.json"
SAVING = {"checkpointing", "compile", "cache_gb"}
"""Of the settings `engine`, those that an interrupted run may go on without or with."""


@contextmanager
def begun(out: Path, resume: bool) -> Iterator[Path]:
    """The work folder of a run in `out`, made where it is not there; gone again where something fails before `claim`,
    or where settings with which it was just begun turn out to be of no use: with those nobody could ever go on.

    One process at a time has it; whoever has it may ask again.

    Raises:
        RunError: `out` holds a finished run, an interrupted one and `resume` is not set, or something else; or another
            process trains there.
    """
    work = out / WORK
    there = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if "manifest.json" in there:
        raise RunError(f"'{out.name}' already holds a finished run; give another --out, or delete that folder first")
    if (work / REQUEST).exists() and not resume:
        raise RunError(f"'{out.name}' holds an interrupted run; add --resume to continue it, or give another --out")
    if there - {WORK}:
        raise RunError(f"'{out.name}' is not empty and holds no run; give a new folder as --out")
    before, fresh = out.exists(), not (work / REQUEST).exists()
    work.mkdir(parents=True, exist_ok=True)
    lock = FileLock(work / "lock", is_singleton=True)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(
            f"one command at a time trains in a folder, however: another one does so in '{out.name}'; wait until it "
            "has ended, or give another --out"
        ) from None
    try:
        yield work
    except BaseException as error:
        hopeless = fresh and isinstance(error, ConfigError)
        if hopeless or not (work / REQUEST).exists():
            shutil.rmtree(work if before else out, ignore_errors=True)
        raise
    finally:
        lock.release()


def claim(work: Path, leads: Leads, config: Config, reviews: Sequence[Review]) -> None:
    """Note what the run is begun with.

    Raises:
        RunError: it was begun with something else.
    """
    schema = schema_to_dict(leads.schema)
    asked: dict[str, Any] = {"leads": leads.content_hash, "schema": schema, "config": config_to_dict(config)}
    asked |= {"reviews": [asdict(review) for review in reviews]} if reviews else {}
    request, note = json.loads(json.dumps(asked)), work / REQUEST
    if note.exists() and (differs := _differences(json.loads(note.read_text("utf-8")), request)):
        raise RunError(
            f"'{work.parent.name}' was begun with other leads, settings or reviews, however: {'; '.join(differs)}; "
            "continue it with those, or give another --out"
        )
    partial = note.with_suffix(".part")
    partial.write_text(json.dumps(request), "utf-8")
    put(partial, note)


def _differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What differs, in words: settings one by one, all else by its name."""
    before, now = _decides(before), _decides(now)
    then, today = (dict(_flat(request["config"])) for request in (before, now))
    changed = [name for name in {**then, **today} if then.get(name) != today.get(name)]
    told = [f"{name} was {then.get(name)}, now {today.get(name)}" for name in changed]
    return told + [f"other {name}" for name in ("leads", "schema", "reviews") if before.get(name) != now.get(name)]


def _flat(config: dict[str, Any], start: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in config.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{start}{name}.")
        else:
            yield f"{start}{name}", value


def _decides(request: dict[str, Any]) -> dict[str, Any]:
    """What of a request decides the result: not what only saves memory, time or disk, which a second try may change."""
    engine = {name: value for name, value in request["config"].get("engine", {}).items() if name not in SAVING}
    return {**request, "config": {**request["config"], "engine": engine}}
