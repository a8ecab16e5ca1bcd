"""The queue file of `tests.queues`, as it was made and as people left it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.queue.build import build_queue
from core.queue.store import Queue
from core.scores import Scores
from tests.queues import Both, N, leads


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In a folder whose name holds pattern signs and a quote."""
    folder = tmp_path_factory.mktemp("queue") / "it's [a]*?"
    folder.mkdir()
    rng = np.random.default_rng(6)
    whole = leads()
    shown = pd.DataFrame({"lead_id": whole.lead_id, "name": [f"Zoë MÜLLER_{i}%" for i in range(N)]})
    scores = Scores.ranked(whole.lead_id, rng.normal(size=N).round(2), rng.random(N))
    build_queue(folder / "q.parquet", scores, whole, shown=shown)
    return folder / "q.parquet"


@pytest.fixture(scope="module")
def status() -> pd.DataFrame:
    """Every third lead of the first 240 has a status; every fifth has gone to somebody else; one is no lead of ours."""
    ids = [f"L{i:04d}" for i in range(240)]
    frame = pd.DataFrame({"lead_id": ids, "status": "open", "assigned_to": "", "note": "", "by": "me"})
    frame.loc[::3, "status"] = np.resize(["called", "won", "lost", "not_now"], 80)
    frame.loc[::3, "note"] = "spoke"
    frame.loc[::5, "assigned_to"] = np.resize(["Ann", "Cy"], 48)
    return pd.concat([frame, pd.DataFrame({"lead_id": ["other"], "status": ["won"], "assigned_to": ["Ann"]})])


@pytest.fixture(scope="module", params=[False, True], ids=["untouched", "worked on"])
def both(path: Path, status: pd.DataFrame, request: pytest.FixtureRequest) -> Iterator[Both]:
    """A queue, and all of its rows with the statuses and owners of now."""
    frame = pd.read_parquet(path).assign(status="open")
    if request.param:
        known = status.set_index("lead_id")
        at = frame["lead_id"].isin(known.index)
        frame.loc[at, "status"] = known["status"].loc[frame["lead_id"][at]].to_numpy()
        given = known["assigned_to"].reindex(frame["lead_id"]).fillna("").to_numpy()
        frame["owner"] = np.where(given != "", given, frame["owner"])
    queue = Queue(path, status if request.param else None)
    yield queue, frame
    queue.close()
