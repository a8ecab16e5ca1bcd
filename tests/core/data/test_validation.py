"""Validation: clean files pass, and every planted fault is found with its column, rows and remedy."""

import json

import numpy as np
import pandas as pd
import pytest

from core.data.schema import ROW_NUMBER, Schema, parse_schema
from core.data.validation import SHOWN_ROWS, Problem, Report, examine, load_leads, validate
from core.errors import ReadError, ValidationError

SCHEMA = parse_schema(
    """
[roles]
lead_id = "id"
customer_id = "customer"
owner = "agent"
snapshot_time = "when"
converted = "won"
stage = "stage"
call_seconds = "seconds"
dialogue = ["talk_1", "talk_2"]
[features]
numeric = ["age"]
categorical = ["city"]
text = ["title"]
[split]
maturity_days = 30
[funnel]
stages = ["lost", "test drive", "lock-in"]
[[funnel.tiers]]
name = "top"
margin = 1.0
chosen = ["lock-in"]
rejected = ["lost"]
"""
)
NOW = pd.Timestamp("2025-06-01")


def table(rows: int = 400) -> pd.DataFrame:
    """A clean file, cells as text: a quarter converted, one lead every six hours, the newest 60 days before NOW."""
    number = np.arange(rows)
    days = pd.Timestamp("2025-04-01") - pd.to_timedelta((rows - 1 - number) * 6, unit="h")
    won = number % 4 == 0
    return pd.DataFrame(
        {
            "id": [f"L{n}" for n in number],
            "customer": [f"C{n // 2}" for n in number],
            "agent": "Kim",
            "when": days.strftime("%Y-%m-%d %H:%M"),
            "won": np.where(won, "yes", "no"),
            "stage": np.where(won, "Lock in", np.where(number % 4 == 1, "TEST_DRIVE", "lost")),
            "seconds": (number % 90).astype(str),
            "talk_1": "客户:你好｜专家:您好",
            "talk_2": [f"Agent: call {n}" for n in number],
            "age": (20 + number % 50).astype(str),
            "city": np.where(number % 3 == 0, "Ulm", "Bonn"),
            "title": [f"a title of lead {n}" for n in number],
            "more": "not in the schema",
        }
    )


def changed(column: str, cells: dict[int, str], rows: int = 400) -> pd.DataFrame:
    frame = table(rows)
    for row, cell in cells.items():
        frame.loc[row, column] = cell
    return frame


def report(frame: pd.DataFrame, schema: Schema = SCHEMA, **options) -> Report:
    return examine(frame, schema, **{"need_outcome": True, "now": NOW} | options)[1]


def one(problems: tuple[Problem, ...], words: str) -> Problem:
    fitting = [problem for problem in problems if words in problem.message]
    assert len(fitting) == 1, [str(problem) for problem in problems]
    return fitting[0]


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


def test_ten_rows_are_shown_and_all_are_counted():
    frame = table()
    frame["age"] = np.where(frame.index < 150, "old", frame["age"])
    problem = one(report(frame).warnings, "not a number")
    assert problem.rows == tuple(range(2, 2 + SHOWN_ROWS)) and problem.count == 150
    assert "and 140 more" in str(problem)
    assert json.loads(json.dumps(problem.to_dict())) == {
        "column": "age",
        "message": "not a number, such as 'old'",
        "remedy": problem.remedy,
        "rows": list(problem.rows),
        "count": 150,
    }


@pytest.mark.parametrize(
    ("frame", "words", "rows"),
    [
        (changed("talk_1", {4: ""}).assign(talk_2=lambda f: f["talk_2"].where(f.index != 4, "")), "no dialogue", (6,)),
        (changed("when", {4: "2025-05-20"}), "younger than maturity_days", (6,)),
        (changed("when", {4: "2031-01-01"}), "future", (6,)),
        (changed("when", {4: ""}), "no date", (6,)),
        (changed("won", {4: ""}), "outcome is empty", (6,)),
        (changed("stage", {1: "lock-in"}), "deepest stage", (3,)),
        (changed("stage", {4: "lost"}), "shallowest stage", (6,)),
        (table().assign(city="Ulm"), "same value", ()),
        (table().assign(city=table()["id"]), "400 different values", ()),
        (table(200), "too few for narrow intervals", ()),
        (table().assign(when="03/04/2025"), "day first", ()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_doubts_are_warnings_with_their_rows(frame, words, rows):
    found = report(frame)
    assert not found.errors
    assert one(found.warnings, words).rows == rows


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (table().assign(won="no", stage="lost"), "both outcomes are needed"),
        (table().assign(won=["yes"] * 9 + ["no"] * 391), "10 converted and 10 other leads are needed"),
        (table().iloc[:0], "no leads"),
        (table().drop(columns="won"), "no such column"),
        (table().assign(when="2025-05-31"), "both outcomes are needed"),
    ],
)
def test_what_cannot_train_is_an_error(frame, words):
    one(report(frame).errors, words)


def test_a_smaller_number_of_each_outcome_can_be_allowed():
    frame = table().assign(won=["yes"] * 2 + ["no"] * 398, stage="")
    assert not report(frame, least_of_each_class=1).errors


def test_training_without_an_outcome_role_says_so():
    schema = parse_schema('[roles]\nlead_id = "id"\n[features]\nnumeric = ["age"]')
    assert "roles.converted is not set" in one(report(table(), schema).errors, "roles.converted").message


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


def test_tiers_that_can_make_no_pairs_are_said():
    schema = parse_schema(
        '[roles]\nlead_id = "id"\nconverted = "won"\n[features]\nnumeric = ["age"]\n[funnel]\nstages = ["a", "b"]\n'
        '[[funnel.tiers]]\nname = "soft"\nmargin = 0.1\nby = "call_seconds"\n'
        '[[funnel.tiers]]\nname = "top"\nmargin = 1.0\nchosen = ["b"]\nrejected = ["a"]'
    )
    warnings = report(table(), schema).warnings
    assert "call_seconds" in one(warnings, "'soft'").message and "stage" in one(warnings, "'top'").message


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
    missing = [line for line in raised.value.problems if "no such column" in line]
    assert len(missing) == len(SCHEMA.columns())
