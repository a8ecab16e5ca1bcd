"""Field trials in the workspace: frozen before they start, stopped once, and who was shown what."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import text

from core.decisions.field_trial.assignment import Design, assign
from core.decisions.field_trial.protocol import Protocol, protocol_from_dict
from core.decisions.field_trial.specialists import read_specialists
from core.errors import LeadRankError
from core.workspace import trials as trials_module
from core.workspace.audit import audit_trail
from core.workspace.runs import add_run, new_run_folder
from core.workspace.scorings import add_scoring, new_scoring_path
from core.workspace.tables import Trial
from core.workspace.trials import (
    ArmQueue,
    freeze_trial,
    note_shown,
    protocol_of,
    running,
    seat,
    shown_leads,
    stop_trial,
    trial,
    trials,
)

NOW = datetime(2026, 3, 1, 12)


def made_protocol(names=("Ann", "Bo", "Cy", "Di"), start="2026-03-02", **more):
    people = read_specialists(pd.DataFrame({"specialist": list(names), "leads": 100, "orders": 2}))
    drawn = assign(people, Design("stratified"))
    return Protocol(
        **{
            "name": "Spring",
            "made": "2026-03-01T12:00:00",
            "made_by": "ana",
            "start": start,
            "days": 30,
            "maturity_days": 30.0,
            "leads_per_specialist": 100.0,
            "arms": {"treatment": "new", "control": "old"},
            "specialists": drawn.frame,
            **more,
        }
    )


@pytest.fixture
def queues(ws):
    made = {}
    for arm in ("treatment", "control"):
        id, folder = new_run_folder(ws)
        (folder / "card.json").write_text("{}", "utf-8")
        made[arm] = ArmQueue(add_run(ws, id, name=arm, dataset_id=None, by="x").id)
    return made


def freeze(ws, dataset, queues, protocol=None, **more):
    return freeze_trial(ws, protocol or made_protocol(), dataset.id, queues, by="ana", **{"at": NOW, **more})


def test_a_frozen_trial_is_what_was_decided(ws, dataset, queues):
    protocol = made_protocol()
    row = freeze(ws, dataset, queues, protocol, people=[("Ann@x.de ", "Ann")])
    assert [each.id for each in trials(ws)] == [row.id]
    kept = trial(ws, row.id)
    assert protocol_of(ws, kept).sha256 == protocol.sha256
    assert protocol_of(ws, kept).arm_of() == protocol.arm_of()
    assert (kept.begins, kept.over) == (datetime(2026, 3, 2), datetime(2026, 4, 1))
    assert ArmQueue(**kept.queues["control"]) == queues["control"] and kept.people == {"ann@x.de": "Ann"}
    assert audit_trail(ws)[0].what == "trial frozen" and audit_trail(ws)[0].details["sha256"] == kept.sha256


def test_a_protocol_changed_behind_our_back_is_not_read(ws, dataset, queues):
    row = freeze(ws, dataset, queues)
    with ws.session() as session:
        changed = session.scalar(text("SELECT protocol FROM trial")).replace('"days": 30', '"days": 60')
        session.execute(text("UPDATE trial SET protocol = :it"), {"it": changed})
    with pytest.raises(LeadRankError, match="changed after it was frozen"):
        protocol_of(ws, trial(ws, row.id))


@pytest.mark.parametrize("start", ["2026-03-01", "2025-12-24"])
def test_a_trial_is_frozen_before_it_starts(ws, dataset, queues, start):
    with pytest.raises(LeadRankError, match="choose 02 March 2026 or later"):
        freeze(ws, dataset, queues, made_protocol(start=start))
    assert trials(ws) == []


def test_what_cannot_be_a_trial(ws, dataset, queues):
    same = {"treatment": queues["treatment"], "control": queues["treatment"]}
    with pytest.raises(LeadRankError, match="both arms have the same"):
        freeze(ws, dataset, same)
    with pytest.raises(LeadRankError, match="'Zoe' does not"):
        freeze(ws, dataset, queues, people=[("z@x.de", "Zoe")])
    with pytest.raises(LeadRankError, match="no such model"):
        freeze(ws, dataset, queues | {"control": ArmQueue("0" * 32)})
    # The same model for both is a trial where one arm calls by a column instead of its ranks.
    by_date = replace(queues["treatment"], sort="snapshot_time", descending=True)
    assert freeze(ws, dataset, {"treatment": queues["treatment"], "control": by_date})


def test_nobody_takes_part_in_two_trials_at_once(ws, dataset, queues):
    first = freeze(ws, dataset, queues)
    later = made_protocol(("Bo", "Cy", "Eve", "Fay"), start="2026-03-20")
    with pytest.raises(LeadRankError, match=r"Bo, Cy takes part in 'Spring', .* final on 01 May 2026"):
        freeze(ws, dataset, queues, later)
    freeze(ws, dataset, queues, made_protocol(("Bo", "Cy", "Eve", "Fay"), start="2026-05-01"))
    stop_trial(ws, first.id, "customers complain", "ana")
    assert freeze(ws, dataset, queues, made_protocol(start="2026-03-03", days=20))


def test_a_trial_is_stopped_once_and_with_a_reason(ws, dataset, queues):
    row = freeze(ws, dataset, queues)
    with pytest.raises(LeadRankError, match="say why"):
        stop_trial(ws, row.id, " \n", "ana")
    assert stop_trial(ws, row.id, "no\nsense", "ana").stopped_why == "no sense"
    with pytest.raises(LeadRankError, match="stopped already, by ana"):
        stop_trial(ws, row.id, "again", "bo")


def test_who_sits_in_a_running_trial(ws, dataset, queues):
    row = freeze(ws, dataset, queues, people=[("ann@x.de", "Ann")])
    day = timedelta(days=1)
    assert running(ws, NOW) == [] and seat(ws, "ann@x.de", NOW) is None
    found = seat(ws, "ANN@x.de", NOW + day)
    assert found is not None and found == (row.id, "Ann")
    assert seat(ws, "bo@x.de", NOW + day) is None
    # Leads of the last days are still worked on: their people keep to their lists until the last outcome is final.
    assert row.ends == row.over + 30 * day and len(running(ws, row.over)) == 1
    assert running(ws, row.ends) == [] and len(running(ws, row.ends - day)) == 1
    stop_trial(ws, row.id, "why", "ana")
    assert running(ws, NOW + day) == []


def test_leads_that_were_shown(ws, dataset, queues):
    row = freeze(ws, dataset, queues)
    id, path = new_scoring_path(ws)
    path.write_bytes(b"x")
    run_id = queues["treatment"].run_id
    add_scoring(ws, id, run_id=run_id, dataset_id=dataset.id, part="open", reason="manual", by="x", leads=3)
    assert shown_leads(ws, row.id).empty
    for leads in (["L2", "L1"], ["L2", "L1"], ["L1", "L3"]):
        note_shown(ws, row.id, "Ann", "treatment", id, leads, "ann@x.de")
    note_shown(ws, row.id, "Bo", "control", id, ["L1"], "bo@x.de")
    found = shown_leads(ws, row.id)
    assert found[["lead_id", "specialist", "arm", "place"]].values.tolist() == [
        ["L2", "Ann", "treatment", 1],
        ["L1", "Ann", "treatment", 2],
        ["L3", "Ann", "treatment", 2],
        ["L1", "Bo", "control", 1],
    ]
    with pytest.raises(LeadRankError, match="no such trial"):
        note_shown(ws, "f" * 32, "Ann", "treatment", id, ["L9"], "x")


@pytest.mark.parametrize("column", ["queues", "people", "protocol"])
def test_nothing_of_a_frozen_trial_can_change_unseen(ws, dataset, queues, column):
    row = freeze(ws, dataset, queues, people=[("ann@x.de", "Ann"), ("bo@x.de", "Bo")])
    with pytest.raises(TypeError, match="nothing but its stop"), ws.session() as session:
        session.get(Trial, row.id).name = "other"
    value = {
        "queues": json.dumps(dict.fromkeys(row.queues, row.queues["treatment"])),
        "people": json.dumps({"zoe@x.de": "Ann", "bo@x.de": "Bo"}),
        "protocol": json.dumps(made_protocol(days=31).to_dict()),
    }[column]
    with ws.session() as session:
        session.execute(text(f"UPDATE trial SET {column} = :it"), {"it": value})
    with pytest.raises(LeadRankError, match="changed after it was frozen"):
        protocol_of(ws, trial(ws, row.id))
    # Whoever can write the hash too is found out by the audit trail.
    with ws.session() as session:
        changed = session.get(Trial, row.id)
        seal = trials_module._seal(protocol_from_dict(changed.protocol), changed.queues, changed.people)
        session.execute(text("UPDATE trial SET sha256 = :it"), {"it": seal})
    with pytest.raises(LeadRankError, match="changed after it was frozen"):
        protocol_of(ws, trial(ws, row.id))


def test_an_address_is_one_person_s_and_of_one_trial(ws, dataset, queues):
    for twice in ([("a@x.de", "Ann"), ("A@x.de", "Bo")], [("a@x.de", "Ann"), ("b@x.de", "Ann")]):
        with pytest.raises(LeadRankError, match="one e-mail address of their own"):
            freeze(ws, dataset, queues, people=twice)
    freeze(ws, dataset, queues, people=[("a@x.de", "Ann")])
    others = made_protocol(("Eve", "Fay", "Gil", "Hal"))
    with pytest.raises(LeadRankError, match=r"a@x\.de takes part"):
        freeze(ws, dataset, queues, others, people=[("a@x.de", "Eve")])
    with pytest.raises(LeadRankError, match="calls by one of rank, snapshot_time"):
        ArmQueue(queues["treatment"].run_id, "nosuch")
