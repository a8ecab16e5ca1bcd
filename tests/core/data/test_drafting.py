"""Drafts: the guess becomes parts of columns, contradictions are all told, and a draft survives as JSON."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data import sketches
from core.data.drafting import (
    Draft,
    draft_from_dict,
    draft_of,
    schema_of,
    with_found_stages,
    with_preset,
    with_stage,
    with_stage_moved,
    with_usual_tiers,
    without_stage,
)
from core.data.schema import ROW_NUMBER, load_schema
from core.data.sketches import column_reasons, evenly, leaks_of, remarks, rows_at, sketch, strange_stages
from core.data.validation import examine
from core.errors import ReadError, SchemaError

SAMPLE = Path("sample_data/leads.csv")


@pytest.fixture(scope="module")
def first():
    return sketch(SAMPLE)


def bank(rows=400) -> bytes:
    """A file like the bank's: `;`, an outcome called y, a call length, a phone number, no id."""
    rng = np.random.default_rng(0)
    y = rng.random(rows) < 0.3
    lines = ["age;job;phone;duration;branch;y"]
    lines += [
        f"{rng.integers(18, 90)};{rng.choice(['admin', 'clerk'])};+49 30 {n:06};{rng.integers(0, 900)};"
        f"{'north' if won else ''};{'yes' if won else 'no'}"
        for n, won in enumerate(y)
    ]
    return "\n".join(lines).encode()


def test_the_draft_of_the_sample_is_the_schema_that_ships_with_it(first):
    draft = draft_of(first.guess, first.names)
    made = schema_of(draft, leaks_of(first.frame, "converted", "call_seconds"))
    shipped = load_schema(Path("sample_data/schema.toml"))
    assert first.whole and len(first.frame) == 4000
    assert made.roles == shipped.roles
    assert made.features == shipped.features
    assert made.funnel == shipped.funnel
    assert made.split == shipped.split


def test_every_column_has_a_reason(first):
    told = column_reasons(first.guess, first.names)
    assert set(told) == set(first.names)
    assert told["agent"] == "by its name, and values repeat"
    assert told["channel"] == "7 values"


def test_what_reaches_a_person_is_carried_along_and_leaks_stay_out():
    first = sketch(bank())
    draft = draft_of(first.guess, first.names)
    assert draft.shown() == ["phone"]
    assert draft.parts["duration"] == "call_seconds"
    assert draft.parts["branch"] == "out"
    assert schema_of(draft, {}).roles.lead_id == ROW_NUMBER
    assert any("no column is a unique id" in line for line in remarks(first.guess))


def test_a_leak_becomes_a_feature_only_when_it_is_said_to_have_been_known():
    first = sketch(bank())
    leaks = leaks_of(first.frame, "y", "duration")
    assert {"branch", "duration"} <= set(leaks)
    draft = draft_of(first.guess, first.names)
    draft = replace(draft, parts={**draft.parts, "branch": "categorical"})
    with pytest.raises(SchemaError, match="'branch' looks as if it were known only after the outcome"):
        schema_of(draft, leaks)
    made = schema_of(replace(draft, known_before=("branch",)), leaks)
    assert "branch" in made.features.categorical


def test_leaks_are_judged_by_the_outcome_that_is_chosen():
    frame = pd.DataFrame({"bought": ["1", "0"] * 50, "code": ["7", "3"] * 50, "other": ["0", "1", "1", "0"] * 25})
    assert "code" in leaks_of(frame, "bought")
    assert "code" not in leaks_of(frame, "other")
    assert leaks_of(frame, None) == {}


def test_all_contradictions_are_told_at_once(first):
    draft = draft_of(first.guess, first.names)
    draft = replace(
        draft,
        parts={**draft.parts, "team_size": "owner"},
        tiers=({"name": "half", "margin": 1.0, "chosen": ["lock_in"]},),
    )
    with pytest.raises(SchemaError) as caught:
        schema_of(draft, {})
    said = str(caught.value)
    assert "'Sales person' can be one column alone, however: 'agent', 'team_size'" in said
    assert "'chosen' and 'rejected' go together" in said
    with pytest.raises(SchemaError, match="train_share must lie in"):
        schema_of(replace(draft, parts=draft.parts | {"team_size": "out"}, tiers=(), split={"train_share": 7.0}), {})


def test_a_draft_survives_as_json_and_forgets_columns_of_another_file(first):
    draft = replace(draft_of(first.guess, first.names), known_before=("team_size",))
    text = json.dumps(draft.to_dict())
    assert draft_from_dict(json.loads(text), first.names) == draft
    other = draft_from_dict(json.loads(text), ["lead_id", "new"])
    assert other.parts == {"lead_id": "lead_id", "new": "out"}
    assert other.known_before == ()


def test_presets_and_usual_tiers_leave_out_call_lengths_that_are_not_there(first):
    draft = draft_of(first.guess, first.names)
    assert [tier["name"] for tier in with_preset(draft, "recruiting").tiers][-1] == "soft_signal"
    silent = replace(draft, parts={**draft.parts, "call_seconds": "out"})
    assert all("by" not in tier for tier in with_preset(silent, "recruiting").tiers)
    assert all("by" not in tier for tier in with_usual_tiers(silent).tiers)
    assert with_usual_tiers(replace(silent, stages=())).tiers == ()
    with pytest.raises(SchemaError, match="preset must be one of"):
        with_preset(draft, "shoes")


def test_stages_of_a_column_chosen_by_hand_are_found_in_order():
    frame = pd.DataFrame({"y": ["0", "0", "1", "0"] * 30, "how_far": ["lost", "offer", "won", "call"] * 30})
    draft = with_found_stages(Draft({"y": "converted", "how_far": "stage"}), frame)
    assert (draft.stages[0], draft.stages[-1]) == ("lost", "won")
    assert set(draft.stages) == {"lost", "call", "offer", "won"}


def test_stages_are_added_moved_and_taken_out():
    draft = Draft({}, stages=("lost", "Test drive", "won"), tiers=({"chosen": ["won"], "rejected": ["lost"]},))
    frame = pd.DataFrame({"s": ["lost", "test_drive", "offer", "offer", "", "WON"]})
    assert strange_stages(frame, "s", draft.stages) == {"offer": 2}
    assert with_stage(draft, "offer").stages == ("lost", "Test drive", "offer", "won")
    assert with_stage(draft, "won") == draft == with_stage(draft, "  ")
    assert with_stage_moved(draft, "lost", -1).stages == draft.stages
    assert with_stage_moved(draft, "lost", 9).stages == ("Test drive", "won", "lost")
    less = without_stage(draft, "lost")
    assert (less.stages, less.tiers[0]["rejected"]) == (("Test drive", "won"), [])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"id\n1\n2\n", "one column alone"),
        (b"id,y\n1,0\n", "one lead alone"),
        (b"id,y\n", "no leads"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a picture"),
        (bytes(range(256)) * 40, "cannot read"),
    ],
)
def test_wrong_files_are_refused_in_words(content, said):
    with pytest.raises(ReadError, match=said):
        sketch(content)


def test_another_encoding_is_read():
    first = sketch("kunde;ort;y\n1;Köln;1\n2;Düren;0\n3;Jülich;0\n".encode("cp1252"))
    assert list(first.frame["ort"]) == ["Köln", "Düren", "Jülich"]


def test_only_the_first_rows_of_a_large_file_are_read(monkeypatch):
    monkeypatch.setattr(sketches, "SKETCH_ROWS", 10_000)
    lines = "\n".join(f"L{n},{n % 7},{n % 2}" for n in range(40_000))
    first = sketch(f"id,a,y\n{lines}\n".encode())
    assert (len(first.frame), first.whole) == (10_000, False)


def test_rows_are_found_by_the_number_that_a_spreadsheet_shows():
    lines = "\n".join(f"L{n},{n}" for n in range(12_000))
    found = rows_at(f"id,a\n{lines}\n".encode(), [2, 11_001, 3, 999_999, 1])
    assert found.index.tolist() == [2, 3, 11_001]
    assert found["id"].tolist() == ["L0", "L1", "L10999"]
    assert len(rows_at(b"id,a\n1,2\n3,4\n", [])) == 0


def test_rows_in_the_report_are_the_rows_that_are_found():
    content = b"id,a,y\n" + b"".join(b"%d,%d,%d\n" % (n, n, n % 2) for n in range(40)) + b"7,1,0\n"
    first = sketch(content)
    draft = Draft({"id": "lead_id", "a": "numeric", "y": "converted"})
    _, report = examine(first.frame, schema_of(draft, {}), need_outcome=True)
    (problem,) = [each for each in report.errors if each.column == "id"]
    assert rows_at(content, problem.rows)["id"].tolist() == ["7", "7"]


def test_rows_are_taken_evenly():
    assert evenly(pd.DataFrame({"a": range(100)}), 3)["a"].tolist() == [0, 49, 99]
    assert evenly(pd.DataFrame({"a": range(2)}), 3)["a"].tolist() == [0, 1]
