"""Files of the queue, read back by what will read them: a CSV parser, openpyxl, a JSON parser."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from core import exports
from core.data.leads import Leads
from core.errors import LeadRankError, NotComputable
from core.exports import LIMITS, to_csv, to_dynamics, to_excel, to_hubspot, to_salesforce, told_reasons
from core.queue.build import build_queue
from core.queue.store import Queue
from core.queue.view import View
from core.scores import Scores
from tests.made import make_leads

FORMULA = '=HYPERLINK("http://x","y")'


def rows(tmp_path: Path, ids: list[str], probability: float | None = None) -> pd.DataFrame:
    """Four leads as the queue gives them, formulas in names, ids, owners and a column's name."""
    made = make_leads(4)
    leads = Leads(made.roles.assign(lead_id=ids, owner="@cmd"), made.features, made.schema)
    shown = pd.DataFrame({"lead_id": ids, "=1+1": [FORMULA, "+49 30", "a;=2+2", "\x07bell\n=3"], "City": "N"})
    score = np.array([3.0, 2.0, 1.0, 0.0])
    chance = np.array([0.5, 0.25, 0.123456, 0.0]) if probability is None else np.full(4, probability)
    parts = {"part:city": np.array([1.0, -1, 1, 1]), "part:dialogue": np.array([0.5, 0.5, 0.5, -2])}
    build_queue(tmp_path / "q", Scores.ranked(np.array(ids, dtype=object), score, chance, **parts), leads, shown=shown)
    status = pd.DataFrame({"lead_id": ids[:1], "status": "open", "assigned_to": "", "note": FORMULA, "by": "-me"})
    return Queue(tmp_path / "q", status.assign(at=pd.Timestamp("2026-11-23 10:00"))).export(View(), capacity=2)


def parsed(data: bytes, encoding: str = "utf-8") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(encoding), newline="")))


def test_csv_holds_the_rows_shown_in_plain_words_and_no_formula(tmp_path: Path) -> None:
    frame = rows(tmp_path, ["=b", "-7", "c", "007"])
    header, *lines = parsed(to_csv(frame), "utf-8-sig")
    assert len(lines) == 4 and len(header) == len(frame.columns) == len(set(header))
    table = pd.DataFrame(lines, columns=header)
    assert table["Lead"].tolist() == ["'=b", "'-7", "c", "007"] and table["Rank"].tolist() == ["1", "2", "3", "4"]
    assert {"'=1+1", "City", "City (2)", "A"} <= set(header)
    assert table["'=1+1"].tolist() == ["'" + FORMULA, "'+49 30", "a;=2+2", "\x07bell =3"]
    assert table["Chance"].astype(float).tolist() == [0.5, 0.25, 0.123456, 0.0]
    assert table["Call today"].tolist() == ["yes", "yes", "no", "no"]
    assert table["Last note"].tolist() == ["'" + FORMULA, "", "", ""] and table["Noted by"].iloc[0] == "'-me"
    assert table["Noted at"].iloc[0].startswith("2026-11-23") and table["Noted at"].iloc[1] == ""
    assert table["Why: strongest reasons"].iloc[3].startswith("dialogue (-2); city: ")
    text = to_csv(frame).decode("utf-8-sig")
    assert '"a;=2+2"' in text, "a separator of another country must not split a text"
    assert '\n1,"\'=b",3.0,' in text, "numbers stay numbers"


def test_excel_holds_the_same_as_strings_numbers_and_dates(tmp_path: Path) -> None:
    frame = rows(tmp_path, ["=b", "#N/A", "c", "007"])
    sheet = openpyxl.load_workbook(io.BytesIO(to_excel(frame))).active
    header, *lines = list(sheet.iter_rows())
    assert {cell.data_type for line in (header, *lines) for cell in line} <= {"s", "inlineStr", "n", "d"}
    at = {cell.value: number for number, cell in enumerate(header)}
    assert [line[at["Lead"]].value for line in lines] == ["=b", "#N/A", "c", "007"]
    assert [line[at["=1+1"]].value for line in lines] == [FORMULA, "+49 30", "a;=2+2", "bell =3"]
    assert [line[at["Rank score"]].value for line in lines] == [3, 2, 1, 0]
    assert lines[0][at["Date"]].is_date and lines[0][at["Noted at"]].is_date and lines[1][at["Noted at"]].value is None
    assert lines[0][at["Rank before"]].value is None and sheet.freeze_panes == "A2"


def test_salesforce_reads_ids_of_its_own_or_an_external_id(tmp_path: Path) -> None:
    own = [f"00Q5g00000ABCde{i:03d}" for i in range(4)]
    header, *lines = parsed(to_salesforce(rows(tmp_path, own)))
    assert header == ["Id", "Lead_Score__c", "Lead_Rank__c", "Lead_Score_Reason__c"]
    assert [line[:3] for line in lines] == [
        [own[0], "50.0", "1"],
        [own[1], "25.0", "2"],
        [own[2], "12.35", "3"],
        [own[3], "0.0", "4"],
    ]
    other = parsed(to_salesforce(rows(tmp_path, ["b", "L2", "L3", "L4"])))
    assert [line[0] for line in other] == ["Lead_Id__c", "b", "L2", "L3", "L4"]
    assert not to_salesforce(rows(tmp_path, own)).startswith(b"\xef\xbb\xbf")


def test_hubspot_reads_record_ids_or_a_property_of_ones_own(tmp_path: Path) -> None:
    header, *lines = parsed(to_hubspot(rows(tmp_path, ["101", "102", "103", "104"])))
    assert header == ["Record ID", "Lead score", "Lead rank", "Lead score reason"]
    assert [line[0] for line in lines] == ["101", "102", "103", "104"] and lines[0][3].startswith("city: ")
    assert parsed(to_hubspot(rows(tmp_path, ["101", "102", "103", "x"])))[0][0] == "Lead ID"


@pytest.mark.parametrize("odd", ["-104", "@x", "=b", " +4"])
def test_an_id_that_would_be_changed_is_refused_where_it_has_to_find_a_record(tmp_path: Path, odd: str) -> None:
    frame = rows(tmp_path, ["101", odd, "103", "104"])
    for make in (to_salesforce, to_hubspot):
        with pytest.raises(LeadRankError, match=r"1 of 4 do, such as '.*take CSV or Excel"):
            make(frame)
    assert any(f"'{odd}" in line for line in parsed(to_csv(frame))[2])


def test_dynamics_reads_predictive_scores(tmp_path: Path) -> None:
    ids = [f"00AA00AA-bb11-cc22-dd33-44ee44ee44e{i}" for i in range(4)]
    frame = rows(tmp_path, ids)
    frame["trend"] = ["improving", "steady", "declining", "new"]
    records = json.loads(to_dynamics(frame, 4))
    assert [r["msdyn_entityid"] for r in records] == [name.lower() for name in ids]
    assert [r["msdyn_score"] for r in records] == [50, 25, 12, 0]
    assert [r["msdyn_scoretrend"] for r in records] == [0, 1, 2, 3] and [r["msdyn_grade"] for r in records] == [
        0,
        1,
        2,
        3,
    ]
    assert {r["msdyn_entitytype"] for r in records} == {"lead"} and records[3]["msdyn_scorereasons"].startswith(
        "dialogue"
    )
    assert [r["msdyn_grade"] for r in json.loads(to_dynamics(frame, 4000))] == [0, 0, 0, 0]
    with pytest.raises(LeadRankError, match=r"by its GUID.*'L2' is none"):
        to_dynamics(rows(tmp_path, [ids[0], "L2", "L3", "L4"]), 4)


def test_a_score_without_a_chance_is_not_made_up(tmp_path: Path) -> None:
    frame = rows(tmp_path, ["1", "2", "3", "4"], probability=np.nan)
    for make in (to_salesforce, to_hubspot):
        with pytest.raises(NotComputable, match="4 of 4 leads have none"):
            make(frame)
    assert len(parsed(to_csv(frame))) == 5


def test_each_target_says_when_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = rows(tmp_path, ["1", "2", "3", "4"])
    monkeypatch.setattr(exports, "LIMITS", dict.fromkeys(LIMITS, 3))
    for make in (to_csv, to_excel, to_salesforce, to_hubspot, lambda frame: to_dynamics(frame, 4)):
        with pytest.raises(LeadRankError, match="takes at most 3 leads, however: 4 are shown"):
            make(frame)
    assert LIMITS["salesforce"] == 50_000 and LIMITS["excel"] == 2**20 - 1


def test_a_view_without_rows_is_a_file_with_a_header(tmp_path: Path) -> None:
    none = rows(tmp_path, ["1", "2", "3", "4"]).iloc[:0]
    assert len(parsed(to_csv(none))) == len(parsed(to_salesforce(none))) == 1
    assert openpyxl.load_workbook(io.BytesIO(to_excel(none))).active.max_row == 1 and to_dynamics(none, 4) == b"[]"


def test_reasons_on_one_line() -> None:
    assert told_reasons("") == "" and told_reasons('[["a b", "x", -0.12345]]') == "a b: x (-0.123)"
