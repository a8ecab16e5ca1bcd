"""From frame to frame, as Spark hands them over."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from core import scoring
from core.bulk.frames import score_frames
from core.data.validation import validate

pytestmark = pytest.mark.xdist_group("bulk")  # they share one training


def test_frame_by_frame_as_spark_hands_them_over(run: Path, source: Path) -> None:
    cells = pd.read_csv(source, dtype=str, keep_default_na=False).head(30)
    told = pd.concat(score_frames([cells[:18], cells[:0], cells[18:]], run, device="cpu"), ignore_index=True)
    scorer = scoring.load_scorer(run, device="cpu")
    whole = scoring.score(validate(cells, scorer.schema)[0], scorer).aligned(cells["lead_id"])
    pd.testing.assert_frame_equal(told, whole.drop(columns="rank"), check_dtype=False, check_exact=True)
