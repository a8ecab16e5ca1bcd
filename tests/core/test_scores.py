"""Ranked scores, their files, and what a spreadsheet could do to them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import LeadRankError, ReadError
from core.scores import Scores, read_scores, write_scores

IDS = np.array(["b", "=HYPERLINK(1)", "a", "-7", "007"], dtype=object)


def made() -> Scores:
    return Scores.ranked(IDS, np.array([1.0, 3.0, 1.0, 2.0, 0.5]), np.array([0.2, 0.9, 0.3, 0.5, 0.1]))


def test_ties_are_broken_by_lead_id_and_ranks_begin_at_one() -> None:
    assert made().frame["lead_id"].tolist() == ["=HYPERLINK(1)", "-7", "a", "b", "007"]
    assert made().frame["rank"].tolist() == [1, 2, 3, 4, 5]


def test_scores_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(LeadRankError, match="finite"):
        Scores.ranked(np.array(["a"]), np.array([np.nan]), np.array([0.1]))


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet"])
def test_files_give_back_the_same_scores(tmp_path: Path, name: str) -> None:
    write_scores(made(), tmp_path / name)
    pd.testing.assert_frame_equal(read_scores(tmp_path / name).frame, made().frame)


def test_no_cell_of_the_csv_begins_a_formula(tmp_path: Path) -> None:
    write_scores(made(), tmp_path / "scores.csv")
    lines = (tmp_path / "scores.csv").read_text().splitlines()[1:]
    assert [line[0] for line in lines[:2]] == ["'", "'"]


@pytest.mark.parametrize(
    "text, words",
    [
        ("id,score\na,1\n", "lead_id"),
        ("lead_id,score\na,1\na,2\n", "rows \\[3\\] repeat"),
        ("lead_id,score\na,1\nb,high\n", "rows \\[3\\] do not"),
    ],
)
def test_wrong_score_files_name_the_place(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(text)
    with pytest.raises(ReadError, match=words):
        read_scores(path)


def test_leads_without_a_score_are_named() -> None:
    with pytest.raises(LeadRankError, match="'c'"):
        made().aligned(pd.Series(["a", "c"]))
