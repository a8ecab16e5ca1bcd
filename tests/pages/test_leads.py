"""The Leads page: files taken in or refused in words, drafts that outlive the page, and datasets made of them."""

import json
from typing import Any

import pytest

from core import drafts
from core.data.schema import schema_from_dict
from core.data.sketches import sketch
from core.drafts import look
from core.jobs import records
from core.workspace import datasets
from core.workspace.audit import audit_trail
from core.workspace.people import set_role
from core.workspace.uploads import upload_path, uploads
from pages._report import in_words
from tests.leads_page import SAID, click, csv, guessed, leads, sound, table, take_in, upload, words

HOSTILE = "<script>alert(1)</script> **bold** :red[x] $y$"


def test_nothing_yet_leads_to_a_file_or_to_the_sample(ws):
    at = leads()
    assert "Nothing is here yet" in words(at)
    buttons: list[Any] = list(at.get("download_button"))
    assert [each.label for each in buttons] == ["Download a sample file"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b"id\n1\n2\n", "one column alone, 'id'"),
        ("a.csv", b"id;y\n1;0\n", "one lead alone"),
        ("April.csv", bytes(range(256)) * 40, "'April.csv': it is a binary file"),
        ("a.xlsx", b"PK\x03\x04" + bytes(60), "damaged"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words_and_not_kept(ws, name, content, said):
    at = upload(leads(), name, content)
    assert said in words(at)
    assert uploads(ws) == [] and "upload" not in at.query_params
    assert str(ws.folder) not in words(at)


def test_a_file_over_the_limit_is_refused(ws, monkeypatch):
    monkeypatch.setattr("streamlit.get_option", lambda name: 0)
    at = upload(leads(), "big.csv", b"id;y\n1;0\n2;1\n")
    assert "a file may have at most" in words(at)
    assert uploads(ws) == []


def test_an_upload_becomes_a_draft_that_a_new_page_finds_again(ws):
    at = upload(leads(), "Leads of May.csv", csv(table()))
    (kept,) = uploads(ws)
    assert at.query_params["upload"] == kept.id
    shown = guessed(at)
    assert shown["converted"]["part"] == "converted" and shown["name"]["part"] == "shown"
    assert "known only after" in shown["call_seconds"]["warning"]
    assert shown["channel"]["why"].endswith("values")
    assert "Leads of May.csv: 200 leads" in words(at)

    row = shown["channel"]["place"]
    at.session_state[f"roles_{kept.id}_0"] = {
        "edited_rows": {row: {"part": "out"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    sound(at.run())
    again = leads(kept.id)
    assert guessed(again)["channel"]["part"] == "out"
    assert "Start again from the guess" in [b.label for b in again.button]


def test_the_file_is_let_go_of_once_it_is_kept(ws):
    at = upload(leads(), "May.csv", csv(table()))
    at = click(at, "All datasets")
    assert at.file_uploader[0].value is None
    assert "Go on" in [b.label for b in at.button]


def test_a_column_that_tells_the_outcome_is_used_only_after_a_tick(ws):
    frame = table()
    frame["note"] = frame["converted"].map({"1": "north", "0": "south"})
    id = take_in(ws, csv(frame))
    at = leads(id)
    note = guessed(at)["note"]
    assert note["part"] == "out" and "Seems known only afterwards" in note["warning"]
    row = note["place"]
    edits: dict[str, Any] = {"edited_rows": {row: {"part": "categorical"}}, "added_rows": [], "deleted_rows": []}
    at.session_state[f"roles_{id}_0"] = edits
    at = sound(at.run())
    assert "column 'note' looks as if it were known only after the outcome" in words(at)
    assert next(b for b in at.button if b.label == "Check and save").disabled
    edits["edited_rows"][row]["known"] = True
    at.session_state[f"roles_{id}_0"] = edits
    at = sound(at.run())
    assert not at.error
    assert not next(b for b in at.button if b.label == "Check and save").disabled


def test_pairs_are_counted_live_and_follow_the_funnel(ws):
    id = take_in(ws, csv(table(400)))
    at = leads(id)
    first = sketch(upload_path(ws, id))
    counted = look(first, first.guess.schema).tiers
    for tier in counted:
        assert f"{tier.pairs:,} pairs: {tier.chosen_leads:,} leads preferred to {tier.rejected_leads:,}." in words(at)
    assert "counted on 400 leads" in words(at)

    at = click(at, "Add a preference")
    assert len([t for t in at.text_input if t.label == "Name"]) == len(counted) + 1
    chosen, rejected = [m for m in at.multiselect if not m.value]
    chosen.set_value(["test_drive"])
    rejected.set_value(["call"])
    at = sound(at.run())
    stage = first.frame["stage"]
    assert f"leads preferred to {(stage == 'call').sum():,}." in words(at)
    kept = drafts.read_draft(ws, id, first.names)
    assert kept is not None
    assert kept.tiers[-1] == {"name": "preference 1", "margin": 0.5, "chosen": ["test_drive"], "rejected": ["call"]}


def test_an_unfinished_preference_is_said_and_loses_nothing(ws):
    at = click(leads(take_in(ws, csv(table()))), "Add a preference")
    chosen = next(m for m in at.multiselect if not m.value)
    at = sound(chosen.set_value(["lock_in"]).run())
    assert "'chosen' and 'rejected' go together" in words(at)
    assert ["lock_in"] in [m.value for m in at.multiselect]


def test_stages_move_and_a_ready_made_funnel_replaces_them(ws):
    id = take_in(ws, csv(table()))
    at = leads(id)
    at = sound(at.button(key=f"Down_0_{id}").click().run())
    assert [t.value for t in at.text][1:3] == ["1. call", "2. lost"]
    box = next(s for s in at.selectbox if s.label == "Ready-made funnel")
    at = sound(box.set_value("recruiting").run())
    at = click(at, "Use it")
    assert "1. rejected" in [t.value for t in at.text]
    assert "holds values that are no stage yet" in words(at)


def test_a_sound_file_is_saved_with_what_people_may_see(ws, at_once):
    id = take_in(ws, csv(table(1000)))
    at = leads(id)
    at.text_input(key=f"save_{id}").set_value("May")
    at = click(at, "Check and save")
    (dataset,) = datasets.datasets(ws)
    assert (dataset.name, dataset.leads, dataset.shown) == ("May", 1000, ["name"])
    assert dataset.report["leads"] == 1000
    assert "name" not in schema_from_dict(dataset.schema).columns()
    assert uploads(ws) == [] and list((ws.folder / "uploads").iterdir()) == []
    assert "May: 1,000 leads" in words(at)
    assert "Train a model on it" in [b.label for b in at.button]


def test_every_problem_is_told_with_rows_that_can_be_looked_at(ws, at_once):
    frame = table(1000)
    frame.loc[frame.index[9], "lead_id"] = str(frame["lead_id"].iat[3])
    frame.loc[frame.index[5], "converted"] = "maybe"
    id = take_in(ws, csv(frame))
    at = click(leads(id), "Check and save")
    assert datasets.datasets(ws) == []
    (job,) = records.jobs(ws, kind="import")
    assert {problem["column"] for problem in (job.result or {})["report"]["errors"]} == {"lead_id", "converted"}
    assert "lead_id: the lead id stands in several rows" in words(at)
    assert "2 rows: 5, 11" in words(at)
    at = sound(at.button(key=f"rows_{id}_errors_0").click().run())
    rows = at.dataframe[-1].value
    assert rows["row"].tolist() == [7] and rows["converted"].tolist() == ["maybe"]


def test_rows_of_a_file_with_a_column_called_row_can_be_looked_at(ws, at_once):
    frame = table(1000)
    frame["row"] = "mine"
    frame.loc[frame.index[5], "converted"] = "maybe"
    id = take_in(ws, csv(frame))
    at = click(leads(id), "Check and save")
    at = sound(at.button(key=f"rows_{id}_errors_0").click().run())
    rows = at.dataframe[-1].value
    assert not at.error or not any("wrong on our side" in e.value for e in at.error)
    assert rows["row of the file"].tolist() == [7] and rows["row"].tolist() == ["mine"]


def test_names_in_the_first_rows_and_examples_show_only_on_request_which_is_recorded(ws):
    frame = table()
    frame["dialogue"] = SAID
    id = take_in(ws, csv(frame))
    at = leads(id)
    assert guessed(at)["dialogue"]["examples"] == "Customer: Hi, this is [name], call me on [phone] please."

    def top() -> set[str]:
        return set(at.dataframe[0].value["dialogue"])

    assert top() == {"Customer: Hi, this is [name], call me on [phone] please."} and len(at.dataframe[0].value) == 20
    at.toggle(key=f"unmask_{id}_top").set_value(True).run()
    assert top() == {SAID}
    (event,) = audit_trail(ws, what="names shown")
    assert (event.subject, event.details) == (id, {"file": "May.csv", "rows": "the first 20"})
    at.toggle(key=f"unmask_{id}_top").set_value(False).run()
    assert SAID not in top()


def test_what_a_stranger_wrote_is_shown_as_it_was_written(ws, at_once):
    frame = table(1000).rename(columns={"channel": HOSTILE})
    frame["stage"] = frame["stage"].replace("call", HOSTILE)
    id = take_in(ws, csv(frame), name=f"{HOSTILE}.csv")
    at = click(leads(id), "Check and save")
    at = leads()
    assert any(HOSTILE in text.value for text in at.text)
    raw = [each.value for kind in (at.markdown, at.caption, at.error, at.warning, at.info, at.success) for each in kind]
    assert not any("<script>" in str(value) or "**bold**" in str(value) for value in raw)


def test_an_address_of_no_upload_is_told(ws):
    assert "no such uploaded file" in words(leads("../../etc/passwd"))
    assert "this uploaded file is no longer there" in words(leads("0" * 32))


def test_a_manager_may_not_and_a_right_taken_away_holds_at_once(ws, at_once):
    assert "You are signed in as manager" in words(leads(role="manager"))
    set_role(ws, "ana@example.com", "analyst", "x")
    at = leads(take_in(ws, csv(table(1000))), role="analyst")
    set_role(ws, "ana@example.com", "viewer", "x")
    at = click(at, "Check and save")
    assert datasets.datasets(ws) == [] and "You are signed in as viewer" in words(at)


def test_messages_of_the_schema_speak_of_the_page():
    assert in_words("add this one to funnel.stages") == "add this one to the list of stages"
    assert in_words("under roles.call_seconds") == "under 'Call length in seconds'"
    assert in_words("roles.unknown_thing stays") == "roles.unknown_thing stays"
    assert json.dumps(in_words("tiers stay tiers")) == '"tiers stay tiers"'
