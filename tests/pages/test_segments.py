"""Segments: rules with counts, what stands in the way, what was found, the next campaign, who may see it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.leads import Leads
from core.data.problems import Report
from core.data.schema import Features
from core.data.segment_rules import first_guess, rules_from_dict
from core.decisions.segments.world import RULES
from core.jobs import processes, records
from core.queue.build import build_queue
from core.workspace.datasets import add_dataset
from core.workspace.people import set_role
from core.workspace.scorings import add_scoring, new_scoring_path
from core.workspace.store import open_workspace
from tests.customers import small_world
from tests.kept import fake_scores
from tests.seen import button, metrics, sound, table, words

APP = Path(__file__).resolve().parents[2] / "app.py"
QUICK = {"how": {"loss": "hill", "epochs": 3}, "hiding": {"methods": ["hill", "bce"], "seeds": 1}}


def opened(section: str | None = None, email: str | None = None) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=120)
    if email:
        at.secrets["auth"] = {"x": "y"}
        at.user = {"is_logged_in": True, "email": email}
    at.run().switch_page("pages/segments.py")
    if section:
        at.session_state["segments_section"] = section
    return at.run()


def keep(ws, leads: Leads):
    report = Report(len(leads), (), ())
    return add_dataset(ws, name="Customers", source_name="c.csv", leads=leads, report=report, by="x")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A workspace in which segments were found, with a control arm."""
    folder = tmp_path_factory.mktemp("found") / "kept"
    ws = open_workspace(folder)
    dataset = keep(ws, small_world().leads)
    request = {"dataset_id": dataset.id, "rules": RULES.to_dict(), **QUICK}
    job = records.run_here(ws, "segments", request, by="ann", label="Find")
    assert job.state == "done", job.message
    return folder


@pytest.fixture
def seen(found, monkeypatch):
    """An app on it."""
    monkeypatch.setenv("LEADRANK_WORKSPACE", str(found))
    monkeypatch.delenv("LEADRANK_DATABASE", raising=False)
    monkeypatch.setattr("pages._entry.bring_in_sample", lambda ws: [])


def test_without_leads_the_way_to_them(folder):
    assert "No leads yet" in words(sound(opened()))


def test_rules_are_guessed_counted_and_sent(ws, monkeypatch):
    world = small_world()
    dataset = keep(ws, world.leads)
    monkeypatch.setattr(processes, "start", lambda *_: 2**22 + 1)
    at = sound(opened())
    rules = first_guess(world.leads)
    labels = rules.labels(world.leads)
    told = metrics(at)
    assert told["Came, campaign known"] == f"{(labels == 'campaign').sum():,}"
    assert told["Did not come"] == f"{(labels == 'low').sum():,}"
    sound(button(at, "Find the segments").click().run())
    (job,) = records.jobs(ws, kind="segments")
    assert rules_from_dict(job.request["rules"]) == rules
    assert job.request["dataset_id"] == dataset.id and job.request["hiding"] == {"seeds": 5}
    assert "Cancel" in [b.label for b in at.button] and "Find the segments" not in [b.label for b in at.button]


def test_another_condition_and_a_control_arm_change_the_counts(ws):
    dataset = keep(ws, small_world().leads)
    at = sound(opened())
    new = len(first_guess(small_world().leads).campaign)
    before = int(metrics(at)["Came, campaign known"].replace(",", ""))
    key = f"segment_campaign_{dataset.id}"
    sound(at.button(key=f"{key}_add").click().run())
    at.selectbox(key=f"{key}_{new}_column").select("device").run()
    assert "Choose a value" in words(at)
    sound(at.multiselect(key=f"{key}_{new}_value_device_one of").select("phone").run())
    assert int(metrics(at)["Came, campaign known"].replace(",", "")) > before
    sound(at.button(key=f"{key}_{new}_gone").click().run())
    assert int(metrics(at)["Came, campaign known"].replace(",", "")) == before
    sound(at.toggle(key=f"segment_has_control_{dataset.id}").set_value(True).run())
    control = f"segment_control_{dataset.id}"
    at.selectbox(key=f"{control}_column").select("mailed").run()
    sound(at.multiselect(key=f"{control}_value_mailed_one of").select("no").run())
    assert at.multiselect(key=f"segment_before_{dataset.id}").options  # offered once a control arm is there
    test = at.selectbox(key=f"segment_campaign_{dataset.id}_0_test_clicked")
    sound(test.select("one of").run())
    chosen = at.multiselect(key=f"segment_campaign_{dataset.id}_0_value_clicked_one of").select("1").run()
    assert int(metrics(sound(chosen))["Came, campaign known"].replace(",", "")) == before
    left_out = int((small_world().leads.features["mailed"] == "no").sum())
    assert metrics(at)["Left out by chance"] == f"{left_out:,}"


def test_what_stands_in_the_way_is_said(ws):
    world = small_world().leads
    features = world.features[["clicked", "visits_before", "device"]].assign(fixed=1.0)
    schema = replace(world.schema, features=Features(("clicked", "visits_before", "fixed"), ("device",)))
    undated = world.roles.assign(snapshot_time=pd.Series(pd.NaT, world.roles.index))
    bare = Leads(undated, features, schema).take(np.arange(1800))
    keep(ws, bare)
    at = sound(opened())
    said = words(at)
    assert "have no date" in said and "never vary: fixed" in said
    assert not button(at, "Find the segments").disabled
    assert "With fewer than about" in said


def test_where_nothing_names_a_campaign_the_user_is_asked(ws):
    world = small_world().leads
    schema = replace(world.schema, features=Features(("visits_before",), ("device",)))
    dataset = keep(ws, Leads(world.roles, world.features[["visits_before", "device"]], schema))
    at = sound(opened())
    assert "write the rules yourself" in words(at) and "Choose a column and a value" in words(at)
    assert button(at, "Find the segments").disabled
    at.selectbox(key=f"segment_campaign_{dataset.id}_0_column").select("device").run()
    sound(at.multiselect(key=f"segment_campaign_{dataset.id}_0_value_device_one of").select("phone").run())
    assert not button(at, "Find the segments").disabled
    sound(at.number_input(key=f"segment_engaged_{dataset.id}_0_value_converted_is").set_value(7.0).run())
    assert "find nobody" in words(at) and button(at, "Find the segments").disabled


def test_what_was_found_is_told_with_its_proof(seen):
    at = sound(opened())
    assert "Of 5,000 leads" in words(at) and "Tested by hiding 40% of the known ones" in words(at)
    assert set(metrics(at)) >= {"Because of the campaign", "Would come anyway", "Unlikely to come"}
    proof = sound(opened("How far to believe it"))
    assert "Held against customers left out by chance" in words(proof) and "in the lowest tenth" in words(proof)
    assert set(proof.dataframe[0].value["Method"]) == {"Hill", "Labels as they are"}
    months = sound(opened("Month by month"))
    assert "a change over time" not in words(months)


def test_the_next_campaign_keeps_to_its_budget(seen):
    at = sound(opened("The next campaign"))
    figures = metrics(at)
    assert figures["Customers to reach"] == "500" and figures["Added beyond the cost"].endswith("EUR")
    assert "would come anyway" in words(at)
    way = next(each for each in at.button_group if each.label == "Plan by")
    changed = metrics(sound(way.set_value("uplift" if way.value == "segments" else "segments").run()))
    assert changed["More customers expected"] != figures["More customers expected"]
    at.toggle(key="segment_anyway").set_value(False).run()
    assert "would come anyway" not in words(sound(at)).split("Left out:")[1].split("Value of a contact")[0]


def test_the_queue_shows_the_segment_of_open_leads_and_filters_by_it(kept):
    ws, dataset, leads, run, _ = kept
    names = np.where(np.arange(len(leads)) % 3, "Would come anyway", "Because of the campaign")
    id, path = new_scoring_path(ws)
    build_queue(path, fake_scores(leads), leads, segment=pd.Series(names, leads.lead_id.astype(object)))
    add_scoring(ws, id, run_id=run.id, dataset_id=dataset.id, part="open", reason="manual", by="x", leads=len(leads))
    at = AppTest.from_file(str(APP), default_timeout=120).run()
    at.query_params["only.segment"] = "Because of the campaign"
    at = sound(at.switch_page("pages/queue.py").run())
    assert set(table(at, "segment")["segment"]) == {"Because of the campaign"} and "of 20 leads" in words(at)


def test_viewers_are_told_that_it_is_not_for_them(ws):
    keep(ws, small_world().leads)
    set_role(ws, "boss@example.com", "admin", "x")
    set_role(ws, "vi@example.com", "viewer", "x")
    at = opened(email="vi@example.com")
    assert not at.exception and "Two questions first" not in words(at) and not at.metric
