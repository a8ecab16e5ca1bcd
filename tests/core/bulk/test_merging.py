"""The scores of several shards as one ranking: as one sort of all of them would give it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.bulk import merging
from core.bulk.merging import write_ranked
from core.data import dealing
from core.errors import LeadRankError
from core.scores import Scores, write_scores


def shards(folder: Path, frames: list[pd.DataFrame]) -> Any:
    """What merging asks of `Shards`: a folder, the files in it and how many leads each has to hold."""
    files = [folder / f"scores-{number:05d}.parquet" for number in range(len(frames))]
    for file, frame in zip(files, frames, strict=True):
        frame.to_parquet(file, index=False)
    return SimpleNamespace(folder=folder, files=lambda: files, sizes=tuple(map(len, frames)))


def scored(n: int) -> pd.DataFrame:
    """Many ties, ids that sort by more than ASCII, and parts whose names differ in case alone."""
    rng = np.random.default_rng(n)
    ids = pd.Series([f"{'zÉe客'[number % 4]}{number}" for number in rng.permutation(n)])
    columns = {"content": rng.integers(0, 2**60, n), "score": rng.normal(size=n).round(1), "probability": rng.random(n)}
    return pd.DataFrame({"lead_id": ids, **columns, "part:a": rng.normal(size=n), "part:A": np.arange(float(n))})


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_ties_stand_by_lead_id_over_all_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setattr(merging, "ROWS", 40)
    monkeypatch.setattr(dealing, "BUCKET_ROWS", 80)
    frame, work = scored(300), tmp_path / "work"
    work.mkdir()
    top = write_ranked(shards(work, [frame[:120], frame[120:121], frame[121:]]), tmp_path / f"out.{ending}")
    told = frame.drop(columns=["content", "lead_id", "score", "probability"])
    by_hand = frame.sort_values(["score", "lead_id"], ascending=[False, True])["lead_id"].tolist()
    score, chance = (frame[name].to_numpy() for name in ("score", "probability"))
    whole = Scores.ranked(frame["lead_id"], score, chance, **{str(name): told[name].to_numpy() for name in told})
    assert whole.frame["lead_id"].tolist() == by_hand
    write_scores(whole, tmp_path / f"whole.{ending}")
    if ending == "csv":
        assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    else:
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out.parquet"), whole.frame, check_exact=True)
    assert top["lead_id"].tolist() == by_hand[:10]
    assert len(list(tmp_path.iterdir())) == 3 and len(list(work.iterdir())) == 3


@pytest.mark.parametrize(("at", "score"), [("repeated", "90 scores of 89"), ("missing", "89 scores of 89")])
def test_each_lead_has_one_score_or_nothing_is_written(tmp_path: Path, at: str, score: str) -> None:
    frame = scored(90)
    one = shards(tmp_path, [frame[:40], frame[40:]])
    wrong = frame[40:].copy() if at == "repeated" else frame[41:]
    if at == "repeated":
        wrong.iloc[0, 0] = frame["lead_id"].iloc[0]
    wrong.to_parquet(one.files()[1], index=False)
    with pytest.raises(LeadRankError, match=f"90 leads must have one score each, however: {score} leads"):
        write_ranked(one, tmp_path / "out.csv")
    assert len(list(tmp_path.iterdir())) == 2
