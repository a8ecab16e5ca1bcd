"""Leads at hand in shards, whose turn it is in a folder of scores, and how much of it stays."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core import scoring
from core.bulk import shards
from core.bulk.shards import held, keep_newest, shards_of
from tests.made import make_leads

pytestmark = pytest.mark.xdist_group("bulk")  # they share one training


def test_leads_come_out_of_shards_as_they_went_in(run: Path, tmp_path: Path) -> None:
    leads, reading = make_leads(90), scoring.reading_of(run, device="cpu")
    leads.roles.loc[1, "snapshot_time"] = pd.NaT
    leads.roles.loc[1, "call_seconds"] = np.nan
    leads.features.loc[2, "a"] = np.nan
    made = shards_of(leads, reading, tmp_path, key="May", shard_leads=40)
    assert made.sizes == (40, 40, 10) and made.waiting() == [0, 1, 2]
    for shard in range(3):
        part, found = leads.take(np.arange(40 * shard, min(40 * shard + 40, 90))), made.leads(shard)
        pd.testing.assert_frame_equal(found.roles, part.roles, check_exact=True)
        pd.testing.assert_frame_equal(found.features, part.features, check_exact=True)
    again = shards_of(leads.take(np.arange(5)), reading, tmp_path, key="May", shard_leads=40)
    assert again.folder == made.folder, "the key alone tells whether leads are the same"
    assert shards_of(leads, reading, tmp_path, key="June", shard_leads=40).others() == [made.folder]


def test_who_comes_second_waits_where_he_may(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "LOOK_SECONDS", 0.01)
    reading, done, entered, waited = scoring.reading_of(run, device="cpu"), threading.Event(), list[str](), list[int]()

    def second() -> None:
        with held(tmp_path, reading, waiting=lambda: waited.append(len(waited))):
            entered.append("second")
            done.set()

    with held(tmp_path, reading):
        other = threading.Thread(target=second)
        other.start()
        while len(waited) < 3:
            assert not entered
    assert done.wait(10) and entered == ["second"]
    other.join()


def test_what_was_used_last_stays(tmp_path: Path) -> None:
    names = [f"{number:016x}-{1:016x}" for number in range(4)]
    for age, name in zip((40, 10, 30, 20), names, strict=True):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    (tmp_path / "mine.lock").touch()
    keep_newest(tmp_path, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([names[1], names[3], "mine.lock"])
    keep_newest(tmp_path, 2)
    assert len(list(tmp_path.iterdir())) == 3
