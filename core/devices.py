"""What this machine computes with, told without loading torch: processor, memory, GPU."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil

CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


@dataclass(frozen=True)
class Device:
    """One thing that training can run on."""

    kind: str
    """`cpu` or `cuda`, as the setting `device` names it."""
    name: str
    memory: int
    """Bytes in all."""
    usable: bool
    remark: str = ""
    """Why it is not usable, and what to do."""


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory() -> int:
    """Bytes of memory that this process may use in all: the machine's, or less where it runs in a container."""
    limits = [psutil.virtual_memory().total]
    for path in CONTAINER_LIMITS:
        with suppress(OSError, ValueError):  # "max" is none
            limits.append(int(path.read_text("utf-8")))
    return min(limits)


def devices() -> list[Device]:
    """The processor, and each NVIDIA GPU that the driver knows."""
    count = cores()
    noun = "core" if count == 1 else "cores"
    return [Device("cpu", f"{count} processor {noun}", memory(), True), *_gpus()]


def _gpus() -> list[Device]:
    if shutil.which("nvidia-smi") is None:
        return []
    question = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(question, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    remark = ""
    if "+cpu" in metadata.version("torch"):
        remark = "the installed torch computes on the processor alone; install a CUDA build of it to use this GPU"
    return [Device("cuda", name, int(memory) << 20, not remark, remark) for name, memory in parse_gpus(answer)]


def parse_gpus(text: str) -> list[tuple[str, int]]:
    """Names and MiB from the driver's answer; lines of another form are left out.

    Example:
        >>> parse_gpus("NVIDIA H200, 143771\\nNVIDIA, Inc. X, [N/A]\\n")
        [('NVIDIA H200', 143771)]
    """
    pairs = [line.rpartition(",") for line in text.splitlines()]
    return [(name.strip(), int(memory)) for name, _, memory in pairs if memory.strip().isdigit()]
