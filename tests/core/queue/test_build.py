"""The queue's file: what it holds, how trends and reasons come about, and that it is whole or not there."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.data.schema import Features
from core.errors import LeadRankError
from core.queue import build
from core.queue.build import build_queue
from core.scores import Scores
from tests.made import make_leads

LEADS = make_leads(40)


def scored(**more: np.ndarray) -> Scores:
    rng = np.random.default_rng(0)
    return Scores.ranked(LEADS.lead_id, rng.normal(size=40), rng.random(40), **more)


def read(path: Path) -> pd.DataFrame:
    return pq.read_table(path).to_pandas()


def test_the_segment_of_each_lead_stands_beside_it_where_segments_were_found(tmp_path: Path) -> None:
    segment = pd.Series(["Would come anyway"] * 39, LEADS.lead_id[:39].astype(object))
    build_queue(tmp_path / "q", scored(), LEADS, segment=segment)
    frame = read(tmp_path / "q").set_index("lead_id")
    assert frame["segment"]["L0039"] == "" and (frame["segment"].drop("L0039") == "Would come anyway").all()
    build_queue(tmp_path / "none", scored(), LEADS)
    assert "segment" not in read(tmp_path / "none")
    build_queue(tmp_path / "empty", scored(), LEADS, segment=segment[:0])
    assert (read(tmp_path / "empty")["segment"] == "").all()


def test_rows_stand_in_rank_order_with_the_values_of_their_lead(tmp_path: Path) -> None:
    shown = pd.DataFrame({"lead_id": LEADS.lead_id[::-1], "phone": [f"+49{i}" for i in range(40)]})
    build_queue(tmp_path / "q", scored(), LEADS, shown=shown)
    frame = read(tmp_path / "q")
    assert frame["rank"].tolist() == list(range(1, 41))
    assert frame["lead_id"].tolist() == scored().frame["lead_id"].tolist()
    roles = LEADS.roles.set_index("lead_id").loc[frame["lead_id"]]
    cities = LEADS.features["city"].set_axis(LEADS.lead_id).loc[frame["lead_id"]]
    assert frame["field:city"].tolist() == cities.tolist()
    assert frame["stage"].tolist() == [LEADS.schema.funnel.stages[i] for i in roles["stage"]]
    assert frame["snapshot_time"].tolist() == roles["snapshot_time"].tolist()
    assert frame["shown:phone"].tolist() == [f"+49{39 - int(name[1:])}" for name in frame["lead_id"]]
    assert frame["previous_rank"].isna().all() and set(frame["trend"]) == {""}


def test_chunks_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = {"part:a": np.linspace(-1, 1, 40), "part:dialogue": np.linspace(1, 0, 40)}
    build_queue(tmp_path / "whole", scored(**more), LEADS)
    monkeypatch.setattr(build, "ROWS", 7)
    build_queue(tmp_path / "chunks", scored(**more), LEADS)
    assert pq.ParquetFile(tmp_path / "chunks").num_row_groups == 6
    pd.testing.assert_frame_equal(read(tmp_path / "whole"), read(tmp_path / "chunks"))


def test_trend_is_the_share_of_the_queue_that_a_lead_crossed(tmp_path: Path) -> None:
    ids = LEADS.lead_id.to_numpy()
    now = Scores.ranked(ids, -np.arange(40.0), np.full(40, 0.5))
    then = np.arange(40.0)
    then[[0, 1, 2, 3]] = [2, 3, 0, 1]  # two places of 39 are 5.1%: over the line
    before = Scores.ranked(ids[:39], -then[:39], np.full(39, 0.25))
    build_queue(tmp_path / "before", before, LEADS)
    build_queue(tmp_path / "now", now, LEADS, previous=tmp_path / "before")
    frame = read(tmp_path / "now").set_index("lead_id")
    assert frame["trend"].iloc[:4].tolist() == ["improving", "improving", "steady", "steady"]
    assert (frame["trend"] == "new").tolist() == [False] * 39 + [True]
    assert frame["previous_rank"].iloc[:4].tolist() == [3, 4, 1, 2] and np.isnan(frame["previous_rank"].iloc[39])
    assert frame["previous_probability"].iloc[0] == 0.25 and np.isnan(frame["previous_probability"].iloc[39])
    build_queue(tmp_path / "back", before, LEADS, previous=tmp_path / "now")
    assert read(tmp_path / "back").set_index("lead_id")["trend"].loc[ids[[0, 1]]].tolist() == ["declining"] * 2


def test_reasons_are_the_five_largest_parts_with_the_values_they_came_from(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    wide = LEADS.features.assign(**{f"n_{i}": rng.normal(size=40) for i in range(6)})
    leads = replace(
        LEADS,
        features=wide,
        schema=replace(LEADS.schema, features=Features(("a", *(f"n_{i}" for i in range(6))), ("city",))),
    )
    names = [*wide.columns, "dialogue"]
    parts = pd.DataFrame(rng.normal(size=(40, len(names))), columns=names).assign(lead_id=LEADS.lead_id)
    parts.loc[0, names] = 0.0
    parts.loc[0, ["city", "dialogue"]] = [-2.0, 1.0]
    parts.loc[1, "n_3"] = np.nan
    build_queue(tmp_path / "q", scored(**{f"part:{name}": parts[name].to_numpy() for name in names}), leads)
    frame = read(tmp_path / "q").set_index("lead_id")["reasons"]
    assert json.loads(frame["L0000"]) == [["city", wide["city"].iloc[0], -2.0], ["dialogue", "", 1.0]]
    for row in range(1, 40):
        told = json.loads(frame[f"L{row:04d}"])
        sizes = pd.Series(parts.loc[row, names].to_numpy(dtype=float), index=names)
        top = sizes.abs().dropna().nlargest(5).index
        assert [name for name, _, _ in told] == [name.replace("_", " ") for name in top]
        np.testing.assert_allclose([much for _, _, much in told], sizes[top], rtol=1e-3)


def test_hostile_values_stay_within_the_json_of_the_reasons(tmp_path: Path) -> None:
    odd = '"]], [["x", "\n\\' + "long " * 100
    leads = replace(LEADS, features=LEADS.features.assign(city=odd))
    build_queue(tmp_path / "q", scored(**{"part:city": np.ones(40), 'part:we"ird': np.full(40, 0.5)}), leads)
    told = json.loads(read(tmp_path / "q")["reasons"].iloc[0])
    assert [reason[0] for reason in told] == ["city", 'we"ird'] and told[0][2] == 1
    assert told[0][1].startswith('"]], [["x", " \\long') and len(told[0][1]) == 80


def test_without_parts_there_are_no_reasons(tmp_path: Path) -> None:
    build_queue(tmp_path / "q", scored(), LEADS)
    assert set(read(tmp_path / "q")["reasons"]) == {""}


def test_leads_that_are_missing_are_named_and_nothing_is_left_behind(tmp_path: Path) -> None:
    with pytest.raises(LeadRankError, match=r"scored leads the leads of this dataset do not hold.*'L00"):
        build_queue(tmp_path / "q", scored(), LEADS.take(np.arange(30)))
    (tmp_path / "broken").write_bytes(b"PAR1 not")
    with pytest.raises(LeadRankError, match="cannot be read"):
        build_queue(tmp_path / "q", scored(), LEADS, previous=tmp_path / "broken")
    with pytest.raises(LeadRankError, match="at least one"):
        build_queue(tmp_path / "q", Scores(scored().frame.iloc[:0]), LEADS)
    assert [path.name for path in tmp_path.iterdir()] == ["broken"]


def test_a_failure_half_way_keeps_the_file_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_queue(tmp_path / "q", scored(), LEADS)
    kept = (tmp_path / "q").read_bytes()
    monkeypatch.setattr(build, "ROWS", 10)
    bad = scored()
    bad.frame["pairwise_score"] = bad.frame["score"].astype(object)
    bad.frame.loc[25, "pairwise_score"] = "no number"
    with pytest.raises(ValueError, match="no number"):
        build_queue(tmp_path / "q", bad, LEADS)
    assert (tmp_path / "q").read_bytes() == kept and len(list(tmp_path.iterdir())) == 1


def test_people_are_kept_whole_where_features_are_rounded(tmp_path: Path) -> None:
    shown = pd.DataFrame({"lead_id": LEADS.lead_id, "phone": 4915112345678.0, "offer": 12345.67})
    shown["note"] = pd.array([None] * 40, dtype=object)
    build_queue(tmp_path / "q", scored(), LEADS, shown=shown)
    row = read(tmp_path / "q").iloc[0]
    assert (row["shown:phone"], row["shown:offer"], row["shown:note"]) == ("4915112345678", "12345.67", "")
