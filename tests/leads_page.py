"""The Leads page as AppTest opens it, files to bring in, and what stands on it, for tests of its parts."""

import io
from pathlib import Path
from typing import Any

import pandas as pd
from streamlit.testing.v1 import AppTest

from core import drafts

ROOT = Path(__file__).resolve().parents[1]


COLUMNS = [
    "lead_id",
    "agent",
    "snapshot_time",
    "team_size",
    "channel",
    "dialogue",
    "stage",
    "call_seconds",
    "converted",
]


def table(rows: int = 200) -> pd.DataFrame:
    """Leads of the sample, evenly over its time, a few columns, with a name that no model may see."""
    sample = pd.read_csv(ROOT / "sample_data" / "leads.csv", dtype=str, keep_default_na=False, usecols=COLUMNS)
    found = sample[COLUMNS].iloc[:: 4000 // rows]
    return found.assign(name=[f"Person {n}" for n in range(len(found))])


def csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False, sep=";").encode()


def leads(upload: str | None = None, role: str | None = None) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    if role:
        at.secrets["auth"] = {"x": "y"}
        at.secrets["roles"] = {"ana@example.com": role}
        at.user = {"is_logged_in": True, "email": "ana@example.com"}
    at = at.run().switch_page("pages/leads.py")
    if upload:
        at.query_params["upload"] = upload
    return sound(at.run())


def sound(at: AppTest) -> AppTest:
    assert not at.exception, [e.message for e in at.exception]
    return at


def click(at: AppTest, label: str) -> AppTest:
    return sound(next(b for b in at.button if b.label == label).click().run())


def guessed(at: AppTest) -> dict[str, dict[str, Any]]:
    """The table of columns, by column, with the place of each."""
    rows = at.data_editor[0].value.to_dict("records")
    return {str(row["column"]): {str(k): v for k, v in row.items()} | {"place": n} for n, row in enumerate(rows)}


def upload(at: AppTest, name: str, content: bytes) -> AppTest:
    at.file_uploader[0].upload(name, content)
    return sound(at.run())


def words(at: AppTest) -> str:
    kinds = (at.text, at.caption, at.markdown, at.error, at.warning, at.info, at.success)
    return "\n".join(str(each.value) for kind in kinds for each in kind).replace("\\", "").replace("\u2060", "")


def take_in(ws, content: bytes, name: str = "May.csv") -> str:
    return drafts.take_in(ws, name, io.BytesIO(content), by="x", limit_bytes=1 << 24).id


SAID = "Customer: Hi, this is Oskar Meyer, call me on 0171 2345678 please."
