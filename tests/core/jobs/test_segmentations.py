"""Segments found by a job: kept beside earlier ones, and nothing half-made after a stop."""

import numpy as np
import pytest

from core.data.segment_rules import Rules, rules_from_dict
from core.decisions.segments import training
from core.decisions.segments.world import RULES
from core.errors import LeadRankError
from core.jobs import records
from core.jobs.task import Stopped
from core.workspace.segmentations import ASSIGNED, segmentation_folder, segmentations
from core.workspace.store import Workspace
from tests.core.jobs.kept import keep
from tests.customers import small_world

QUICK = {"how": {"loss": "hill", "epochs": 3}, "hiding": {"shares": [0.4], "methods": ["hill"], "seeds": 1}}


def asked(dataset_id: str, rules: Rules = RULES) -> dict:
    return {"dataset_id": dataset_id, "rules": rules.to_dict(), **QUICK}


@pytest.mark.slow
def test_segments_are_kept_beside_earlier_ones(ws: Workspace) -> None:
    data = keep(ws, small_world().leads)
    assert segmentations(ws, data.id) == []
    first = records.run_here(ws, "segments", asked(data.id), by="ann", label="Find")
    assert first.state == "done", first.message
    second = records.run_here(ws, "segments", asked(data.id), by="bob", label="Find")
    found = segmentations(ws, data.id)
    assert [one.id for one in found] == [second.id, first.id] and found[0].card["by"] == "bob"
    assert rules_from_dict(found[0].card["rules"]) == RULES
    assigned = found[0].assigned()
    assert assigned["lead_id"].tolist() == small_world().leads.lead_id.tolist()
    assert second.result == {"corrected": int(assigned["corrected"].sum())}
    (found[1].folder / "segmenter.json").write_text('{"format": 1, "card": {}}', "utf-8")
    assert [one.id for one in segmentations(ws, data.id)] == [second.id]  # an older version's are found again
    (found[1].folder / "segmenter.json").write_text("{", "utf-8")
    with pytest.raises(LeadRankError, match="damaged"):
        segmentations(ws, data.id)
    (found[0].folder / ASSIGNED).write_bytes(b"no parquet")
    with pytest.raises(LeadRankError, match="damaged"):
        found[0].assigned()


def test_a_stop_leaves_nothing_half_made(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    data = keep(ws, small_world().leads)

    def stopped(*_, **__):
        raise Stopped("cancelled")

    monkeypatch.setattr(training, "recover", stopped)
    job = records.run_here(ws, "segments", asked(data.id), by="ann", label="Find")
    assert job.state == "cancelled" and segmentations(ws, data.id) == []
    assert not segmentation_folder(ws, data.id, job.id).exists()


def test_what_cannot_be_learned_is_said_by_the_job(ws: Workspace) -> None:
    data = keep(ws, small_world().leads.take(np.arange(0, 5000, 25)))
    job = records.run_here(ws, "segments", asked(data.id), by="ann", label="Find")
    assert job.state == "failed" and "at least 10" in job.message
