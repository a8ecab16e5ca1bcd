"""Runs: one at most is in use, and every switch is written down."""

import json
import threading

import pytest
from filelock import FileLock

from core.errors import LeadRankError, RunError
from core.workspace import runs as kept
from core.workspace.audit import audit_trail


def test_a_folder_becomes_a_run(ws, dataset, make_run):
    run = make_run("asLLR", dataset.id)
    found = kept.run(ws, run.id)
    assert (found.name, found.dataset_id, found.made_by, found.in_use) == ("asLLR", dataset.id, "ana", False)
    assert found.card["metrics"] == {"auc": 0.7}
    assert kept.run_folder(ws, run.id) == ws.folder / "runs" / run.id and kept.run_folder(ws, run.id).is_dir()


def test_an_empty_folder_is_not_yet_a_run(ws):
    id, folder = kept.new_run_folder(ws)
    assert folder.is_dir() and kept.runs(ws) == []
    with pytest.raises(RunError, match=r"card.json.*missing or damaged"):
        kept.add_run(ws, id, name="x", dataset_id=None, by="ana")
    (folder / "card.json").write_text("[1]")
    with pytest.raises(RunError, match="must be a table"):
        kept.add_run(ws, id, name="x", dataset_id=None, by="ana")
    assert kept.runs(ws) == []


def test_a_run_is_added_once_and_of_a_dataset_that_is_there(ws, make_run):
    run = make_run()
    with pytest.raises(LeadRankError, match="in the list already"):
        kept.add_run(ws, run.id, name="x", dataset_id=None, by="ana")
    with pytest.raises(LeadRankError, match="no such dataset"):
        make_run(dataset_id="0" * 32)


def test_one_is_in_use_and_the_switch_is_noted(ws, make_run):
    assert kept.run_in_use(ws) is None
    first, second = make_run("first"), make_run("second")
    assert kept.use_run(ws, first.id, "bo").in_use
    assert kept.use_run(ws, second.id, "cy").in_use
    assert (found := kept.run_in_use(ws)) and found.id == second.id
    assert [(run.name, run.in_use) for run in kept.runs(ws)] == [("second", True), ("first", False)]
    events = audit_trail(ws, what="model put in use")
    assert [(e.who, e.details["before"], e.details["after"]) for e in events] == [
        ("cy", first.id, second.id),
        ("bo", None, first.id),
    ]
    kept.use_run(ws, second.id, "cy")  # nothing changes, nothing is noted
    assert len(audit_trail(ws, what="model put in use")) == 2


def test_switches_at_once_leave_one_in_use(ws, make_run):
    made = [make_run(str(n)) for n in range(4)]
    threads = [threading.Thread(target=kept.use_run, args=(ws, run.id, "bo")) for run in made * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(run.in_use for run in kept.runs(ws)) == 1
    noted = [(e.details["before"], e.details["after"]) for e in reversed(audit_trail(ws, what="model put in use"))]
    assert [before for before, _ in noted] == [None, *(after for _, after in noted[:-1])]  # an unbroken chain


def test_the_database_itself_refuses_a_second_in_use(ws, make_run):
    from sqlalchemy.exc import IntegrityError

    for run in (make_run(), make_run()):
        row_id = run.id
    kept.use_run(ws, row_id, "bo")
    with pytest.raises(IntegrityError), ws.session() as session:
        for row in session.query(type(run)):
            row.slot = "run"


def test_archived_runs_are_not_put_in_use_nor_the_one_in_use_archived(ws, make_run):
    first, second = make_run("first"), make_run("second")
    kept.use_run(ws, first.id, "bo")
    with pytest.raises(LeadRankError, match="in use; put another one in use"):
        kept.archive_run(ws, first.id, "bo")
    kept.archive_run(ws, second.id, "bo")
    assert [run.name for run in kept.runs(ws)] == ["first"] and len(kept.runs(ws, archived=True)) == 2
    with pytest.raises(LeadRankError, match="bring it back before"):
        kept.use_run(ws, second.id, "bo")
    kept.archive_run(ws, second.id, "bo", archived=False)
    assert kept.use_run(ws, second.id, "bo").in_use


def test_with_an_archived_run_go_its_kept_scores_unless_it_scores_now(ws, make_run):
    run = make_run()
    folder = kept.scores_folder(ws, run.id)
    kept.archive_run(ws, run.id, "bo")  # it never scored
    (folder / "a").mkdir(parents=True)
    with FileLock(folder / "a.lock"):
        kept.archive_run(ws, run.id, "bo")
        assert (folder / "a").is_dir()
    kept.archive_run(ws, run.id, "bo", archived=False)
    assert (folder / "a").is_dir()
    kept.archive_run(ws, run.id, "bo")
    assert not folder.exists()


def test_a_new_name(ws, make_run):
    run = make_run("old")
    kept.rename_run(ws, run.id, "new", "bo")
    assert kept.run(ws, run.id).name == "new"
    assert audit_trail(ws)[0].details == {"before": "old", "after": "new"}
    with pytest.raises(LeadRankError, match="name of a model"):
        kept.rename_run(ws, run.id, "", "bo")


def test_a_card_with_a_figure_that_is_none(ws):
    id, folder = kept.new_run_folder(ws)
    (folder / "card.json").write_text(json.dumps({"auc": float("nan")}))
    kept.add_run(ws, id, name="x", dataset_id=None, by="ana")
    assert kept.run(ws, id).card == {"auc": None}


@pytest.mark.parametrize("id", ["0" * 32, "../../etc", "", "A" * 32])
def test_ids_that_are_none(ws, id):
    for call in (
        kept.run,
        lambda ws, id: kept.use_run(ws, id, "bo"),
        lambda ws, id: kept.rename_run(ws, id, "x", "bo"),
    ):
        with pytest.raises(LeadRankError, match="there is no such model"):
            call(ws, id)
    if id != "0" * 32:
        with pytest.raises(LeadRankError, match="there is no such model"):
            kept.run_folder(ws, id)
