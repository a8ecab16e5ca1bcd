"""Processes are known again by pid and time of birth; strangers are left alone, children are not left behind."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from core.errors import LeadRankError
from core.jobs import processes
from core.workspace.ids import utc_now

PARENT = (
    "import subprocess, sys, time, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print(p.pid, flush=True);"
    "time.sleep(60)"
)


@pytest.fixture
def family() -> Iterator[tuple[subprocess.Popen, int]]:
    """A process that does not listen to SIGTERM, leader of its session, and its child."""
    process = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    yield process, int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_process_is_stopped_with_its_children(family: tuple[subprocess.Popen, int]) -> None:
    process, child = family
    assert processes.same(process.pid, utc_now())
    assert processes.stop(process.pid, utc_now(), grace=0.2)
    deadline = time.monotonic() + 5
    while processes.born(child) is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert processes.born(child) is None and processes.born(process.pid) is None  # a zombie does not count
    assert not processes.stop(process.pid, utc_now())


def test_a_stranger_with_the_same_pid_is_left_alone(family: tuple[subprocess.Popen, int]) -> None:
    process, _ = family
    before = utc_now() - timedelta(minutes=5)  # when another process had this pid
    assert not processes.same(process.pid, before)
    assert not processes.stop(process.pid, before)
    assert process.poll() is None


def test_the_calling_process_is_never_stopped() -> None:
    assert not processes.stop(psutil.Process().pid, utc_now())


def test_what_is_started_says_so_in_its_log(tmp_path: Path) -> None:
    pid = processes.start(["--help"], tmp_path / "deep/log.txt", {})
    deadline = time.monotonic() + 30
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "rescore" in (tmp_path / "deep/log.txt").read_text()
    # A zombie would still be there: whoever starts a process has to take note of its end.
    assert not psutil.pid_exists(pid)


def test_a_log_that_cannot_be_written_is_told_without_a_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LeadRankError, match="could not be started") as caught:
        processes.start(["--help"], tmp_path / "file/log.txt", {})
    assert str(tmp_path) not in str(caught.value)
