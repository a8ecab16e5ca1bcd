"""Rows of the queue as files: for people (CSV, Excel) and for the import of a CRM (Salesforce, HubSpot, Dynamics).

Every function takes the frame that `Queue.export` or `Queue.page` gave and writes exactly its rows, in its order; the
CRM files tell the score, the rank and the reasons alone, beside the key that finds the record. No text in CSV can act
as a spreadsheet formula (see `core.data.formulas`), none in Excel is one; numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from core.data.formulas import neutral
from core.errors import LeadRankError, NotComputable
from core.queue.store import reasons_of
from core.queue.titles import column_words

LIMITS = {"csv": 1_048_575, "excel": 1_048_575, "salesforce": 50_000, "hubspot": 1_048_575, "dynamics": 50_000}
"""Leads that one file takes. Excel: rows of a sheet, less the header; CSV: the same, since it is opened there.
Salesforce: Data Import Wizard. HubSpot: its import page. Dynamics: ours; each lead is a request of its own, which for
more is work for a data pipeline rather than for a download."""
REASON = 255
"""Characters of the reasons in a CRM: what a text field of Salesforce holds."""
CELL = 32_767
"""Characters that a cell of Excel holds."""
SALESFORCE_ID = r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?"
GUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
TRENDS = {"improving": 0, "steady": 1, "declining": 2}
"""Choices of msdyn_scoretrend; 3 is "not enough info"."""


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """The same rows with the names that the screen shows, each once; yes and no for true and false, reasons as a text.

    Example:
        >>> readable(pd.DataFrame({"rank": [1], "field:city_name": ["Bonn"], "call_today": [True]})).to_dict("list")
        {'Rank': [1], 'City name': ['Bonn'], 'Call today': ['yes']}
    """
    columns: dict[str, pd.Series] = {}
    for name in frame.columns:
        told = column_words(str(name)) or "Column"
        number = 2
        unique = told
        while unique in columns:
            unique, number = f"{told} ({number})", number + 1
        values = frame[name]
        if name == "reasons":
            values = values.map(told_reasons)
        elif pd.api.types.is_bool_dtype(values):
            values = values.map({True: "yes", False: "no"})
        columns[unique] = values
    return pd.DataFrame(columns, index=frame.index)


def told_reasons(reasons: str) -> str:
    """The reasons of a row on one line; "+" speaks for the lead, "-" against it.

    Example:
        >>> told_reasons('[["city", "Bonn", 0.4], ["dialogue", "", -1.5]]')
        'city: Bonn (+0.4); dialogue (-1.5)'
    """
    return "; ".join(
        f"{name}{f': {value}' if value else ''} ({much:+.3g})" for name, value, much in reasons_of(reasons)
    )


def to_csv(frame: pd.DataFrame) -> bytes:
    """Comma-separated UTF-8 with the mark by which Excel knows it; every text in quotes, so that no separator of
    another country splits it.

    Raises:
        LeadRankError: more rows than `LIMITS["csv"]`.
    """
    _within("csv", frame)
    return safe_csv(readable(frame), "utf-8-sig")


def to_excel(frame: pd.DataFrame) -> bytes:
    """One sheet, "Leads", header frozen. A text that looks like a formula stays the text it is.

    Raises:
        LeadRankError: more rows than a sheet has.
    """
    _within("excel", frame)
    told = readable(frame)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Leads")
    sheet.freeze_panes = "A2"

    def cell(value: Any) -> Any:
        if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and not np.isfinite(value)):
            return None
        if isinstance(value, pd.Timestamp):
            return value.tz_localize(None).to_pydatetime()
        if not isinstance(value, str):
            return value
        made = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value)[:CELL])
        made.data_type = "s"  # openpyxl would take "=..." for a formula and "#N/A" for an error
        return made

    sheet.append([cell(str(name)) for name in told.columns])
    for row in zip(*(told[name].astype(object) for name in told.columns), strict=True):
        sheet.append([cell(value) for value in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def to_salesforce(frame: pd.DataFrame) -> bytes:
    """CSV for the Data Import Wizard ("Update existing records", object Lead) or the Data Loader: UTF-8, commas.

    Header: `Id`, the record's 15 or 18 characters, where all lead ids look like one, otherwise `Lead_Id__c`; then
    `Lead_Score__c`, the chance of an order in percent, 0 to 100, `Lead_Rank__c`, whole, and `Lead_Score_Reason__c`. An
    administrator adds these once to the object Lead: Number(5, 2), Number(9, 0), Text(255), and Lead_Id__c, where it is
    used, as Text marked "External ID". Source: Salesforce Help, "Data Import Wizard".

    Raises:
        LeadRankError: more than 50,000 leads; a lead id that begins like a formula.
        NotComputable: leads without a calibrated probability.
    """
    _within("salesforce", frame)
    _findable(frame)
    key = "Id" if _all_like(frame, SALESFORCE_ID) else "Lead_Id__c"
    return safe_csv(_scored(frame, (key, "Lead_Score__c", "Lead_Rank__c", "Lead_Score_Reason__c")), "utf-8")


def to_hubspot(frame: pd.DataFrame) -> bytes:
    """CSV for HubSpot's import ("update existing records"): one file, one object, UTF-8, commas.

    Header: `Record ID`, where all lead ids are whole numbers as HubSpot gives them, otherwise `Lead ID`, which is then
    a property of your own that requires unique values; `Lead score`, the chance of an order in percent, 0 to 100, `Lead
    rank` (numbers) and `Lead score reason` (text): three properties to be created once under these labels. Source:
    HubSpot knowledge base, "Set up your import files".

    Raises:
        LeadRankError: more leads than a file may have; a lead id that begins like a formula.
        NotComputable: leads without a calibrated probability.
    """
    _within("hubspot", frame)
    _findable(frame)
    key = "Record ID" if _all_like(frame, r"[0-9]{1,19}") else "Lead ID"
    return safe_csv(_scored(frame, (key, "Lead score", "Lead rank", "Lead score reason")), "utf-8")


def to_dynamics(frame: pd.DataFrame, leads: int) -> bytes:
    """JSON list of `msdyn_predictivescores`, one object per lead; `leads` is the length of the whole queue.

    Each object is the body of one `POST /api/data/v9.2/msdyn_predictivescores` (at most 1,000 go into one $batch):
    `msdyn_score`, the chance of an order in whole percent; `msdyn_scoretrend` 0 improving, 1 steady, 2 declining, 3 not
    enough info; `msdyn_grade` 0 to 3, A to D, the quarter of the queue that the lead stands in; `msdyn_scorereasons`;
    `msdyn_entityid`, the lead's GUID, and `msdyn_entitytype`. A lead that has a score already is updated by PATCH on
    msdyn_predictivescores(msdyn_entityid='...',msdyn_entitytype='lead'). Source: Microsoft Learn, "Populate predictive
    scores using custom scoring model" and the table's reference.

    Raises:
        LeadRankError: lead ids that are no GUIDs; too many leads.
        NotComputable: leads without a calibrated probability.
    """
    _within("dynamics", frame)
    if not _all_like(frame, GUID):
        odd = frame["lead_id"][~frame["lead_id"].astype(str).str.fullmatch(GUID)].iloc[0]
        raise LeadRankError(
            "Dynamics finds a lead by its GUID, such as 00aa00aa-bb11-cc22-dd33-44ee44ee44ee, however: the lead id "
            f"'{str(odd)[:60]}' is none; load leads whose id column is Dynamics' own leadid"
        )
    grade = np.minimum((frame["rank"].to_numpy() - 1) * 4 // max(leads, 1), 3)
    records = [
        {
            "msdyn_score": round(points),
            "msdyn_scoretrend": TRENDS.get(trend, 3),
            "msdyn_grade": int(letter),
            "msdyn_scorereasons": told_reasons(reasons),
            "msdyn_entityid": str(lead_id).lower(),
            "msdyn_entitytype": "lead",
        }
        for points, trend, letter, reasons, lead_id in zip(
            _percent(frame), frame["trend"], grade, frame["reasons"], frame["lead_id"], strict=True
        )
    ]
    return json.dumps(records, ensure_ascii=False, indent=1).encode()


def _scored(frame: pd.DataFrame, names: tuple[str, str, str, str]) -> pd.DataFrame:
    values = (frame["lead_id"], _percent(frame), frame["rank"], frame["reasons"].map(told_reasons).str.slice(0, REASON))
    return pd.DataFrame({name: np.asarray(value) for name, value in zip(names, values, strict=True)})


def _percent(frame: pd.DataFrame) -> np.ndarray:
    chance = frame["probability"].to_numpy(dtype=float)
    if not np.isfinite(chance).all():
        raise NotComputable(
            "a score from 0 to 100 is the calibrated chance of an order, however: "
            f"{int((~np.isfinite(chance)).sum())} of {len(chance)} leads have none; score with a calibrated model, or "
            "take CSV"
        )
    return np.round(100 * chance, 2)


def like_formulas(lead_ids: pd.Series) -> pd.Series:
    """Those of the lead ids that begin like a formula.

    A spreadsheet could run them, and with the quote mark that keeps it from doing so no other system finds its record.

    Example:
        >>> like_formulas(pd.Series(["104", "-104", "@x"])).tolist()
        ['-104', '@x']
    """
    ids = lead_ids.astype(str)
    return ids[neutral(ids) != ids]


def _findable(frame: pd.DataFrame) -> None:
    odd = like_formulas(frame["lead_id"])
    if len(odd):
        raise LeadRankError(
            "this file finds a record by its lead id, which must not begin like a formula (with =, +, - or @), "
            f"however: {len(odd)} of {len(frame)} do, such as '{odd.iloc[0][:60]}'; take CSV or Excel, or bring "
            "the leads in with the ids of that system"
        )


def _within(kind: str, frame: pd.DataFrame) -> None:
    if len(frame) > LIMITS[kind]:
        raise LeadRankError(
            f"this kind of file takes at most {LIMITS[kind]:,} leads, however: {len(frame):,} are shown; "
            "narrow them with a filter, or take only the leads to call"
        )


def _all_like(frame: pd.DataFrame, pattern: str) -> bool:
    return bool(frame["lead_id"].astype(str).str.fullmatch(pattern).all())


def safe_csv(frame: pd.DataFrame, encoding: str) -> bytes:
    """The frame as it is, under its own names; no text of it, headers too, can act as a spreadsheet formula.

    Example:
        >>> print(safe_csv(pd.DataFrame({"=name": ["-1+1"], "price": [-1.5]}), "utf-8").decode().strip())
        "'=name","price"
        "'-1+1",-1.5
    """
    safe = frame.copy(deep=False)
    for name in frame.columns:
        values = frame[name]
        if not pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_datetime64_any_dtype(values):
            safe[name] = neutral(values.fillna(""))
    header = neutral(pd.Series(safe.columns, dtype=object)).tolist()
    return safe.to_csv(index=False, header=header, quoting=csv.QUOTE_NONNUMERIC).encode(encoding)
