"""Lead files scored in shards: the same whatever the partitioning, one row per lead whatever dies, only what is new."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core import scoring
from core.bulk.on_ray import on_ray
from core.bulk.whole import score_file
from core.bulk.work_folders import held
from core.bulk.worker import Done, Order, ShardScorer
from core.errors import BackboneError, ConfigError, LeadRankError, ValidationError
from core.neural import plans
from core.neural.scorer import NeuralScorer
from core.progress import Event
from core.scores import Scores, read_scores, write_scores
from tests.lead_files import Counted, in_one_go, table, trained
from tests.made import make_leads

pytestmark = pytest.mark.xdist_group("bulk")  # they share one training


@pytest.mark.parametrize("kind", ["run", "fields"])
def test_scores_do_not_depend_on_shards_or_file_format(
    kind: str, request: pytest.FixtureRequest, source: Path, tmp_path: Path
) -> None:
    model = request.getfixturevalue(kind)
    whole = in_one_go(model, source)
    for shard_leads, out in [(0, "a.csv"), (33, "b.parquet"), (1, "few.parquet")]:
        given = source
        if out.startswith("few"):
            given = tmp_path / "few.csv"
            table().tail(5).to_csv(given, index=False)
        done = score_file(model, given, tmp_path / out, shard_leads=shard_leads, device="cpu")
        frame = pd.read_csv(tmp_path / out) if out.endswith("csv") else pd.read_parquet(tmp_path / out)
        expected = whole[whole["lead_id"].isin(frame["lead_id"])].reset_index(drop=True)
        expected["rank"] = np.arange(1, len(frame) + 1)
        pd.testing.assert_frame_equal(frame, expected, check_dtype=False, check_exact=True)
        assert done.leads == done.scored == len(frame) == (5 if out.startswith("few") else 200)
        assert done.top["lead_id"].tolist() == expected["lead_id"].tolist()[:10]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.csv",
        "b.parquet",
        "few.csv",
        "few.parquet",
        "leads.csv",
    ]


def test_a_stopped_command_goes_on_without_scoring_a_shard_again(fields: Path, source: Path, tmp_path: Path) -> None:
    out, stopped, resumed, told = tmp_path / "scores.parquet", Counted(ends=3), Counted(), list[str]()
    with pytest.raises(KeyboardInterrupt):
        score_file(fields, source, out, shard_leads=25, means=stopped, device="cpu")
    assert not out.exists() and (tmp_path / "scores.parquet.work").is_dir()

    def watch(event: Event) -> None:
        told.append(event.phase)

    done = score_file(fields, source, out, shard_leads=25, means=resumed, device="cpu", watch=watch)
    # The one that was under way when the command was stopped may be kept as well.
    assert resumed.shards in (4, 5) and done.leads == 200 and done.scored == 25 * resumed.shards
    assert told[0] == f"{200 - done.scored} of 200 leads scored before; going on"
    pd.testing.assert_frame_equal(pd.read_parquet(out), in_one_go(fields, source), check_dtype=False)
    assert not (tmp_path / "scores.parquet.work").exists()


def test_a_command_that_was_killed_while_it_read_the_file_reads_it_anew(
    fields: Path, source: Path, tmp_path: Path
) -> None:
    out, work = tmp_path / "scores.parquet", tmp_path / "work"
    settings = {"work": work, "shard_leads": 60, "device": "cpu"}
    with pytest.raises(KeyboardInterrupt):
        score_file(fields, source, out, means=Counted(ends=0), **settings)  # type: ignore[arg-type]
    folder = next(path for path in work.iterdir() if path.is_dir())
    (folder / "shards.json").unlink()  # which comes last
    columns = list(folder.glob("column-*.npy"))
    for column in columns:
        column.write_bytes(column.read_bytes()[:100])
    (folder / "leads-00009.parquet").write_bytes(b"of another size of shards")
    # The shard that was scored is known, whatever became of the leads.
    assert columns and score_file(fields, source, out, **settings).scored == 140  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(pd.read_parquet(out), in_one_go(fields, source), check_dtype=False, check_exact=True)


def test_a_file_of_scores_that_a_failing_disk_took_part_of_is_scored_again(
    fields: Path, source: Path, tmp_path: Path
) -> None:
    out, work = tmp_path / "scores.parquet", tmp_path / "work"
    settings = {"work": work, "shard_leads": 50, "device": "cpu"}
    expected = in_one_go(fields, source)

    def damaged() -> None:
        one, other = sorted(work.glob("*/scores-*.parquet"))[1:3]
        one.write_bytes(b"")
        other.write_bytes(other.read_bytes()[:-9])

    score_file(fields, source, out, **settings)  # type: ignore[arg-type]
    damaged()
    assert score_file(fields, source, out, **settings).scored == 100  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected, check_dtype=False, check_exact=True)
    damaged()
    table().iloc[::-1].to_csv(source, index=False)  # another file with the same leads
    assert score_file(fields, source, out, **settings).scored == 100  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected, check_dtype=False, check_exact=True)


def test_who_stops_a_command_while_it_reads_leaves_nothing(fields: Path, source: Path, tmp_path: Path) -> None:
    def stop(event: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_file(fields, source, tmp_path / "x.csv", device="cpu", watch=stop)
    assert list(tmp_path.iterdir()) == [source]


def test_what_another_command_left_or_uses_stays(fields: Path, source: Path, tmp_path: Path) -> None:
    out, work = tmp_path / "scores.parquet", tmp_path / "work"
    few = tmp_path / "few.csv"
    table().head(40).to_csv(few, index=False)
    with pytest.raises(KeyboardInterrupt):
        score_file(fields, few, out, work=work, shard_leads=10, means=Counted(ends=2), device="cpu")
    stopped = next(path for path in work.iterdir() if path.is_dir())
    other = stopped.with_name(f"{'0' * 16}-{stopped.name[17:]}")  # of another model
    shutil.copytree(stopped, other)
    os.utime(other)  # used last: its leads stay, those of the stopped one are read anew
    with held(work, scoring.reading_of(fields, device="cpu")), pytest.raises(LeadRankError, match="one command at a"):
        score_file(fields, source, out, work=work, device="cpu")
    # What the stopped one had scored is known, and it can still go on, with what was said since.
    left = 20 if len(list(stopped.glob("scores-*"))) == 2 else 30
    assert score_file(fields, source, out, work=work, device="cpu").scored == 200 - left
    assert stopped.is_dir() and other.is_dir()
    assert score_file(fields, few, out, work=work, shard_leads=10, device="cpu").scored == 0
    assert sorted(path.name for path in work.iterdir()) == sorted([stopped.name, other.name])


def test_arithmetic_is_decided_once_and_scores_of_another_are_not_used(
    run: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks, orders = set(), list[Order]()

    def means(order, shards, workers, at, watch) -> Iterator[Done]:
        orders.append(order)
        scorer = ShardScorer(order).scorer
        assert isinstance(scorer, NeuralScorer) and scorer.model.reader is not None
        assert scorer.model.reader.engine == order.engine
        raise KeyboardInterrupt

    for computes_in_it in (False, True):
        monkeypatch.setattr(plans, "runs_bf16", lambda device, said=computes_in_it: said)
        marks.add(scoring.reading_of(run, device="cpu").mark)
        with pytest.raises(KeyboardInterrupt):
            score_file(run, source, tmp_path / "x.csv", means=means, device="cpu")
    assert [order.engine and order.engine.precision for order in orders] == ["fp32", "bf16"] and len(marks) == 2


def test_mistakes_are_told_before_the_file_is_read(
    run: Path, fields: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent, out = tmp_path / "no.csv", tmp_path / "x.csv"
    with pytest.raises(BackboneError):
        score_file(run, absent, out, backbone=str(tmp_path / "nothing"), device="cpu")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(LeadRankError, match="device=cuda needs a GPU"):
        score_file(fields, absent, out, device="cuda")
    monkeypatch.setenv("RAY_ADDRESS", "ray://somewhere:10001")
    with pytest.raises(ConfigError, match="needs --device cpu or --device cuda"):
        on_ray("auto")
    assert not list(tmp_path.iterdir())


def test_of_the_next_file_only_changed_leads_are_read(fields: Path, source: Path, tmp_path: Path) -> None:
    out, work, told = tmp_path / "scores.parquet", tmp_path / "work", Counted()
    settings = {"work": work, "shard_leads": 60, "device": "cpu"}
    assert score_file(fields, source, out, **settings).scored == 200  # type: ignore[arg-type]
    again = score_file(fields, source, out, means=told, **settings)  # type: ignore[arg-type]
    assert (again.leads, again.scored, told.shards) == (200, 0, 0)
    frame = pd.concat([table().sample(frac=1, random_state=1), table(230).tail(30)], ignore_index=True)
    frame.loc[[3, 150], "a"] = [9.5, -9.5]
    frame["owner"] = "somebody"  # no model reads it
    frame.to_csv(source, index=False)
    later = score_file(fields, source, out, **settings)  # type: ignore[arg-type]
    assert (later.leads, later.scored) == (230, 32)
    pd.testing.assert_frame_equal(pd.read_parquet(out), in_one_go(fields, source), check_dtype=False, check_exact=True)
    # What is kept takes no more room with each file, and none of it serves another model.
    assert [len(list(plan.glob("scores-*"))) for plan in work.iterdir()] == [4]
    other = trained(tmp_path / "other", make_leads(120, words=False))
    assert score_file(other, source, out, **settings).scored == 230  # type: ignore[arg-type]


def test_only_open_leads_are_scored_where_that_is_asked(fields: Path, source: Path, tmp_path: Path) -> None:
    frame = table()
    frame["converted"] = np.where(np.arange(200) % 4 == 0, "", "1")
    frame.to_csv(source, index=False)
    done = score_file(fields, source, tmp_path / "x.parquet", only_open=True, shard_leads=30, device="cpu")
    assert set(pd.read_parquet(tmp_path / "x.parquet")["lead_id"]) == set(frame["lead_id"][::4]) and done.leads == 50
    frame.assign(converted="1").to_csv(source, index=False)
    with pytest.raises(LeadRankError, match="this file has none"):
        score_file(fields, source, tmp_path / "y.parquet", only_open=True, device="cpu")
    assert not (tmp_path / "y.parquet.work").exists()


def test_ids_that_would_break_a_file_or_a_sheet_come_through(fields: Path, source: Path, tmp_path: Path) -> None:
    frame = table(8)
    frame["lead_id"] = ["=1+1", "it's", 'say "x"', "a,b", "L\u2028x", "客户", "%s[*]?", "' OR 1=1 --"]
    frame["a"] = 1.0  # so that many scores are tied
    frame.to_csv(source, index=False)
    score_file(fields, source, tmp_path / "x.csv", shard_leads=3, device="cpu")
    whole = in_one_go(fields, source)
    write_scores(Scores(whole), tmp_path / "whole.csv")
    assert (tmp_path / "x.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert set(read_scores(tmp_path / "x.csv").frame["lead_id"]) == set(frame["lead_id"])


def test_a_lead_id_that_stands_in_two_shards_is_refused_with_its_rows(
    fields: Path, source: Path, tmp_path: Path
) -> None:
    frame = table(90)
    frame.loc[80, "lead_id"] = "L0002"
    frame.to_csv(source, index=False)
    with pytest.raises(ValidationError, match=r"stands in several rows, such as 'L0002' \(rows 4, 82\)"):
        score_file(fields, source, tmp_path / "x.csv", shard_leads=20, device="cpu")
    assert [path.name for path in tmp_path.iterdir()] == ["leads.csv"]


@pytest.mark.parametrize(
    ("out", "more", "words"),
    [("x.xlsx", {}, "must end in"), ("no/x.csv", {}, "a folder that exists"), ("x.csv", {"workers": 0}, "at least 1")],
)
def test_wrong_arguments_are_told(tmp_path: Path, out: str, more: dict, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        score_file(tmp_path / "run", tmp_path / "leads.csv", tmp_path / out, **more)
