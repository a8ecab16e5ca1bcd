"""Whose turn it is in a folder of scores, and how much of it stays."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from core import scoring
from core.bulk import work_folders
from core.bulk.work_folders import held, keep_newest

pytestmark = pytest.mark.xdist_group("bulk")  # they share one training


def test_who_comes_second_waits_where_he_may(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_folders, "LOOK_SECONDS", 0.01)
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


def folders(work: Path, *models: int) -> list[Path]:
    """One of each of these models, used one after the other, none of them finished."""
    made = [work / f"{model:016x}-{number:016x}" for number, model in enumerate(models)]
    for number, folder in enumerate(made):
        folder.mkdir()
        for name in ("leads-00000.parquet", "column-3.npy", "shards.json", "scores-00000.parquet"):
            (folder / name).touch()
        os.utime(folder, (1e9 + number, 1e9 + number))
    return made


def test_what_was_used_last_stays_with_the_words_of_one_that_was_stopped(tmp_path: Path) -> None:
    oldest, older, newest = folders(tmp_path, 1, 2, 3)
    (tmp_path / "mine.lock").touch()
    for _ in range(2):
        keep_newest(tmp_path, 2, f"{1:016x}")
        assert sorted(tmp_path.iterdir()) == [older, newest, tmp_path / "mine.lock"] and not oldest.exists()
        assert [path.name for path in older.iterdir()] == ["scores-00000.parquet"]
        assert len(list(newest.iterdir())) == 4 and older.stat().st_mtime == 1e9 + 1


def test_what_another_process_scores_in_stays(tmp_path: Path) -> None:
    made = folders(tmp_path, 1, 2, 3)
    with FileLock(tmp_path / f"{1:016x}.lock"):
        keep_newest(tmp_path, 1, f"{3:016x}")
        assert [folder.exists() for folder in made] == [True, False, True] and len(list(made[0].iterdir())) == 4
