"""Scorings: kept for good, one in use a dataset, and a lead's way through them."""

import pandas as pd
import pytest

from core.errors import LeadRankError
from core.workspace import scorings as kept
from core.workspace.audit import audit_trail
from core.workspace.runs import rename_run


def in_use(ws, dataset_id):
    found = kept.scoring_in_use(ws, dataset_id)
    return found and found.id


@pytest.fixture
def run(make_run):
    return make_run()


@pytest.fixture
def add(ws, dataset, run):

    def make(ranked=("L0001", "L0002"), part="open", dataset_id=dataset.id, use=True, **columns):
        id, path = kept.new_scoring_path(ws)
        n = len(ranked)
        frame = pd.DataFrame(
            {
                "rank": range(1, n + 1),
                "lead_id": list(ranked),
                "score": [1.0 - 0.1 * place for place in range(n)],
                "probability": [0.5 - 0.1 * place for place in range(n)],
                **columns,
            }
        )
        frame.to_parquet(path)
        return kept.add_scoring(
            ws, id, run_id=run.id, dataset_id=dataset_id, part=part, reason="manual", by="ana", leads=n, use=use
        )

    return make


def test_the_newest_is_in_use_until_an_earlier_one_is_put_back(ws, dataset, add):
    assert kept.scoring_in_use(ws, dataset.id) is None
    first, second = add(), add(part="all")
    assert in_use(ws, dataset.id) == second.id and not kept.scoring(ws, first.id).in_use
    assert kept.use_scoring(ws, first.id, "bo").in_use
    assert in_use(ws, dataset.id) == first.id and not kept.scoring(ws, second.id).in_use
    events = audit_trail(ws, what="ranking put in use")
    assert [(e.who, e.details["before"], e.details["after"]) for e in events] == [
        ("bo", second.id, first.id),
        ("ana", first.id, second.id),
        ("ana", None, first.id),
    ]
    kept.use_scoring(ws, first.id, "bo")
    assert len(audit_trail(ws, what="ranking put in use")) == 3


def test_one_that_is_not_to_be_used(ws, dataset, add):
    first, second = add(), add(use=False)
    assert in_use(ws, dataset.id) == first.id and not second.in_use


def test_test_leads_are_never_the_queue(ws, dataset, add):
    queue, tested = add(), add(part="test")
    assert in_use(ws, dataset.id) == queue.id and not tested.in_use
    with pytest.raises(LeadRankError, match="test leads"):
        kept.use_scoring(ws, tested.id, "bo")


def test_each_dataset_has_its_own(ws, dataset, add, leads):
    from core.data.problems import Report
    from core.workspace.datasets import add_dataset

    other = add_dataset(ws, name="x", source_name="", leads=leads, report=Report(40, (), ()), by="ana")
    first, second = add(), add(dataset_id=other.id)
    assert in_use(ws, dataset.id) == first.id and in_use(ws, other.id) == second.id


def test_lists_are_newest_first_and_narrowed(ws, dataset, run, add):
    made = [add(), add(part="test"), add()]
    assert [s.id for s in kept.scorings(ws)] == [s.id for s in reversed(made)]
    assert [s.id for s in kept.scorings(ws, dataset.id, run.id, part="test")] == [made[1].id]
    assert kept.scorings(ws, run_id="0" * 32) == []


def test_a_scoring_needs_its_file_and_is_added_once(ws, dataset, run, add):
    given = {"run_id": run.id, "dataset_id": dataset.id, "part": "open", "reason": "first", "by": "a", "leads": 2}
    id, _ = kept.new_scoring_path(ws)
    with pytest.raises(LeadRankError, match="not written to its end"):
        kept.add_scoring(ws, id, **given)
    with pytest.raises(LeadRankError, match="already"):
        kept.add_scoring(ws, add().id, **given)
    before = len(kept.scorings(ws))
    for wrong in ({"part": "half"}, {"reason": "whim"}, {"run_id": "0" * 32}, {"dataset_id": "0" * 32}):
        id, path = kept.new_scoring_path(ws)
        path.touch()
        with pytest.raises(LeadRankError):
            kept.add_scoring(ws, id, **(given | wrong))
    assert len(kept.scorings(ws)) == before


def test_a_lead_s_history(ws, dataset, run, add):
    add(("L0001", "L0002", "L0003"))
    add(("L0002", "L0001"), part="all", extra=["x", "y"])
    add(("L0002",))
    rename_run(ws, run.id, "model A", "bo")
    history = kept.score_history(ws, dataset.id, "L0001")
    assert list(history.columns) == ["made", "run", "score", "probability", "rank", "of", "part"]
    assert history["rank"].tolist() == [1, 2] and history["of"].tolist() == [3, 2]
    assert history["score"].tolist() == [1.0, 0.9] and history["run"].tolist() == ["model A"] * 2
    assert history["made"].is_monotonic_increasing and history["made"].dtype == "datetime64[us]"
    assert history["part"].tolist() == ["open", "all"]


@pytest.mark.parametrize("lead_id", ["nobody", "' OR 1=1 --", ""])
def test_no_history(ws, dataset, add, lead_id):
    assert len(kept.score_history(ws, dataset.id, lead_id)) == 0
    add()
    empty = kept.score_history(ws, dataset.id, lead_id)
    assert len(empty) == 0 and list(empty.columns)[:6] == ["made", "run", "score", "probability", "rank", "of"]


def test_a_history_goes_on_without_a_file_that_is_gone(ws, dataset, add):
    first, second = add(), add()
    kept.scoring_path(ws, first.id).unlink()
    assert len(kept.score_history(ws, dataset.id, "L0001")) == 1
    kept.scoring_path(ws, second.id).write_bytes(b"PAR1 nonsense")
    with pytest.raises(LeadRankError, match="file is damaged"):
        kept.score_history(ws, dataset.id, "L0001")


def test_a_history_is_not_longer_than_can_be_searched(ws, dataset, add, monkeypatch):
    monkeypatch.setattr(kept, "HISTORY", 2)
    for ranked in (("L0001",), ("L0002", "L0001"), ("L0002", "L0003", "L0001")):
        add(ranked)
    assert kept.score_history(ws, dataset.id, "L0001")["rank"].tolist() == [2, 3]


@pytest.mark.parametrize("id", ["../x", "", "0" * 31])
def test_ids_that_are_none(ws, id):
    for call in (kept.scoring, kept.scoring_path, lambda ws, id: kept.use_scoring(ws, id, "bo")):
        with pytest.raises(LeadRankError, match="no such ranking"):
            call(ws, id)
