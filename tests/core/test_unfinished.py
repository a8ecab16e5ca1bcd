"""A run folder while its training goes on: one command at a time, and nothing left of one that never began."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock

from core.errors import ConfigError, RunError
from core.progress import nobody
from core.training import train
from core.unfinished import begun, claim
from tests.made import make_leads, tiny_config


def test_one_command_at_a_time_trains_in_a_folder(tmp_path: Path) -> None:
    with begun(tmp_path / "run", False) as work, begun(tmp_path / "run", True) as again:
        assert work == again and work.is_dir()
    with FileLock(work / "lock"), pytest.raises(RunError, match="one command at a time"), begun(tmp_path / "run", True):
        pass


def test_what_never_began_leaves_nothing_and_what_began_goes_on(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    for out in (tmp_path / "new", mine):
        with pytest.raises(KeyboardInterrupt), begun(out, False):
            raise KeyboardInterrupt
    assert not (tmp_path / "new").exists() and not list(mine.iterdir())
    with pytest.raises(KeyboardInterrupt), begun(mine, False) as work:
        claim(work, make_leads(20), tiny_config(), ())
        raise KeyboardInterrupt
    with pytest.raises(RunError, match="--resume"), begun(mine, False):
        pass
    with begun(mine, True) as work, pytest.raises(RunError, match="max_tokens was 512, now 300; other leads"):
        claim(work, make_leads(21), tiny_config("max_tokens=300"), ())


def test_settings_of_no_use_leave_nothing_to_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="depth must lie in"):
        train(make_leads(), tiny_config("depth=12"), tmp_path / "run", watch=nobody)
    assert not (tmp_path / "run").exists()
