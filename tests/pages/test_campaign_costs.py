"""Costs of campaigns: from a file or typed in, mended, and told as they are."""

from typing import Any

import pandas as pd

from core.decisions.economics.campaigns import read_costs
from core.decisions.economics.money import Terms, told
from core.workspace.audit import audit_trail
from core.workspace.costs import costs_of, keep_costs
from tests.campaigns_page import HOSTILE, cost_file, cost_table, kept_costs, opened
from tests.field_trials import sample_leads
from tests.seen import button, sound, words


def test_a_file_is_recognised_kept_and_there_for_the_next_visitor(ws, sample):
    at = sound(opened())
    assert "What did the campaigns cost?" in words(at)
    at.file_uploader[0].upload("costs.csv", cost_file(cost_table()))
    sound(at.run())
    boxes = {box.label: box.value for box in at.selectbox}
    assert (boxes["Channel"], boxes["Period starts on"], boxes["Cost"]) == ("Channel", "Week", "Spend")
    assert boxes["Campaign"] is None and boxes["Message"] is None
    sound(button(at, "Keep these costs").click().run())
    kept = costs_of(ws, sample.id)
    assert kept is not None
    pd.testing.assert_frame_equal(kept.frame, kept_costs(cost_table()))
    assert audit_trail(ws)[0].what == "campaign costs kept"
    total = told(float(kept.frame["cost"].sum()), Terms())
    said = words(sound(opened()))
    assert f"189 rows, {total} in all, 2025-01-06 to 2025-11-24" in said and "What did" not in said


def test_what_is_wrong_with_a_file_is_told_with_its_row_and_nothing_is_kept(ws, sample):
    at = opened()
    at.file_uploader[0].upload("costs.csv", b"Channel;Spend\nweb;10\napp;-5\n")
    button(at.run(), "Keep these costs").click().run()
    assert "a negative amount, such as '-5' (row 3)" in words(at)
    assert costs_of(ws, sample.id) is None
    other = opened()
    other.file_uploader[0].upload("costs.csv", bytes(range(256)) * 40)
    assert "binary file" in words(other.run())


def test_costs_can_be_typed_for_the_names_that_the_leads_have(ws, sample):
    at = opened()
    sound(at.button_group(key="costs_way").set_value("Type them in").run())
    given = at.data_editor[0].value
    assert set(given["channel"]) == set(sample_leads().features["channel"]) and given["cost"].isna().all()
    first = given["channel"].iloc[0]
    edits: dict[str, Any] = {
        "edited_rows": {0: {"cost": 1200.0, "period": "2025-03-01"}},
        "added_rows": [{"channel": first, "cost": 800.0, "period": "2025-04-01"}],
        "deleted_rows": [],
    }
    at.session_state["typed_channel_channel_0"] = edits
    sound(at.run())
    sound(button(at, "Keep these costs").click().run())
    kept = costs_of(ws, sample.id)
    assert kept is not None
    assert kept.frame[["channel", "period", "cost"]].to_dict("records") == [
        {"channel": first, "period": "2025-03-01", "cost": 1200.0},
        {"channel": first, "period": "2025-04-01", "cost": 800.0},
    ]


def test_kept_costs_can_be_mended_and_deleted(ws, paid):
    at = opened()
    kept = costs_of(ws, paid.id)
    assert kept is not None
    key = f"costs_{kept.sha256[:16]}"
    at.session_state[key] = {"edited_rows": {0: {"cost": 7.0}}, "added_rows": [], "deleted_rows": []}
    sound(at.run())
    sound(button(at, "Keep the changes").click().run())
    mended = costs_of(ws, paid.id)
    assert mended is not None and mended.frame["cost"].iloc[0] == 7 and len(mended.frame) == len(kept.frame)
    sound(button(at, "Delete these costs").click().run())
    assert costs_of(ws, paid.id) is None and "What did the campaigns cost?" in words(at)


def test_names_that_no_lead_has_and_hostile_ones_are_told_as_they_are(ws, sample):
    keep_costs(ws, sample.id, read_costs(pd.DataFrame({"channel": [HOSTILE, "app"], "cost": [100.0, 50.0]})), "x")
    at = sound(opened())
    assert f"No lead names {HOSTILE}" in words(at)
    assert not any("<script>" in chart.proto.spec for chart in at.get("plotly_chart"))
    assert not any("**bold**" in str(e.value) for e in (*at.warning, *at.caption, *at.info))
