"""Statuses, owners of now and the cut, against the same questions answered by pandas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import LeadRankError
from core.queue.build import build_queue
from core.queue.store import Queue
from core.queue.view import View
from core.scores import Scores
from tests.made import make_leads
from tests.queues import Both, N


@pytest.mark.parametrize("capacity", [1, 10, 60, 10**12])
@pytest.mark.parametrize("per_owner", [False, True])
def test_the_cut_is_that_of_the_open_leads_and_moves_down_when_some_are_done(
    both: Both, capacity: int, per_owner: bool
) -> None:
    queue, frame = both
    open_leads = frame[frame["status"] == "open"]
    if per_owner:
        owned = open_leads[open_leads["owner"] != ""]
        right = owned[owned.groupby("owner").cumcount() < capacity]
    else:
        right = open_leads.iloc[:capacity]
    rows = queue.page(View(statuses=()), 1, N, capacity=capacity, per_owner=per_owner)
    assert rows["rank"][rows["call_today"]].tolist() == right["rank"].tolist()
    only = View(to_call=True, filters={"field:city": ("x",)}, sort="probability")
    chosen = right[right["field:city"] == "x"].sort_values(["probability", "rank"])
    assert queue.export(only, capacity=capacity, per_owner=per_owner)["rank"].tolist() == chosen["rank"].tolist()
    assert queue.count(only, capacity=capacity, per_owner=per_owner) == len(chosen)
    view = View(statuses=(), filters={"field:city": ("y", "z")})
    shown = frame[frame["field:city"] != "x"]
    summary = queue.summary(view, capacity, per_owner)
    still, call = shown[shown["status"] == "open"], right[right["field:city"] != "x"]
    assert (summary.leads, summary.open_leads, summary.to_call) == (len(shown), len(still), len(call))
    assert summary.expected_orders == pytest.approx(call["probability"].sum())
    assert summary.random_rate == pytest.approx(still["probability"].mean())
    assert summary.lift == pytest.approx(call["probability"].mean() / still["probability"].mean())


def test_no_owner_means_no_list_for_each(tmp_path: Path) -> None:
    made = make_leads(20)
    build_queue(tmp_path / "q", Scores.ranked(made.lead_id, np.arange(20), np.full(20, 0.1)), made)
    with pytest.raises(LeadRankError, match="no lead of this queue has an owner"):
        Queue(tmp_path / "q").summary(View(), 5, per_owner=True)
    given = pd.DataFrame({"lead_id": ["L0003"], "status": ["open"], "assigned_to": ["Ann"]})
    assert Queue(tmp_path / "q", given).summary(View(), 5, per_owner=True).to_call == 1


def test_other_statuses_are_another_queue_over_the_same_file(path: Path, status: pd.DataFrame) -> None:
    plain = Queue(path)
    worked = plain.with_status(status)
    assert plain.count(View()) == N and worked.count(View()) == N - 80
    view = View(filters={"owner": ("Cy",)})
    assert plain.count(view) == 0 and worked.count(view) > 0 and worked.with_status(None).count(view) == 0
    assert plain.summary(View(), N).to_call == N and worked.summary(View(), N).to_call == N - 80


def test_statuses_that_cannot_be(path: Path) -> None:
    row = pd.DataFrame({"lead_id": ["L0001"], "status": ["sold"], "assigned_to": [""]})
    with pytest.raises(LeadRankError, match=r"one of open.*got 'sold'"):
        Queue(path, row)
    twice = pd.concat([row, row]).assign(status="won")
    with pytest.raises(LeadRankError, match="'L0001' has more"):
        Queue(path, twice)
