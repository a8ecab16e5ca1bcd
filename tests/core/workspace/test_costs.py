"""Costs of campaigns: kept beside their dataset, the last table counts."""

import pandas as pd
import pytest

from core.decisions.economics.campaigns import read_costs
from core.errors import LeadRankError
from core.workspace.audit import audit_trail
from core.workspace.costs import costs_of, drop_costs, keep_costs

COSTS = read_costs(pd.DataFrame({"channel": ["web", "tv"], "period": ["2026-03-01", "spring"], "cost": [12.5, 80]}))


def test_costs_come_back_as_they_were_read_and_the_last_ones_count(ws, dataset):
    assert costs_of(ws, dataset.id) is None
    keep_costs(ws, dataset.id, COSTS, "ana")
    first = costs_of(ws, dataset.id)
    assert first is not None
    pd.testing.assert_frame_equal(first.frame, COSTS)
    keep_costs(ws, dataset.id, COSTS.assign(cost=1.0), "bo")
    second = costs_of(ws, dataset.id)
    assert second is not None and second.frame["cost"].tolist() == [1, 1] and second.sha256 != first.sha256
    keep_costs(ws, dataset.id, COSTS, "ana")
    again = costs_of(ws, dataset.id)
    assert again is not None and again.sha256 == first.sha256, "equal content goes by one name"
    newest = audit_trail(ws)[0]
    assert (newest.who, newest.what, newest.details) == ("ana", "campaign costs kept", {"rows": 2, "cost": 92.5})
    assert [path.name for path in (ws.folder / "datasets").glob("*.part")] == []


def test_deleted_costs_are_gone_and_deleting_none_does_nothing(ws, dataset):
    keep_costs(ws, dataset.id, COSTS, "ana")
    drop_costs(ws, dataset.id, "bo")
    assert costs_of(ws, dataset.id) is None and audit_trail(ws)[0].what == "campaign costs deleted"
    before = len(audit_trail(ws))
    drop_costs(ws, dataset.id, "bo")
    assert len(audit_trail(ws)) == before


@pytest.mark.parametrize("id", ["0" * 32, "../datasets"])
def test_a_dataset_that_is_not_there_keeps_nothing(ws, id):
    for act in (
        lambda: keep_costs(ws, id, COSTS, "x"),
        lambda: costs_of(ws, id),
        lambda: drop_costs(ws, id, "x"),
    ):
        with pytest.raises(LeadRankError, match="no such dataset"):
            act()


def test_a_damaged_file_is_told_in_words(ws, dataset):
    (ws.folder / "datasets" / f"{dataset.id}.costs.parquet").write_bytes(b"no table")
    with pytest.raises(LeadRankError, match="their file is damaged; give them again"):
        costs_of(ws, dataset.id)


def test_what_the_disk_does_not_take_leaves_the_costs_before(ws, dataset, monkeypatch):
    keep_costs(ws, dataset.id, COSTS, "ana")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.workspace.costs.os.replace", full)
    with pytest.raises(LeadRankError, match="could not be kept: the system says 'No space left on device'"):
        keep_costs(ws, dataset.id, COSTS.assign(cost=1.0), "ana")
    kept = costs_of(ws, dataset.id)
    assert kept is not None and kept.frame["cost"].tolist() == [12.5, 80]
    assert [path.name for path in (ws.folder / "datasets").glob("*.part")] == []
