"""Actors of Ray, where it is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from core.bulk.on_ray import on_ray
from core.bulk.whole import score_file
from core.errors import ConfigError
from tests.lead_files import in_one_go

pytestmark = pytest.mark.xdist_group("bulk")  # they share one training


def test_on_ray_the_scores_are_the_same(fields: Path, source: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    done = score_file(
        fields, source, tmp_path / "x.parquet", shard_leads=50, workers=2, means=on_ray("cpu"), device="cpu"
    )
    assert done.scored == 200
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "x.parquet"), in_one_go(fields, source), check_dtype=False, check_exact=True
    )


def test_without_ray_it_is_said_what_to_install(fields: Path, source: Path, tmp_path: Path) -> None:
    if importlib.util.find_spec("ray"):
        pytest.skip("Ray is installed here")
    with pytest.raises(ConfigError, match=r"requirements-cluster\.txt"):
        score_file(fields, source, tmp_path / "x.csv", means=on_ray("cpu"), device="cpu")
