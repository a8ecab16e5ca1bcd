from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import LeadRankError
from core.queue import file
from core.queue.build import build_queue
from core.queue.store import Queue
from core.queue.view import View
from core.scores import Scores
from tests.queues import Both, N, leads


def test_an_export_over_its_limit_reads_nothing(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    queue, _ = both
    monkeypatch.setattr(file.QueueFile, "rows", lambda *_: pytest.fail("rows were read"))
    with pytest.raises(LeadRankError, match=r"at most 9 leads, however: this view shows 400"):
        queue.export(View(statuses=()), 9)


def test_two_files_never_share_an_answer(path: Path, tmp_path: Path) -> None:
    made = leads()
    build_queue(tmp_path / "other", Scores.ranked(made.lead_id, np.arange(N), np.full(N, 0.5)), made)
    one, two = Queue(path), Queue(tmp_path / "other")
    view = View(probability=(0.5, 0.5))
    assert (one.count(view), two.count(view), one.count(view)) == (0, N, 0)
    assert one.page(View(), 1, 1)["lead_id"].item() != two.page(View(), 1, 1)["lead_id"].item()


def test_files_that_are_no_queue(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no parquet")
    pd.DataFrame({"rank": [1], "lead_id": ["a"]}).to_parquet(tmp_path / "other")
    for name, words in (("missing", "cannot be read"), ("text", "cannot be read"), ("other", "no queue file")):
        with pytest.raises(LeadRankError, match=words):
            Queue(tmp_path / name)
