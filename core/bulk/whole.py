"""A lead file from end to end: read and checked, scored in shards, ranked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from core.bulk.local import Progress, score_locally
from core.bulk.merging import write_ranked
from core.bulk.plan import Plan, make_plan
from core.bulk.shards import Done, Order
from core.errors import ConfigError
from core.progress import Event, Phase, Watch, nobody
from core.scoring import reading_of

Engine = Callable[[Order, list[int], int, Progress, Watch], Iterator[Done]]
"""(what to do, shards, workers, how far each is, what else is told) -> shards as they are finished."""
SHARD_LEADS = {"fields": 50_000, "cpu": 1_000, "cuda": 10_000}
"""Leads of a shard where fields alone are read, and where a language model reads: what a dead worker loses is some
seconds on a GPU, some minutes on a CPU."""


@dataclass(frozen=True)
class Ranked:
    """What was done."""

    leads: int
    scored: int
    """Read by the model now; the others were known: scored before a stop, or unchanged since an earlier file."""
    top: pd.DataFrame
    """The first ten rows of the ranking."""


def score_file(
    run: Path,
    source: Path,
    out: Path,
    *,
    device: str = "auto",
    backbone: str | None = None,
    parts: bool = False,
    only_open: bool = False,
    workers: int = 1,
    engine: Engine = score_locally,
    work: Path | None = None,
    shard_leads: int = 0,
    watch: Watch = nobody,
) -> Ranked:
    """Score a lead file and write the ranking to `out`, .csv or .parquet.

    Args:
        workers: processes, or actors, that score at a time.
        engine: `local.score_locally`, or `on_ray.score_on_ray`.
        work: kept afterwards, so that of the next file only leads that changed are scored; one folder for each model
            and export. None: a folder beside `out` that is gone at the end. A stopped command goes on in either case.
        shard_leads: leads of a shard; 0 = by what the run reads. No score depends on it.

    Raises:
        ConfigError: an argument is wrong.
        ReadError, ValidationError: the file cannot be used.
        RunError, BackboneError: the model cannot be loaded.
    """
    if out.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"--out must end in .csv or .parquet, however: got='{out.name}'")
    if not out.parent.is_dir():
        raise ConfigError(f"--out must lie in a folder that exists, however: there is no '{out.parent}'; make it first")
    if workers < 1:
        raise ConfigError(f"--workers must be at least 1, however: got={workers}")
    reading = reading_of(run, device=device, parts=parts)
    plan = make_plan(
        source,
        reading,
        work or out.with_name(f"{out.name}.work"),
        only_open=only_open,
        shard_leads=shard_leads or SHARD_LEADS[reading.device if reading.text else "fields"],
        watch=watch,
    )
    for note in plan.notes:
        watch(Event(f"note: {note}"))
    order = Order(plan.folder.resolve(), run.resolve(), reading.device, backbone, parts)
    scored = _score(plan, order, workers, engine, watch)
    top = write_ranked(plan, out)
    plan.finish()
    if work is None:
        plan.remove()
    return Ranked(sum(plan.sizes), scored, top)


def _score(plan: Plan, order: Order, workers: int, engine: Engine, watch: Watch) -> int:
    """Score what is waiting; returns how many leads the model read."""
    waiting, total = plan.waiting(), sum(plan.sizes)
    finished, scored, phase = total - sum(plan.sizes[shard] for shard in waiting), 0, Phase("score leads", watch)
    under_way: dict[int, int] = {}

    def at(shard: int, read: int) -> None:
        under_way[shard] = read
        phase.at(finished + sum(under_way.values()), total)

    for done in engine(order, waiting, workers, at, watch) if waiting else ():
        under_way.pop(done.shard, None)
        finished, scored = finished + done.leads, scored + done.leads - done.reused
        phase.at(finished + sum(under_way.values()), total)
    return scored
