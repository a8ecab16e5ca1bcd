"""The machine's devices: a processor always, a GPU only as the driver tells it."""

import os
import stat
from importlib import metadata

import pytest

from core.devices import devices, parse_gpus


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
