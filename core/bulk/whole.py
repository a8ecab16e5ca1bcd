"""Leads from end to end: of a file, read and checked, or at hand; scored in shards, ranked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.bulk.local import Means, score_locally, sensible_workers
from core.bulk.merging import write_ranked
from core.bulk.shards import Shards, make_shards, shards_of
from core.bulk.work_folders import held
from core.bulk.worker import Order
from core.data.leads import Leads
from core.errors import ConfigError
from core.progress import Event, Phase, Watch, nobody
from core.scoring import Reading, reading_of

SHARD_LEADS = {"fields": 50_000, "cpu": 250, "cuda": 10_000}
"""Leads of a shard where fields alone are read, and where a language model reads: what a dead worker loses is some
seconds on a GPU, some minutes on a CPU."""
LEAST_SHARD, PIECES = 50, 64
"""Of leads at hand that a language model reads on a CPU: few leads are cut as well, into `PIECES` shards or those that
hold `LEAST_SHARD`, so that all processes have work and a stop loses seconds."""


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
    means: Means = score_locally,
    work: Path | None = None,
    shard_leads: int = 0,
    watch: Watch = nobody,
) -> Ranked:
    """Score a lead file and write the ranking to `out`, .csv or .parquet.

    Args:
        workers: processes, or actors, that score at a time.
        means: `local.score_locally`, or what `on_ray.on_ray` gives.
        work: kept afterwards, so that of the next file only leads that changed are scored; one folder for each export
            that comes again, whatever the models. None: a folder beside `out` that is gone at the end. A stopped
            command goes on in either case.
        shard_leads: leads of a shard; 0 = by what the run reads. No score depends on it, but for the last digits on a
            GPU.

    Raises:
        ConfigError: an argument is wrong.
        ReadError, ValidationError: the file cannot be used.
        RunError, BackboneError: the model cannot be loaded.
        LeadRankError: there is no such device, or another command scores with this model in the folder.
    """
    if out.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"--out must end in .csv or .parquet, however: got='{out.name}'")
    if not out.parent.is_dir():
        raise ConfigError(f"--out must lie in a folder that exists, however: there is no '{out.parent}'; make it first")
    if workers < 1:
        raise ConfigError(f"--workers must be at least 1, however: got={workers}")
    reading = reading_of(run, device=device, backbone=backbone, parts=parts)
    folder = work or out.with_name(f"{out.name}.work")
    with held(folder, reading):
        size = shard_leads or _shard_leads(reading)
        shards = make_shards(source, reading, folder, only_open=only_open, shard_leads=size, watch=watch)
        for note in shards.notes:
            watch(Event(f"note: {note}"))
        order = Order(shards.folder.resolve(), run.resolve(), reading.device, reading.engine, backbone, parts)
        done = _finished(shards, order, out, workers, means, watch)
        shards.drop_others()
        if work is None:
            shards.remove()
    return done


def score_at_hand(
    run: Path,
    leads: Leads,
    rows: np.ndarray,
    out: Path,
    *,
    work: Path,
    key: str,
    device: str = "auto",
    waiting: Callable[[], None] | None = None,
    watch: Watch = nobody,
) -> Ranked:
    """Score leads that are at hand and write the ranking to `out`, .parquet, with the parts of each score.

    As many processes score at a time as the machine is good for. Who was stopped goes on, and leads that did not change
    since the run scored any of the `work_folders.KEPT` newest sets in `work` are not read again.

    Args:
        leads: with the columns and the schema of the run; a shard of them at a time is copied.
        rows: positions of those to score.
        work: a folder for all that this one run scores.
        key: the same for the same rows of the same leads alone.
        waiting: called again and again while another process scores with the run in the folder; None = nobody waits.

    Raises:
        RunError, BackboneError: the model cannot be loaded.
        LeadRankError: there is no such device; another process scores with the run in the folder, and nobody waits.
    """
    reading = reading_of(run, device=device, parts=True)
    with held(work, reading, waiting):
        shards = shards_of(leads, rows, reading, work, key=key, shard_leads=_shard_leads(reading, len(rows)))
        order = Order(shards.folder.resolve(), run.resolve(), reading.device, reading.engine, parts=True)
        return _finished(shards, order, out, sensible_workers(reading), score_locally, watch)


def _shard_leads(reading: Reading, leads: int | None = None) -> int:
    """`leads`: how many there are, where that is known."""
    most = SHARD_LEADS[reading.device if reading.engine else "fields"]
    if leads is None or reading.engine is None or reading.device != "cpu":
        return most
    return min(most, max(LEAST_SHARD, -(-leads // PIECES)))


def _finished(shards: Shards, order: Order, out: Path, workers: int, means: Means, watch: Watch) -> Ranked:
    scored = _score(shards, order, workers, means, watch)
    top = write_ranked(shards, out)
    shards.finish()
    return Ranked(sum(shards.sizes), scored, top)


def _score(shards: Shards, order: Order, workers: int, means: Means, watch: Watch) -> int:
    """Score what is waiting; returns how many leads the model read."""
    waiting, total = shards.waiting(), sum(shards.sizes)
    finished, scored, phase = total - sum(shards.sizes[shard] for shard in waiting), 0, Phase("score leads", watch)
    under_way: dict[int, int] = {}
    if waiting and finished:
        watch(Event(f"{finished:,} of {total:,} leads scored before; going on"))

    def at(shard: int, read: int) -> None:
        under_way[shard] = read
        phase.at(finished + sum(under_way.values()), total)

    for done in means(order, waiting, workers, at, watch) if waiting else ():
        under_way.pop(done.shard, None)
        finished, scored = finished + done.leads, scored + done.leads - done.reused
        phase.at(finished + sum(under_way.values()), total)
    return scored
