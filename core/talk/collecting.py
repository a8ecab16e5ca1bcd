"""Reasons of many leads, kept as they come, so that work that was stopped goes on with the next lead.

folder/mark.json            of which leads and model; another's folder is refused
folder/scores.parquet       scores of the pool that the sample is chosen from
folder/reasons-<id>.parquet ten leads each: lead_id, kind (logit, baseline, field or turn), name, turn, value
folder/held.lock            held by the one process that works in the folder
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from core.data.leads import Leads
from core.errors import RunError
from core.progress import Phase, Watch, nobody
from core.scores import Attribution, Scorer
from core.scoring import first_reasons
from core.talk.sample import choose, pool

SIZE = 200
"""Leads that are looked at until somebody says otherwise."""
SIZES = (20, 5000)
"""Fewest and most: below, hardly a kind of talk is told; above, nothing is told any better."""
KEPT_EVERY = 10
UNITS = {"lead_id": "str", "kind": "str", "name": "str", "turn": "int64", "value": "float64"}

Reasons = Callable[[Scorer, Leads, str], Attribution]


@dataclass(frozen=True)
class Collected:
    """Reasons of a sample."""

    leads: pd.DataFrame
    """A row a lead: row (among the leads that it was taken from), band, weight; logit, baseline (of a lead that says
    nothing)."""
    units: pd.DataFrame
    """A row a field or turn of it: place (of the lead above), kind, name, turn (-1 for fields), value."""


def first_of_queue(scorer: Scorer, leads: Leads, lead_id: str) -> Attribution:
    """One backward pass, of the head that orders the queue."""
    return first_reasons(scorer, leads, lead_id)


def collect(
    scorer: Scorer,
    leads: Leads,
    folder: Path,
    size: int = SIZE,
    *,
    model: str,
    reasons: Reasons = first_of_queue,
    seed: int = 0,
    watch: Watch = nobody,
) -> Collected:
    """Choose `size` of the leads and work out what moved the score of each; what `folder` holds is not done again.

    Args:
        leads: As the scorer reads them.
        folder: Made where it is missing.
        model: What tells the scorer from others, such as its run's id.
        reasons: How one lead is explained.

    Raises:
        RunError: the folder holds the reasons of other leads or of another model, or another process works in it.
        NotComputable: the scorer cannot explain.
    """
    with _held(folder):
        _mark(folder, {"leads": leads.content_hash, "model": model})
        return _collect(scorer, leads, folder, size, reasons, seed, watch)


def _collect(
    scorer: Scorer, leads: Leads, folder: Path, size: int, reasons: Reasons, seed: int, watch: Watch
) -> Collected:
    chosen = _choose(scorer, leads, folder, size, seed, watch)
    ids = leads.lead_id.iloc[chosen["row"]].tolist()
    known, phase = _kept(folder), Phase("explain many", watch)
    missing = [place for place, lead_id in enumerate(ids) if lead_id not in known]
    fresh: list[pd.DataFrame] = []
    phase.at(len(ids) - len(missing), len(ids))
    try:
        for done, place in enumerate(missing, len(ids) - len(missing) + 1):
            one = leads.take(chosen["row"].to_numpy()[[place]])
            known[ids[place]] = told = _units(reasons(scorer, one, ids[place]))
            fresh.append(told)
            if len(fresh) == KEPT_EVERY:
                _keep(folder, fresh)
                fresh = []
            phase.at(done, len(ids))
    finally:  # whoever stops it: what is done stays done
        _keep(folder, fresh)
    units = pd.concat([known[lead_id].assign(place=place) for place, lead_id in enumerate(ids)], ignore_index=True)
    whole = {name: units[units["kind"] == name].set_index("place")["value"] for name in ("logit", "baseline")}
    told = chosen.assign(**{name: values.reindex(range(len(ids))).to_numpy() for name, values in whole.items()})
    return Collected(told, units[~units["kind"].isin(list(whole))].drop(columns="lead_id").reset_index(drop=True))


def _choose(scorer: Scorer, leads: Leads, folder: Path, size: int, seed: int, watch: Watch) -> pd.DataFrame:
    rows, path = pool(len(leads), size, seed), folder / "scores.parquet"
    ids = leads.lead_id.to_numpy(dtype=object)
    known = pd.read_parquet(path).set_index("lead_id")["score"] if path.is_file() else pd.Series(dtype=float)
    missing = rows[~np.isin(ids[rows], known.index.to_numpy(dtype=object))]
    if len(missing):
        found = scorer.score(leads.take(np.sort(missing)), watch).frame.set_index("lead_id")["score"]
        known = pd.concat([known, found]) if len(known) else found
        _write(known.rename_axis("lead_id").rename("score").reset_index(), path)
    score = known.reindex(ids[rows]).to_numpy(dtype=float)
    chosen = choose(score, leads.roles["snapshot_time"].to_numpy()[rows], size, seed)
    weight = chosen["weight"] * len(leads) / len(rows)
    return chosen.assign(row=rows[chosen["row"]], weight=weight)


def _units(told: Attribution) -> pd.DataFrame:
    rows = [(told.lead_id, "logit", "", -1, told.logit), (told.lead_id, "baseline", "", -1, told.baseline_logit)]
    rows += [(told.lead_id, "field", one.name, -1, one.value) for one in told.fields]
    rows += [(told.lead_id, "turn", "", -1 if one.turn is None else one.turn, one.value) for one in told.turns]
    return pd.DataFrame(rows, columns=list(UNITS)).astype(UNITS)


def _kept(folder: Path) -> dict[str, pd.DataFrame]:
    frames = map(pd.read_parquet, sorted(folder.glob("reasons-*.parquet")))
    return {str(lead_id): rows for frame in frames for lead_id, rows in frame.groupby("lead_id", sort=False)}


def _keep(folder: Path, fresh: list[pd.DataFrame]) -> None:
    if fresh:
        _write(pd.concat(fresh, ignore_index=True), folder / f"reasons-{uuid4().hex}.parquet")


def _write(frame: pd.DataFrame, path: Path) -> None:
    """In one step: a file that was begun when the machine stopped is none."""
    partial = path.with_suffix(".part")
    frame.to_parquet(partial, index=False)
    os.replace(partial, path)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "held.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(
            f"reasons are being worked out in '{folder.name}' by another process; wait until it has ended, or give "
            "another folder"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _mark(folder: Path, mark: dict[str, str]) -> None:
    path = folder / "mark.json"
    if not path.is_file():
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps(mark), "utf-8")
        os.replace(partial, path)
    elif json.loads(path.read_text("utf-8")) != mark:
        raise RunError(
            f"'{folder.name}' must hold reasons of these leads by this model, however: it holds others; give another "
            "folder"
        )
