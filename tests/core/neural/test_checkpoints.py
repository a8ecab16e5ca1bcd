"""The run folder: comes back the same, refuses what is incomplete or altered, runs nothing."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import RunError
from core.neural.checkpoints import amend_run, load_run, save_run
from core.neural.scorer import NeuralScorer
from core.neural.trainer import Trained
from core.scoring import load_scorer, reasons_mark
from tests.made import make_leads

NEW = make_leads(30, seed=5)


@pytest.fixture
def folder(probed: Trained, tmp_path: Path) -> Path:
    save_run(tmp_path / "run", probed.run, probed.scorer.score(NEW).frame, "# Model card\n")
    return tmp_path / "run"


def test_a_loaded_run_scores_as_the_trained_one(probed: Trained, folder: Path) -> None:
    loaded = load_scorer(folder)
    assert isinstance(loaded, NeuralScorer)
    ours, theirs = loaded.score(NEW).frame, probed.scorer.score(NEW).frame
    assert ours["lead_id"].tolist() == theirs["lead_id"].tolist()
    np.testing.assert_allclose(ours["score"], theirs["score"], atol=1e-5)
    np.testing.assert_allclose(ours["probability"], theirs["probability"], atol=1e-6)


def test_everything_else_comes_back(probed: Trained, folder: Path) -> None:
    run = load_run(folder)
    for name in ("config", "schema", "encoder", "identity", "ranking", "history", "card"):
        assert getattr(run, name) == getattr(probed.run, name), name


def test_what_taught_the_head_comes_back_or_is_absent(probed: Trained, folder: Path, tmp_path: Path) -> None:
    told = load_run(folder).teaching
    assert told and set(told) == set(probed.run.teaching)
    assert all(torch.equal(told[name], part) for name, part in probed.run.teaching.items())
    save_run(tmp_path / "old", replace(probed.run, teaching={}), probed.scorer.score(NEW).frame, "# Model card\n")
    assert not (tmp_path / "old/teaching.safetensors").exists() and load_run(tmp_path / "old").teaching == {}


def test_what_is_told_of_a_run_may_be_written_later_and_is_sealed(folder: Path) -> None:
    amend_run(folder, {"README.md": "# Model card\n\nmore\n", "faithfulness.json": "{}\n"})
    load_run(folder)
    assert (folder / "README.md").read_text() == "# Model card\n\nmore\n"
    assert not list(folder.glob("*.part"))
    (folder / "faithfulness.json").write_text("{ }\n")
    with pytest.raises(RunError, match=r"faithfulness\.json was altered"):
        amend_run(folder, {"README.md": "x"})
    with pytest.raises(RunError, match=r"faithfulness\.json was altered"):
        load_run(folder)


def test_the_mark_of_reasons_tells_models_and_methods_apart_and_not_what_is_written_of_them(
    probed: Trained, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = reasons_mark(probed.scorer, folder)
    amend_run(folder, {"README.md": "# Another card\n", "faithfulness.json": "{}\n"})
    assert reasons_mark(probed.scorer, folder) == mark
    monkeypatch.setattr("core.neural.one_pass.first_method", lambda model: "another")
    assert reasons_mark(probed.scorer, folder) != mark
    monkeypatch.undo()
    heads = {name: tensor + 1 for name, tensor in probed.run.heads.items()}
    save_run(tmp_path / "other", replace(probed.run, heads=heads), probed.scorer.score(NEW).frame, "# Model card\n")
    assert reasons_mark(probed.scorer, tmp_path / "other") != mark


def test_what_a_run_computes_with_is_not_written_anew(folder: Path) -> None:
    with pytest.raises(RunError, match=r"only README.md, faithfulness.json, teaching.* got=\['ranking.json'\]"):
        amend_run(folder, {"ranking.json": "{}"})
    load_run(folder)


@pytest.mark.parametrize("reached", range(4))
def test_a_run_loads_wherever_its_card_was_interrupted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, reached: int
) -> None:
    done: list[Path] = []

    def killed(source: Path, target: Path) -> None:
        if len(done) == reached:
            raise KeyboardInterrupt
        done.append(target)
        source.rename(target)

    monkeypatch.setattr("core.neural.checkpoints.os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        amend_run(folder, {"README.md": "new\n", "faithfulness.json": "{}\n"})
    assert len(done) == reached
    load_run(folder)


def _drop(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def _edit(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes() + b" ")


def _point_outside(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["../secret"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _unlist(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["ranking.json"]
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    "harm, words",
    [
        (_drop("heads.safetensors"), "heads.safetensors is missing"),
        (_edit("heads.safetensors"), "heads.safetensors was altered"),
        (_edit("ranking.json"), "ranking.json was altered"),
        (_edit("teaching.safetensors"), "teaching.safetensors was altered"),
        (_drop("manifest.json"), "not a finished run"),
        (_edit("tokenizer.json"), "tokenizer.json was altered"),
        (_point_outside, "outside the folder"),
        (_unlist, "ranking.json is not listed"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "format 1"),
    ],
)
def test_a_harmed_folder_is_refused_and_says_why(folder: Path, harm: Callable[[Path], object], words: str) -> None:
    harm(folder)
    with pytest.raises(RunError, match=words):
        load_run(folder)


def test_no_file_of_a_run_is_a_pickle(folder: Path) -> None:
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} <= {".json", ".safetensors", ".parquet", ".md"}


def test_no_run_at_all(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="run folder"):
        load_scorer(tmp_path / "nothing")
