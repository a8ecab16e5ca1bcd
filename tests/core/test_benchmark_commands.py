"""`benchmark` as somebody types it: one run from leads to report, going on, and what is refused."""

import json
import shutil
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from core import benchmark_commands
from core.__main__ import build_parser, main
from core.benchmark import recipes, running
from core.benchmark.holding import held
from core.benchmark.store import read_results
from core.metrics import auc

ARMS = ("newest", "logistic", "lightgbm", "deepfm", "asllr-base", "hpro")
SETTINGS = ("backbone=tiny", "depth=2", "max_tokens=160", "mask=false", "engine.precision=fp32")
FAST = ("--seeds", "2", "--trials", "1", *(part for setting in SETTINGS for part in ("--set", setting)))


@pytest.fixture(autouse=True, scope="module")
def few_trees() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipes, "TREE_TRIALS", 2)
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated leads, once as they are and once with a column that nobody knew in time."""
    home = tmp_path_factory.mktemp("benchmark")
    assert main(["sample", "--leads", "400", "--seed", "3", "--base-rate", "0.25", "--out", str(home / "s")]) == 0
    frame = pd.read_csv(home / "s/leads.csv")
    schema = (home / "s/schema.toml").read_text("utf-8")
    assert schema.count("numeric = [") == 1
    leaking = schema.replace("numeric = [", 'numeric = ["paid", ')
    (home / "leaking.toml").write_text(leaking, "utf-8")
    # The last stage is the order: its code with a little noise.
    code = frame["stage"].map({name: place for place, name in enumerate(sorted(frame["stage"].dropna().unique()))})
    frame.assign(paid=10 * code.fillna(0) + frame.index % 7).to_csv(home / "leaking.csv", index=False)
    return home


def asked(home: Path, out: Path, arms: tuple[str, ...], *more: str) -> list[str]:
    files = ["--leads", str(home / "s/leads.csv"), "--schema", str(home / "s/schema.toml"), "--out", str(out)]
    return ["benchmark", *files, "--arms", *arms, *FAST, *more]


def answer(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> dict:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    capsys.readouterr()
    assert main(arguments) == 2
    return capsys.readouterr().err


def kept(out: Path) -> dict[str, int]:
    """When each arm and seed was written."""
    return {str(path.relative_to(out)): path.stat().st_mtime_ns for path in (out / "arms").rglob("*.parquet")}


@pytest.fixture(scope="module")
def done(home: Path) -> Path:
    assert main(asked(home, home / "done", ARMS)) == 0
    return home / "done"


def test_a_run_writes_its_table_and_both_reports(done: Path) -> None:
    table = pd.read_parquet(done / "results.parquet")
    assert list(table["arm"].unique()) == list(ARMS)
    assert len(table) == len(ARMS) * table["measure"].nunique()
    areas = {row["arm"]: row for row in table[table["measure"] == "auc"].to_dict("records")}
    assert [areas[arm]["seeds"] for arm in ARMS] == [1, 1, 2, 2, 2, 2]
    results = read_results(done)
    for arm in ARMS:
        expected = np.mean([auc(results.test["converted"], one.score) for one in results.of(arm)])
        assert areas[arm]["value"] == pytest.approx(expected)
        assert areas[arm]["low"] < expected < areas[arm]["high"]
    markdown, html = ((done / f"report.{ending}").read_text("utf-8") for ending in ("md", "html"))
    for title in ("Newest first", "Logistic regression", "LightGBM", "DeepFM", "asLLR base", "asLLR + HPRO"):
        assert title in markdown and title in html
    assert html.lower().startswith("<!doctype html>") and "<script" not in html and 'src="http' not in html


def test_run_again_it_does_nothing_twice_and_answers_the_same(
    done: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, table = kept(done), pd.read_parquet(done / "results.parquet")
    work = {path: path.stat().st_mtime_ns for path in (done / "work").rglob("*") if path.is_file()}
    assert len(before) == 10 and work
    said = answer(capsys, asked(home, done, ARMS))
    assert kept(done) == before
    assert {path: path.stat().st_mtime_ns for path in (done / "work").rglob("*") if path.is_file()} == work
    pd.testing.assert_frame_equal(pd.read_parquet(done / "results.parquet"), table)
    assert {"verdict", "results", "left_out", "waiting", "out"} <= said.keys()
    assert said["waiting"] == [] and said["left_out"] == {} and len(said["results"]) == len(table)
    # A fifth of 400 leads holds few orders: nothing is advised.
    assert said["verdict"]["use"] is None and said["verdict"]["headline"] == "Too few orders to tell"
    assert said["verdict"]["simplest"] in ARMS and said["verdict"]["answer"]


def test_reports_are_replaced_whole_or_not_at_all(done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = shutil.copytree(done, tmp_path / "out", ignore=shutil.ignore_patterns("work"))
    names = ("results.parquet", "report.md", "report.html")
    before = {name: (out / name).read_bytes() for name in names}

    def stopped(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(benchmark_commands, "html_report", stopped)
    with pytest.raises(KeyboardInterrupt):
        benchmark_commands.write_report(read_results(out), out, 20)
    assert {name: (out / name).read_bytes() for name in names} == before
    monkeypatch.undo()
    benchmark_commands.write_report(read_results(out), out, 20)
    assert (out / "report.md").read_bytes() != before["report.md"] and not list(out.glob("*.part"))


def test_another_question_may_not_go_on_in_the_same_folder(
    done: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = kept(done)
    assert "begun with another trials;" in refused(capsys, asked(home, done, ARMS, "--trials", "2"))
    assert "begun with another settings;" in refused(capsys, asked(home, done, ARMS, "--set", "depth=1"))
    assert kept(done) == before


def test_a_budget_counts_from_the_first_training_and_each_call_does_one(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = asked(home, tmp_path / "out", ("newest", "logistic"))
    said = answer(capsys, [*arguments, "--budget", "0.000001"])
    assert said["waiting"] == ["logistic"] and {row["arm"] for row in said["results"]} == {"newest"}
    said = answer(capsys, [*arguments, "--budget", "0.000001"])
    assert said["waiting"] == [] and (tmp_path / "out/report.html").exists()


def test_a_budget_stops_between_two_arms_and_the_next_call_goes_on(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, ticks = tmp_path / "out", count(step=50.0)
    arguments = asked(home, out, ("newest", "logistic", "deepfm"))
    clock = SimpleNamespace(monotonic=lambda: next(ticks), perf_counter=time.perf_counter)
    monkeypatch.setattr(running, "time", clock)
    said = answer(capsys, [*arguments, "--budget", "2"])
    monkeypatch.undo()
    begun = kept(out)
    assert 0 < len(begun) < 4 and "deepfm" in said["waiting"]
    assert "not finished" in (out / "report.md").read_text("utf-8")
    said = answer(capsys, arguments)
    assert said["waiting"] == [] and len(kept(out)) == 4
    assert begun.items() <= kept(out).items()


def test_what_is_asked_wrongly_is_told_before_the_leads_are_read(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [
        "--leads",
        str(home / "nowhere.csv"),
        "--schema",
        str(home / "s/schema.toml"),
        "--out",
        str(tmp_path / "o"),
    ]
    assert "did you mean rule?" in refused(capsys, ["benchmark", *files, "--arms", "rul"])
    assert "did you mean" not in refused(capsys, ["benchmark", *files, "--arms", "nonsense"])
    assert "--known-stage takes" in refused(capsys, ["benchmark", *files, "--known-stage", "stage"])
    assert "nowhere.csv" in refused(capsys, ["benchmark", *files])
    told = refused(capsys, ["benchmark", *files[:2], "--schema", str(home / "no.toml"), *files[4:]])
    assert "No such file" in told and "Errno" not in told


def test_what_the_check_of_the_file_warns_of_stands_in_the_report(done: Path) -> None:
    notes = read_results(done).shared["data_notes"]
    report = (done / "report.md").read_text("utf-8")
    assert any("there is no dialogue" in note for note in notes) and "## About the data" in report


def test_a_second_one_in_the_same_folder_is_refused(home: Path, done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with held(done):
        assert "another comparison runs in 'done' (since" in refused(capsys, asked(home, done, ARMS))


def test_a_column_that_tells_the_future_is_refused_until_it_is_vouched_for(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["--leads", str(home / "leaking.csv"), "--schema", str(home / "leaking.toml")]
    arguments = ["benchmark", *files, "--out", str(tmp_path / "out"), "--arms", "newest", *FAST]
    told = refused(capsys, arguments)
    assert "column 'paid' seems to be known only after the outcome" in told and "--allow paid" in told
    assert not (tmp_path / "out").exists()
    assert "column 'paid'" in refused(capsys, [*arguments, "--allow", "channel"])
    unknown = refused(capsys, [*arguments, "--allow", "payd"])
    assert "--allow takes features, of paid, " in unknown and "got=['payd']" in unknown
    assert answer(capsys, [*arguments, "--allow", "paid"])["waiting"] == []


def test_what_nobody_knows_when_a_lead_is_scored_is_no_known_stage(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for option, column in (("--known-stage", "stage"), ("--known-stage", "converted"), ("--recency", "call_seconds")):
        told = refused(capsys, asked(home, tmp_path / "out", ("rule",), option, column))
        assert f"{option} takes a feature that is known at scoring time" in told and f"got='{column}'" in told
    assert not (tmp_path / "out").exists()


def test_arms_of_which_none_can_run_say_why(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = refused(capsys, asked(home, tmp_path / "out", ("funnel-recency", "two-stage")))
    assert "none of what was asked for can run" in told and "Funnel + recency: nothing says how far" in told


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--arms", "deepfm", "deepfn"), "got=['deepfn']; did you mean deepfm?"),
        (("--seeds", "0"), "seeds and trials must be 1 or more"),
        (("--capacity", "1.5"), "capacity is a share of the leads"),
        (("--capacity", "nan"), "capacity is a share of the leads"),
        (("--budget", "0"), "--budget is a number of minutes above 0"),
        (("--budget", "nan"), "--budget is a number of minutes above 0"),
        (("--set", "depht=2"), "depht"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: tuple[str, ...], told: str
) -> None:
    assert told in refused(capsys, asked(home, tmp_path / "out", ("newest",), *wrong))
    assert not (tmp_path / "out").exists()


def test_the_help_lists_every_arm_and_the_defaults_are_those_of_the_paper(capsys: pytest.CaptureFixture[str]) -> None:
    options = build_parser().parse_args(["benchmark", "--leads", "l", "--schema", "s", "--out", "o"])
    assert (options.arms, options.seeds, options.budget, options.allow) == (["default"], 3, None, [])
    with pytest.raises(SystemExit):
        main(["benchmark", "--help"])
    said = capsys.readouterr().out
    assert all(f"  {key} " in said for key in (*ARMS, "xdeepfm", "aitm+text", "pair-rcr", "lora-hpro"))
