"""Validation: clean files pass, and every planted fault is found with its column, rows and remedy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.data.problems import Report
from core.data.schema import ROW_NUMBER, parse_schema
from core.data.validation import load_leads, validate
from core.errors import ReadError, ValidationError
from tests.core.data.spoilt import NOW, SCHEMA, changed, one, report, table


def test_a_clean_file_has_no_problems_and_keeps_only_the_schema_s_columns():
    leads, found = validate(table(), SCHEMA, need_outcome=True, now=NOW)
    assert found == Report(400, (), ())
    assert list(leads.features) == ["age", "city", "title"]
    assert leads.stage[:3].tolist() == [2, 1, 0] and leads.converted[:2].tolist() == [1.0, 0.0]
    assert leads.dialogue[1] == "客户: 你好\n专家: 您好\nAgent: call 1"
    assert leads.roles["snapshot_time"].max() == pd.Timestamp("2025-04-01")


@pytest.mark.parametrize("size", [23, 399])
def test_chunks_give_the_same_leads_and_rows_as_the_whole(size):
    frame = changed("age", {3: "old", 250: "young"})
    frame["when"] = frame["when"].where(frame.index % 2 == 0, "03/04/2025")
    frame.loc[398, "when"] = "04/30/2025"  # only the last chunk tells that the month comes first
    seen: list[int] = []
    chunks = (frame.iloc[start : start + size] for start in range(0, len(frame), size))
    leads, found = validate(chunks, SCHEMA, on_progress=seen.append, now=NOW)
    whole, found_whole = validate(frame, SCHEMA, now=NOW)
    assert leads.content_hash == whole.content_hash and found == found_whole
    assert leads.roles["snapshot_time"][1] == pd.Timestamp("2025-03-04")
    assert one(found.warnings, "not a number").rows == (5, 252)
    assert seen[-1] == 400 and len(seen) == -(-400 // size)


def test_every_fault_is_reported_at_once():
    frame = table().drop(columns=["city"]).rename(columns={"talk_2": "Talk2"})
    frame.loc[3, "id"] = ""
    frame.loc[[5, 6], "id"] = "L5"
    frame.loc[7, "when"] = "2025-13-45"
    frame.loc[8, "won"] = "perhaps"
    frame.loc[9, "stage"] = "nirvana"
    frame["age"] = "old"
    with pytest.raises(ValidationError) as raised:
        validate(frame, SCHEMA, need_outcome=True, now=NOW)
    lines = raised.value.problems
    wanted = {
        "column 'city'": "no such column",
        "column 'talk_2'": "did you mean 'Talk2'?",
        "column 'when'": "'2025-13-45' (row 9)",
        "column 'won'": "'perhaps' (row 10)",
        "column 'stage'": "'nirvana' (row 11); write one of the schema's stages (lost, test drive, lock-in)",
        "column 'age'": "and 390 more",
    }
    for column, words in wanted.items():
        assert [words in line for line in lines if line.startswith(column)] == [True], (column, lines)
    assert any("empty (row 5)" in line for line in lines)
    assert any("'L5' (rows 7, 8)" in line for line in lines)
    assert len(lines) == 8 and "\n" not in "".join(lines)


def test_scoring_asks_for_ids_features_and_dialogue_only():
    frame = table()[["id", "age", "city", "title", "talk_1", "talk_2"]]
    leads, found = validate(frame.head(1), SCHEMA)
    assert found == Report(1, (), ())
    assert np.isnan(leads.converted).all() and (leads.stage == -1).all() and (leads.roles["owner"] == "").all()
    with pytest.raises(ValidationError, match="'age'"):
        validate(frame.drop(columns="age"), SCHEMA)


def test_scoring_forgives_faults_in_what_it_does_not_read():
    frame = table(3).assign(won="perhaps", stage="nirvana", when="soon")
    found = report(frame, need_outcome=False)
    assert not found.errors and len(found.warnings) == 3


def test_a_file_without_ids_is_numbered():
    schema = parse_schema(f'[roles]\nlead_id = "{ROW_NUMBER}"\n[features]\nnumeric = ["age"]')
    frame = table(5)
    leads, _ = validate([frame.iloc[:3], frame.iloc[3:]], schema)
    assert leads.lead_id.tolist() == list("12345")


def test_a_lead_without_customer_stands_alone():
    leads, _ = validate(changed("customer", {0: "", 1: " "}), SCHEMA)
    assert leads.roles["customer_id"].tolist()[:4] == ["L0", "L1", "C1", "C1"]


def test_types_of_excel_and_parquet_are_read_as_they_are():
    frame = table().astype({"age": "int64", "seconds": "float64"})
    frame["when"] = pd.to_datetime(frame["when"])
    frame["won"] = frame["won"] == "yes"
    typed, found = validate(frame, SCHEMA, need_outcome=True, now=NOW)
    assert found == Report(400, (), ())
    assert typed.content_hash == validate(table(), SCHEMA)[0].content_hash


def test_files_are_read_from_a_path_and_from_bytes(tmp_path):
    frame = table()
    frame.to_csv(tmp_path / "leads.csv", index=False)
    frame.to_parquet(tmp_path / "leads.parquet")
    seen: list[float] = []
    path, _ = load_leads(tmp_path / "leads.csv", SCHEMA, need_outcome=True, now=NOW, on_progress=seen.append)
    data, _ = load_leads((tmp_path / "leads.parquet").read_bytes(), SCHEMA, need_outcome=True, now=NOW)
    assert path.content_hash == data.content_hash == validate(frame, SCHEMA)[0].content_hash
    assert seen[-1] == 1.0
    with pytest.raises(ReadError):
        load_leads(tmp_path / "none.csv", SCHEMA)


def test_a_file_that_fits_nothing_names_every_column(tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValidationError) as raised:
        load_leads(tmp_path / "other.csv", SCHEMA, need_outcome=True)
    (missing,) = [line for line in raised.value.problems if "no such column" in line]
    assert all(repr(name) in missing for name in SCHEMA.columns()) and "take them out of the schema" in missing


def test_a_model_keeps_its_columns_whatever_is_done_to_a_schema():
    frame = table(30)[["id", "talk_1", "talk_2", "title"]]
    missing, words = [
        str(report(frame.assign(**more), need_outcome=False).errors[0]) for more in ({}, {"city": "Ulm", "age": "old"})
    ]
    assert missing.endswith(
        "add the columns, take them out of a schema of your own, or train a model that does without them"
    )
    assert "name it under features.categorical or text; a model that was trained on numbers has to be trained" in words
