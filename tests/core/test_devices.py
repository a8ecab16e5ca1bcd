"""The machine's devices: a processor always, a GPU only as the driver tells it."""

import os
import stat
from importlib import metadata
from pathlib import Path

import pytest

from core import devices as machine
from core.devices import devices, memory, parse_gpus


def test_there_is_always_a_processor():
    first = devices()[0]
    assert (first.kind, first.usable) == ("cpu", True)
    assert first.memory > 1 << 28


@pytest.mark.parametrize("answer", ["NVIDIA H200, 143771", "exit"])
def test_a_gpu_is_usable_only_with_a_torch_that_computes_on_it(answer, tmp_path, monkeypatch):
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\nexit 9\n" if answer == "exit" else f"#!/bin/sh\necho '{answer}'\n")
    driver.chmod(driver.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    gpus = [each for each in devices() if each.kind == "cuda"]
    if answer == "exit":
        assert gpus == []
        return
    (gpu,) = gpus
    assert (gpu.name, gpu.memory) == ("NVIDIA H200", 143771 << 20)
    assert gpu.usable == ("+cpu" not in metadata.version("torch"))
    assert gpu.usable or "CUDA build" in gpu.remark


def test_odd_answers_of_the_driver_are_left_out():
    assert parse_gpus("") == []
    assert parse_gpus("No devices were found") == []


def test_a_container_has_the_memory_that_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = memory()
    (tmp_path / "max").write_text("max\n")
    (tmp_path / "limit").write_text(f"{1 << 28}\n")
    monkeypatch.setattr(machine, "CONTAINER_LIMITS", (tmp_path / "max", tmp_path / "absent"))
    assert memory() >= whole
    monkeypatch.setattr(machine, "CONTAINER_LIMITS", (tmp_path / "max", tmp_path / "limit"))
    assert memory() == 1 << 28
