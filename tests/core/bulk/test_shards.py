"""Leads at hand in shards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core import scoring
from core.bulk.shards import shards_of
from tests.made import make_leads

pytestmark = pytest.mark.xdist_group("bulk")  # they share one training


def test_leads_come_out_of_shards_as_they_went_in(run: Path, tmp_path: Path) -> None:
    leads, reading = make_leads(90), scoring.reading_of(run, device="cpu")
    leads.roles.loc[1, "snapshot_time"] = pd.NaT
    leads.roles.loc[1, "call_seconds"] = np.nan
    leads.features.loc[2, "a"] = np.nan
    rows = np.arange(90)[::-1]
    made = shards_of(leads, rows, reading, tmp_path, key="May", shard_leads=40)
    assert made.sizes == (40, 40, 10) and made.waiting() == [0, 1, 2]
    for shard in range(3):
        part, found = leads.take(rows[40 * shard : 40 * shard + 40]), made.leads(shard)
        pd.testing.assert_frame_equal(found.roles, part.roles, check_exact=True)
        pd.testing.assert_frame_equal(found.features, part.features, check_exact=True)
    again = shards_of(leads, rows[:5], reading, tmp_path, key="May", shard_leads=40)
    assert again.folder == made.folder, "the key alone tells whether leads are the same"
    assert shards_of(leads, rows, reading, tmp_path, key="June", shard_leads=40).others() == [made.folder]
