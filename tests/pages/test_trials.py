"""The Trials page, step by step, on the shipped leads; and My calls, where each half sees its own list."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.leads import Leads
from core.jobs import processes, records
from core.queue.view import View
from core.workspace import trials
from core.workspace.actions import lead_status
from core.workspace.audit import audit_trail
from core.workspace.ids import utc_now
from core.workspace.people import set_role
from core.workspace.scorings import scoring_in_use
from pages._scored import open_queue
from tests.core.workspace.test_trials import made_protocol
from tests.field_trials import keep_sample, keep_trial, sample_protocol
from tests.kept import keep_leads, keep_run, keep_scoring
from tests.seen import button, metrics, sound, words

APP = Path(__file__).resolve().parents[2] / "app.py"
PLAN, ASSIGN, WATCH, READ, REHEARSE = "1 Plan", "2 Draw and freeze", "3 Watch", "4 Read", "Rehearse"


@pytest.fixture
def run(ws):
    return keep_run(ws)


@pytest.fixture
def sample(ws):
    return keep_sample(ws)


def opened(page="trials", step=None, email=None, **query) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=120)
    if email:
        at.secrets["auth"] = {"x": "y"}
        at.user = {"is_logged_in": True, "email": email}
    at.run().switch_page(f"pages/{page}.py")
    for name, value in query.items():
        at.query_params[name] = value
    if step:
        at.session_state["trial_step"] = step
    return sound(at.run())


def today(days: int) -> str:
    return (utc_now() + timedelta(days=days)).date().isoformat()


def test_without_leads_the_plan_says_what_is_missing(ws):
    at = opened()
    assert "No leads yet" in words(at) and [b.label for b in at.button] == ["Bring in leads"]
    assert "No trial yet" in words(opened(step=WATCH))


def test_the_plan_tells_what_this_team_can_see(sample):
    at = opened(step=PLAN)
    assert "can only see effects above 50% in 132 days" in words(at)
    before = metrics(at)
    assert before["People in each half"] == "655" and before["Leads in each half"] == "14,108"
    people = next(n for n in at.number_input if n.label == "Sales people in each half")
    assert people.value == 30
    sound(people.set_value(2_000).run())
    assert "are enough" in words(at)
    # Somebody who knows better than the file: twice as many orders need fewer people.
    rate = next(n for n in at.number_input if n.label == "Orders per 100 leads")
    assert rate.value is not None
    sound(rate.set_value(2 * rate.value).run())
    assert int(metrics(at)["People in each half"].replace(",", "")) < 655


def test_a_trial_is_drawn_shown_and_frozen(ws, sample, run):
    at = opened(step=ASSIGN)
    assert "people" in words(at) and "newest lead first" in words(at)
    drawn = next(d.value for d in at.dataframe if "arm" in d.value)
    assert set(drawn["arm"]) == {"New ranking", "Old ranking"} and len(drawn) == 61
    sound(button(at, "Freeze the trial").click().run())
    (trial,) = trials.trials(ws)
    protocol = trials.protocol_of(ws, trial)
    assert dict(zip(drawn["specialist"], drawn["arm"] == "New ranking", strict=True)) == {
        who: arm == "treatment" for who, arm in protocol.arm_of().items()
    }
    assert (protocol.days, protocol.headline, protocol.looks) == (132, "adjusted", "fixed")
    assert trial.queues["control"] == {"run_id": run.id, "sort": "snapshot_time", "descending": True}
    assert trial.begins > utc_now() and audit_trail(ws)[0].what == "trial frozen"
    assert trial.sha256 in next(d.value for d in at.dataframe).to_string()  # the page goes on to watch it


def test_a_second_trial_with_the_same_people_is_refused_in_words(ws, sample, run):
    keep_trial(ws, sample, run, sample_protocol(today(1)))
    at = opened(step=ASSIGN)
    button(at, "Freeze the trial").click().run()
    assert not at.exception and "two trials at once" in at.error[0].value
    assert len(trials.trials(ws)) == 1


def test_watching_shows_checks_and_no_effect(ws, sample, run):
    keep_trial(ws, sample, run, sample_protocol(looks="always_valid", guardrails=(("follow_ups_60d", "lower"),)))
    at = opened(step=WATCH)
    told = words(at)
    for check in ("Share of leads", "Arms kept apart", "Final outcomes", "Guardrail"):
        assert check in told
    assert "more orders" not in told and "fewer orders" not in told


def test_a_trial_of_the_future_waits_for_its_leads(ws, sample, run):
    keep_trial(ws, sample, run, sample_protocol(today(3)))
    for step in (WATCH, READ):
        assert "No leads of this trial yet" in words(opened(step=step))


def test_a_trial_can_be_stopped_with_a_reason(ws, sample, run):
    trial = keep_trial(ws, sample, run, sample_protocol(today(2)))
    at = opened(step=WATCH)
    assert button(at, "Stop it for good").disabled
    sound(next(t for t in at.text_input if t.label == "Why").set_value("Customers complain").run())
    sound(button(at, "Stop it for good").click().run())
    assert trials.trial(ws, trial.id).stopped_why == "Customers complain"
    assert "Customers complain" in words(opened(step=WATCH))


def test_reading_gives_the_answer_and_the_report(ws, sample, run):
    keep_trial(ws, sample, run, sample_protocol())
    at = opened(step=READ)
    # The sample's people called as ever, so the arms cannot differ but by chance.
    assert "No difference that this trial can show" in words(at)
    assert {"More orders by the new ranking", "Orders that it brought"} <= set(metrics(at))
    buttons: list[Any] = list(at.get("download_button"))
    assert [each.label for each in buttons if "Report" in each.label] == ["Report (PDF)", "Report (HTML)"]


def test_a_trial_that_is_read_once_shows_nothing_before(ws, sample, run):
    keep_trial(ws, sample, run, sample_protocol(days=200))
    at = opened(step=READ)
    assert "No effect is shown yet" in words(at) and not at.metric


@pytest.mark.usefixtures("at_once")
def test_a_rehearsal_is_work_of_its_own_and_its_result_stays(ws):
    at = opened(step=REHEARSE)
    values = {"Sales people": 24, "Days": 20, "Trials to rehearse": 20, "Orders per 100 leads": 10.0}
    for label, value in values.items():
        next(n for n in at.number_input if n.label == label).set_value(value)
    sound(at.run())
    sound(button(at, "Rehearse").click().run())
    (job,) = records.jobs(ws, kind="rehearse")
    assert job.state == "done" and job.result is not None and len(job.result["found"]) == 4
    assert "Of 100 such trials" in words(at) and "claim a difference" in words(at)
    table = next(d.value for d in at.dataframe if "Cries wolf at 0%" in d.value)
    assert table["Cries wolf at 0%"].between(0, 100).all()
    assert "Rehearse" not in [b.label for b in at.button]  # the same again would be the same


@pytest.fixture
def calling(ws, folder, run):
    """A running trial among the two sales people of small leads, and the run's ranking of them."""
    _, dataset, leads = keep_leads(folder)
    keep_scoring(ws, dataset, leads, run)
    protocol = made_protocol(("Ann", "Bo", "Cy", "Di"), start=today(0))
    people = [("ann@example.com", "Ann"), ("bo@example.com", "Bo")]
    for email, _ in people:
        set_role(ws, email, "viewer", by="x")
    return keep_trial(ws, dataset, run, protocol, people)


def test_each_half_sees_its_own_list_and_no_scores(ws, calling):
    arms = trials.protocol_of(ws, calling).arm_of()
    for who in ("Ann", "Bo"):
        at = opened("calls", email=f"{who.lower()}@example.com")
        table = at.dataframe[0].value
        assert set(table["owner"]) == {who}
        assert not {"rank", "score", "probability", "reasons"} & set(table.columns)
        noted = trials.shown_leads(ws, calling.id)
        noted = noted[noted["specialist"] == who]
        assert noted["lead_id"].tolist() == table["lead_id"].tolist() and set(noted["arm"]) == {arms[who]}
        newest_first = table["snapshot_time"].is_monotonic_decreasing
        assert newest_first == (arms[who] == "control")


def test_people_in_a_trial_find_the_other_pages_closed(ws, calling):
    for page in ("today", "queue", "why", "lift"):
        at = opened(page, email="ann@example.com")
        assert "You take part in a field trial" in words(at) and not at.dataframe
    trials.stop_trial(ws, calling.id, "enough", "ana")
    assert "You take part" not in words(opened("queue", email="ann@example.com"))
    assert "You take part in no field trial" in words(opened("calls", email="ann@example.com"))


def test_leads_of_one_date_are_not_called_by_the_other_half_s_ranks(ws, folder, run):
    """The old way, newest first, where all leads came on one day: then it must be by lot, not by the new model."""
    _, dataset, leads = keep_leads(folder)
    same = Leads(leads.roles.assign(snapshot_time=pd.Timestamp("2026-01-05")), leads.features, leads.schema)
    keep_scoring(ws, dataset, same, run)
    protocol = made_protocol(("Ann", "Bo", "Cy", "Di"), start=today(0))
    keep_trial(ws, dataset, run, protocol)
    trial = trials.trials(ws)[0]
    who = next(name for name in ("Ann", "Bo") if protocol.arm_of()[name] == "control")
    at = opened("calls")
    box = next(s for s in at.selectbox if s.label == "Whose calls")
    sound(box.set_value(f"{trial.id} {who}").run())
    shown = at.dataframe[0].value["lead_id"].tolist()
    used = scoring_in_use(ws, dataset.id)
    assert used is not None
    queue = open_queue(ws, used)
    by_rank = queue.export(View(filters={"owner": (who,)}))["lead_id"].tolist()
    assert sorted(shown) == sorted(by_rank) and len(shown) > 20
    assert abs(np.corrcoef([by_rank.index(lead_id) for lead_id in shown], range(len(shown)))[0, 1]) < 0.5


def test_managers_who_take_part_are_held_back_too(ws, calling):
    set_role(ws, "ann@example.com", "manager", by="x")
    assert "You take part in a field trial" in words(opened("queue", email="ann@example.com"))
    assert "You take part in a field trial" in words(opened("trials", email="ann@example.com"))


def test_people_mark_their_own_leads(ws, calling):
    at = opened("calls", email="ann@example.com")
    key = at.dataframe[0].proto.id.split("-")[-1]
    table = at.dataframe[0].value
    at.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    sound(at.run())
    sound(button(at, "Called").click().run())
    done = lead_status(ws, calling.dataset_id)
    assert done[["lead_id", "status", "by"]].values.tolist() == [
        [table["lead_id"].iloc[0], "called", "ann@example.com"]
    ]
    sound(button(at, "Undo").click().run())
    assert lead_status(ws, calling.dataset_id)["status"].tolist() == ["open"]


def test_a_manager_looks_over_a_shoulder_without_a_trace(ws, calling):
    set_role(ws, "max@example.com", "manager", by="x")
    at = opened("calls", email="max@example.com")
    assert at.selectbox[0].label == "Whose calls" and len(at.dataframe[0].value)
    assert trials.shown_leads(ws, calling.id).empty


def test_a_ranking_for_the_trial_stands_beside_the_queue(ws, calling, monkeypatch):
    monkeypatch.setattr(processes, "start", lambda *_: 2**22 + 1)
    monkeypatch.setattr(records, "sweep", lambda ws: [])
    monkeypatch.setattr("pages._scored.unfit", lambda *_: [])
    newer = keep_sample(ws)
    set_role(ws, "max@example.com", "manager", by="x")
    at = opened("calls", email="max@example.com", dataset=newer.id)
    assert "not ranked for the trial yet" in words(at)
    sound(button(at, "Rank them").click().run())
    (job,) = records.jobs(ws, kind="score")
    asked = job.request
    assert (asked["use"], asked["dataset_id"], asked["run_id"]) == (
        False,
        newer.id,
        calling.queues["treatment"]["run_id"],
    )
