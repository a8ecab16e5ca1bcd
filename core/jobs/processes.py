"""A job's operating-system process: started on its own, known again by its time of birth, stopped with its children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import psutil

from core.errors import LeadRankError

ROOT = Path(__file__).resolve().parents[2]
"""The project's folder: where `python -m core` is understood."""
TOLERANCE = 1.0
"""Seconds between two readings of one clock; a pid is not used again that soon."""


def start(arguments: list[str], log: Path, more_environment: dict[str, str]) -> int:
    """Run `python -m core ARGUMENTS` as the leader of its own session, writing to `log`; returns its pid.

    It outlives the process that starts it and gets none of its signals.

    Raises:
        LeadRankError: the system would not start it.
    """
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "core", *arguments],
                cwd=ROOT,
                env={**os.environ, **more_environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        raise LeadRankError(
            f"the work could not be started: the system says '{error.strerror}'; see that the workspace's disk has "
            "room and the machine is not overloaded, then try again"
        ) from None
    # Somebody has to take the exit code, or the ended process stays in the system's table as a zombie.
    threading.Thread(target=process.wait, daemon=True, name=f"wait for {process.pid}").start()
    return process.pid


def born(pid: int | None) -> float | None:
    """When the living process `pid` was born, in seconds since 1970; None where there is none, or only its zombie."""
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def same(pid: int | None, at: datetime | None) -> bool:
    """Whether the living process `pid` is the one that had this pid at the time `at` (UTC): a pid is used again.

    Whoever has it now and was born before `at` is the same. Where the system's clock was set forward meanwhile, an old
    process seems younger: a yes is sure, a no is not.
    """
    found = born(pid)
    return found is not None and at is not None and found <= at.replace(tzinfo=UTC).timestamp() + TOLERANCE


def stop(pid: int | None, at: datetime | None, *, grace: float = 3.0) -> bool:
    """End the process that had `pid` at the time `at`, with all children where it leads a session.

    It is asked first and killed after `grace` seconds. Returns whether there was such a process; a stranger that has
    the same pid now is left alone, and so is the process that calls.
    """
    if pid is None or pid == os.getpid() or not same(pid, at):
        return False
    try:
        process = psutil.Process(pid)
        leads = hasattr(os, "getsid") and os.getsid(pid) == pid
        process.terminate()  # psutil looks once more whether it is still the same process
        psutil.wait_procs([process], timeout=grace)
        if leads:
            # Children that stay when their leader ends keep its pid as their group, so no stranger can have it.
            os.killpg(pid, signal.SIGKILL)
        else:
            process.kill()
        psutil.wait_procs([process], timeout=grace)
    except (psutil.Error, OSError):  # it ended meanwhile, and its children too
        pass
    return True
