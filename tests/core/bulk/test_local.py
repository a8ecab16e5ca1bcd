"""Workers that die or are stopped: each lead still has one row, none is left behind; and how many there are."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from core import scoring
from core.bulk import local
from core.bulk.local import MOST_DEATHS, score_in_processes, score_locally, sensible_workers
from core.bulk.whole import score_file
from core.bulk.worker import Done
from core.errors import LeadRankError
from tests.lead_files import in_one_go

pytestmark = pytest.mark.xdist_group("bulk")  # they share one training


@pytest.mark.slow
def test_after_a_worker_is_killed_each_lead_still_has_one_row(fields: Path, source: Path, tmp_path: Path) -> None:
    killed: list[int] = []

    def means(order, shards, workers, at, watch) -> Iterator[Done]:
        for done in score_locally(order, shards, workers, at, watch):
            if not killed:
                killed.append(max(child.pid or 0 for child in multiprocessing.active_children()))
                os.kill(killed[0], signal.SIGKILL)
            yield done

    out = tmp_path / "scores.parquet"
    done = score_file(fields, source, out, shard_leads=20, workers=2, means=means, device="cpu")
    assert killed and done.leads == done.scored == 200
    pd.testing.assert_frame_equal(pd.read_parquet(out), in_one_go(fields, source), check_dtype=False, check_exact=True)
    assert not multiprocessing.active_children()


def test_with_each_death_there_is_one_worker_fewer_and_the_third_over_a_shard_is_told(
    fields: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "TICK_SECONDS", 0.01)  # long before a worker has imported what it needs
    seen: list[int] = []

    def kill_one(shard: int, read: int) -> None:
        alive = multiprocessing.active_children()
        seen.append(len(alive))
        alive[0].kill()
        alive[0].join()

    def means(order, shards, workers, at, watch) -> Iterator[Done]:
        return score_in_processes(order, shards[:3], workers, kill_one)

    with pytest.raises(LeadRankError, match=rf"{MOST_DEATHS} workers.* was killed by SIGKILL.* let fewer work"):
        score_file(fields, source, tmp_path / "x.csv", shard_leads=20, workers=3, means=means, device="cpu")
    assert seen == [3, 2, 1, 1, 1]


def test_what_would_fail_again_is_told_at_once(fields: Path, source: Path, tmp_path: Path) -> None:
    """The stored shard is damaged behind the command's back."""

    def means(order, shards, workers, at, watch) -> Iterator[Done]:
        (order.shards / "leads-00002.parquet").write_bytes(b"no Parquet")
        return score_in_processes(order, [2], workers, at)

    with pytest.raises(LeadRankError, match=r"shard 2 could not be scored, however: ArrowInvalid: .*is kept"):
        score_file(fields, source, tmp_path / "x.csv", shard_leads=20, workers=1, means=means, device="cpu")


def test_who_stops_the_work_ends_its_workers(fields: Path, source: Path, tmp_path: Path) -> None:
    seen: list[int] = []

    def stop(shard: int, read: int) -> None:
        seen.append(len(multiprocessing.active_children()))
        raise KeyboardInterrupt

    def means(order, shards, workers, at, watch) -> Iterator[Done]:
        return score_in_processes(order, shards, workers, stop)

    with pytest.raises(KeyboardInterrupt):
        score_file(fields, source, tmp_path / "x.csv", shard_leads=20, workers=2, means=means, device="cpu")
    assert seen == [2] and not multiprocessing.active_children()


def test_workers_share_cores_and_memory(run: Path, fields: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads, gigabytes = scoring.reading_of(run, device="cpu"), [100.0]
    monkeypatch.setattr(local, "cores", lambda: 16)
    memory = lambda: SimpleNamespace(available=int(gigabytes[0] * 2**30))  # noqa: E731
    monkeypatch.setattr(local.psutil, "virtual_memory", memory)
    assert reads.weights > 100_000, "of the tiny language model"
    assert sensible_workers(reads) == 8
    gigabytes[0] = 10.0
    assert sensible_workers(replace(reads, weights=2 * 2**30)) == 3
    gigabytes[0] = 0.5
    assert sensible_workers(reads) == 1
    gigabytes[0] = 100.0
    assert sensible_workers(scoring.reading_of(fields, device="cpu")) == 1
