"""A benchmark's folder: what ends is kept, and nothing else may go on in it."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.benchmark import store
from core.benchmark.arms import Arm
from core.benchmark.results import Results, Trial
from core.benchmark.store import (
    LONGEST,
    add_to_shared,
    claim,
    finished,
    leave_out,
    left_out,
    read_results,
    read_trial,
    same_request,
    write_json,
    write_test,
    write_trial,
)
from core.errors import RunError
from tests.benchmarked import HOSTILE, made_results

REQUEST = {"leads": "abc", "trials": 5, "allowed": ("a", "b"), "settings": {"depth": 2, "layers": (1, 2)}}


def keep(out: Path, results: Results) -> None:
    """All that a run would have written."""
    arms = [asdict(arm) for arm in results.arms.values()]
    seeds_of = {key: [one.seed for one in results.of(key)] or [0] for key in results.arms}
    more = {"arms": arms, "stages": results.stages, "capacity": results.capacity, "seeds_of": seeds_of}
    write_json(out / "shared.json", {**results.shared, **more})
    write_test(out, results.test)
    for trial in results.trials:
        write_trial(out, trial)
    for arm, reason in results.left_out.items():
        leave_out(out, arm, reason)


def files(out: Path) -> list[str]:
    return sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    results = made_results(leads=200)
    keep(tmp_path, results)
    found = read_results(tmp_path)
    pd.testing.assert_frame_equal(found.test, results.test)
    assert (found.arms, found.stages, found.capacity) == (results.arms, results.stages, results.capacity)
    assert (found.left_out, found.waiting) == (results.left_out, ())
    assert found.shared.items() >= results.shared.items()
    assert len(found.trials) == len(results.trials)
    for key in results.arms:
        for one, other in zip(found.of(key), results.of(key), strict=True):
            assert np.array_equal(one.score, other.score) and one.score.dtype == np.float64
            assert vars(one) | {"score": None} == vars(other) | {"score": None}


def test_an_arm_waits_until_each_of_its_seeds_has_run(tmp_path: Path) -> None:
    results = made_results(leads=50)
    without = [one for one in results.trials if (one.arm, one.seed) not in {("deepfm", 1), ("newest", 0)}]
    keep(tmp_path, results)
    for arm, seed in (("deepfm", 1), ("newest", 0)):
        (tmp_path / "arms" / arm / f"{seed}.parquet").unlink()
    found = read_results(tmp_path)
    assert found.waiting == ("newest", "deepfm") and len(found.trials) == len(without)
    leave_out(tmp_path, "deepfm", "not on these leads")
    assert read_results(tmp_path).waiting == ("newest",)
    assert left_out(tmp_path, "deepfm") == "not on these leads" and left_out(tmp_path, "asllr") is None


def test_a_trial_that_has_not_run_is_none(tmp_path: Path) -> None:
    assert read_trial(tmp_path, "newest", 0) is None


def test_notes_come_back_as_plain_values(tmp_path: Path) -> None:
    notes = {"epochs": np.int64(3), "hidden": (64, 32), "rate": np.float32(0.5), "nothing": float("nan")}
    write_trial(tmp_path, Trial("a", 2, np.array([1.5, -2.0]), 0.25, 1.0, 0.5, False, notes))
    found = read_trial(tmp_path, "a", 2)
    assert found is not None and found.notes == {"epochs": 3, "hidden": [64, 32], "rate": 0.5, "nothing": None}
    assert (found.score.tolist(), found.validation, found.reads, found.seed) == ([1.5, -2.0], 0.25, False, 2)


def test_a_new_folder_is_claimed_and_the_same_request_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    claim(out, REQUEST)
    claim(out, REQUEST)
    (tmp_path / "empty").mkdir()
    claim(tmp_path / "empty", REQUEST)
    assert files(out) == files(tmp_path / "empty") == ["request.json"]


def test_another_request_is_refused_and_told_what_differs(tmp_path: Path) -> None:
    out = tmp_path / "out"
    claim(out, REQUEST)
    before = (out / "request.json").read_bytes()
    with pytest.raises(RunError, match="'out' holds a benchmark that was begun with another leads, settings; "):
        claim(out, {**REQUEST, "leads": "abd", "settings": {"depth": 3, "layers": (1, 2)}})
    with pytest.raises(RunError, match="another allowed;"):
        claim(out, {**REQUEST, "allowed": ()})
    with pytest.raises(RunError, match="another recency, trials;"):
        claim(out, {**{name: REQUEST[name] for name in ("leads", "allowed", "settings")}, "recency": "days"})
    assert (out / "request.json").read_bytes() == before


def test_the_language_model_is_kept_once_it_is_known_and_no_other_may_read_on(tmp_path: Path) -> None:
    claim(tmp_path, REQUEST)
    claim(tmp_path, {**REQUEST, "backbone": {"sha256": "abc", "layers": 2}})
    claim(tmp_path, REQUEST)
    with pytest.raises(RunError, match="another backbone;"):
        claim(tmp_path, {**REQUEST, "backbone": {"sha256": "abd", "layers": 2}})


def test_what_an_older_version_kept_is_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "request.json", REQUEST)
    with pytest.raises(RunError, match="begun with another format;"):
        claim(tmp_path, REQUEST)


def test_a_folder_whose_process_was_killed_as_it_was_made_ready_is_claimed(tmp_path: Path) -> None:
    (tmp_path / "request.part").write_text('{"leads": "ab')
    same_request(tmp_path, REQUEST)
    assert files(tmp_path) == ["request.part"], "asking changes nothing"
    claim(tmp_path, REQUEST)
    assert files(tmp_path) == ["request.json"]


def test_a_torn_trial_has_not_run(tmp_path: Path) -> None:
    results = made_results(leads=50)
    keep(tmp_path, results)
    path = tmp_path / "arms" / "deepfm" / "1.parquet"
    whole = path.read_bytes()
    for content in (b"", whole[: len(whole) // 2], whole[:-3], b"no table at all"):
        path.write_bytes(content)
        assert read_trial(tmp_path, "deepfm", 1) is None
    found = read_results(tmp_path)
    assert found.waiting == ("deepfm",) and [one.seed for one in found.of("deepfm")] == [0, 2]


def test_what_is_unfinished_is_told_in_words(tmp_path: Path) -> None:
    results = made_results(leads=50, left_out={"hpro": "no pairs", "lora": "no accelerator"})
    trials = tuple(one for one in results.trials if one.seed == 0 or one.arm in ("deepfm", "hpro"))
    shared = {"held_up": {"asllr": "no weights", "deepfm": "has run since"}}
    found = replace(results, trials=trials, waiting=("deepfm+text", "asllr"), shared=shared)
    assert found.held_up == {"asllr": "no weights"}
    assert found.unfinished == {
        "deepfm+text": "trained once; not finished yet",
        "asllr": "trained once; then held up: no weights",
        "hpro": "trained 3 times; then could not run: no pairs",
        "lora": "could not run: no accelerator",
    }


def test_what_changes_the_results_changes_what_is_finished(tmp_path: Path) -> None:
    assert finished(tmp_path) == (0, 0, 0)
    results = made_results(leads=50)
    keep(tmp_path, results)
    assert finished(tmp_path) == (len(results.trials), 1, 0)
    add_to_shared(tmp_path, {"held_up": {"asllr": "no weights"}})
    leave_out(tmp_path, "hpro", "no pairs")
    assert finished(tmp_path) == (len(results.trials), 2, 1)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match="is not empty and holds no benchmark; give a new folder as --out"):
        claim(tmp_path, REQUEST)
    assert files(tmp_path) == ["thesis.txt"]


def test_files_are_replaced_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = made_results(leads=50)
    keep(tmp_path, results)
    leave_out(tmp_path, "lora", "first reason")
    before, names = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}, files(tmp_path)
    assert not any(name.endswith(".part") for name in names)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store.os, "replace", stopped)
    changed = replace(results.of("deepfm")[0], score=np.zeros(50))
    for write in (
        lambda: write_trial(tmp_path, changed),
        lambda: leave_out(tmp_path, "lora", "second reason"),
        lambda: add_to_shared(tmp_path, {"read_seconds_per_1000": 1.0}),
        lambda: write_test(tmp_path, results.test.head(3)),
    ):
        with pytest.raises(KeyboardInterrupt):
            write()
    monkeypatch.undo()
    assert {name: (tmp_path / name).read_bytes() for name in names} == before
    # What was half written is in nobody's way.
    assert len(read_results(tmp_path).trials) == len(results.trials)
    write_trial(tmp_path, changed)
    found = read_trial(tmp_path, "deepfm", changed.seed)
    assert found is not None and not found.score.any()


def test_what_is_shared_can_be_added_to(tmp_path: Path) -> None:
    write_json(tmp_path / "shared.json", {"leads": 3, "read_seconds_per_1000": None})
    add_to_shared(tmp_path, {"read_seconds_per_1000": 2.5})
    assert json.loads((tmp_path / "shared.json").read_text("utf-8")) == {"leads": 3, "read_seconds_per_1000": 2.5}


@pytest.mark.parametrize(
    "name",
    [HOSTILE, "../../../outside", "/etc/x", "..", "Probefahrt ✓ / Anruf\n", "a\\b:c*?", "%2F", "试驾" * 200],
)
def test_any_name_of_a_tier_stays_inside_and_any_text_survives(tmp_path: Path, name: str) -> None:
    out, key = tmp_path / "out", f"hpro-only-{name}"
    arms = {key: Arm(key, HOSTILE, "ablation", HOSTILE, "asllr"), "asllr": Arm("asllr", name, "asllr", name)}
    trials = [Trial(arm, 0, np.arange(50.0), 0.3, 1.0, 1.0, True, {name: HOSTILE}) for arm in arms]
    keep(out, made_results({}, leads=50, arms=arms, trials=tuple(trials), left_out={"asllr": HOSTILE, key: name}))
    found = read_results(out)
    assert found.arms == arms and found.left_out == {"asllr": HOSTILE, key: name}
    assert [one.notes for one in found.trials] == [{name: HOSTILE}] * 2
    assert os.listdir(tmp_path) == ["out"] and len(os.listdir(out / "arms")) == 2
    assert all(len(os.listdir(folder)) == 2 for folder in (out / "arms").iterdir())


def test_long_names_that_begin_alike_have_folders_of_their_own(tmp_path: Path) -> None:
    keys = [f"hpro-only-{'a' * 300}{end}" for end in "xyz"]
    for key in keys:
        leave_out(tmp_path, key, key[-1])
    assert [left_out(tmp_path, key) for key in keys] == ["x", "y", "z"]
    assert all(len(name) <= LONGEST for name in os.listdir(tmp_path / "arms"))


@pytest.mark.parametrize("content", [None, "", "{"])
def test_a_folder_without_a_benchmark_is_told(tmp_path: Path, content: str | None) -> None:
    out = tmp_path / "nothing"
    if content is not None:
        out.mkdir()
        (out / "shared.json").write_text(content)
    with pytest.raises(RunError, match="'nothing' holds no benchmark; `benchmark --out` makes one"):
        read_results(out)
