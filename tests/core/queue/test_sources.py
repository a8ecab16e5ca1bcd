"""A queue made of files is the one made in memory, to the last byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.ordered import StoredLeads
from core.data.stored import write_leads
from core.errors import LeadRankError
from core.queue import build
from core.queue.build import build_queue
from core.queue.sources import RankedFile
from core.scores import Scores, write_scores
from tests.made import make_leads

LEADS = make_leads(90)


def scored(n: int) -> Scores:
    rng = np.random.default_rng(n)
    parts = {"part:a": rng.normal(size=n), "part:city": rng.normal(size=n), "pairwise_score": rng.normal(size=n)}
    return Scores.ranked(LEADS.lead_id[90 - n :], rng.normal(size=n).round(1), rng.random(n), **parts)


def test_files_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "ROWS", 16)
    write_leads(LEADS, tmp_path / "leads.parquet")
    stored = StoredLeads(tmp_path / "leads.parquet", LEADS.schema)
    write_scores(scored(70), tmp_path / "scores.parquet")
    build_queue(tmp_path / "before", scored(50), LEADS)
    more = {
        "shown": pd.DataFrame({"lead_id": LEADS.lead_id[::-1], "phone": range(90)}),
        "previous": tmp_path / "before",
        "segment": pd.Series(["one", "two"] * 40, LEADS.lead_id[:80].astype(object)),
    }
    build_queue(tmp_path / "memory", scored(70), LEADS, **more)  # type: ignore[arg-type]
    build_queue(tmp_path / "files", RankedFile(tmp_path / "scores.parquet"), stored, **more)  # type: ignore[arg-type]
    assert (tmp_path / "files").read_bytes() == (tmp_path / "memory").read_bytes()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"leads.parquet", "scores.parquet", "before", "memory", "files"}


def test_a_place_among_the_leads_of_an_owner_is_counted_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "ROWS", 16)
    build_queue(tmp_path / "q", scored(70), LEADS)
    frame = pd.read_parquet(tmp_path / "q")
    assert frame["owner_rank"].tolist() == (frame.groupby("owner").cumcount() + 1).tolist()


def test_what_is_no_ranking_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    with pytest.raises(LeadRankError, match=r"'scores\.parquet' must hold ranked scores.*missing or damaged"):
        build_queue(tmp_path / "q", RankedFile(path), LEADS)
    frame = scored(70).frame
    for wrong, told in [
        (frame.drop(columns="rank"), r"lacks the columns \['rank'\]"),
        (frame.iloc[::-1], "not in the order of their rank"),
        (frame.assign(lead_id=["L0025", *frame["lead_id"][1:]]), "each lead may have one score.*'L0025' has 2"),
    ]:
        wrong.to_parquet(path, index=False)
        with pytest.raises(LeadRankError, match=told):
            build_queue(tmp_path / "q", RankedFile(path), LEADS)
    assert [file.name for file in tmp_path.iterdir()] == ["scores.parquet"]
