"""The lists of the Leads page: datasets, and files that are not finished."""

import gzip
import io
import tarfile
from datetime import timedelta
from typing import Any

from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from core.jobs import ledger
from core.workspace import datasets
from core.workspace.audit import audit_trail
from core.workspace.ids import utc_now
from core.workspace.tables import Job
from core.workspace.uploads import keep_upload, uploads
from tests.kept import keep_leads
from tests.leads_page import SAID, click, csv, leads, sound, table, take_in, words


def looking(id):
    from functools import partial

    from pages._datasets import dataset_rows
    from pages._report import show_rows

    show_rows(partial(dataset_rows, id), (2, 9), "dialogue", id)


def test_names_in_rows_of_a_dataset_show_only_on_request_which_is_recorded(folder):
    ws, dataset, _ = keep_leads(folder, dialogue=SAID)
    at = AppTest.from_function(looking, default_timeout=60, kwargs={"id": dataset.id}).run()
    assert "Oskar" not in at.dataframe[0].value.to_string() and "[phone]" in str(at.dataframe[0].value.to_dict())
    assert at.dataframe[0].value["row"].tolist() == [2, 9]
    at.toggle[0].set_value(True).run()
    assert at.dataframe[0].value["dialogue"].iat[0] == SAID
    (event,) = audit_trail(ws, what="names shown")
    assert (event.subject, event.details) == (dataset.id, {"rows": [2, 9]})


def test_a_dataset_is_renamed_and_put_away(ws, at_once):
    at = click(leads(take_in(ws, csv(table(1000)))), "Check and save")
    (dataset,) = datasets.datasets(ws)
    at = leads()
    at.text_input(key=f"name_{dataset.id}").set_value("June")
    at = click(at, "Rename")
    assert datasets.dataset(ws, dataset.id).name == "June" and "June" in [t.value for t in at.text]
    at = click(at, "Put it away")
    assert datasets.datasets(ws) == []
    assert "June" not in [t.value for t in at.text]
    at = sound(at.toggle[0].set_value(True).run())
    at = click(at, "Bring it back")
    assert [each.name for each in datasets.datasets(ws)] == ["June"]


def test_a_file_is_deleted_with_its_draft(ws):
    at = click(leads(take_in(ws, csv(table()))), "Delete this file")
    assert uploads(ws) == [] and list((ws.folder / "uploads").iterdir()) == []
    assert "Nothing is here yet" in words(at)


def checking(ws, upload_id: str, **values: Any) -> Job:
    """A check of the file as another process left it."""
    made = ledger.insert(ws, "import", {"upload_id": upload_id}, "bo", "Checking")
    with ws.session() as session:
        session.execute(update(Job).where(Job.id == made.id).values(**values))
    return made


def test_a_file_stays_while_it_is_checked(ws):
    id = take_in(ws, csv(table()))
    drawn = leads()
    checking(ws, id, heartbeat=utc_now())
    assert next(b for b in leads().button if b.label == "Delete the file").disabled
    at = sound(drawn.button(key=f"delete_{id}").click().run())  # the page was drawn before the check began
    assert "waits to be checked" in words(at) and [each.id for each in uploads(ws)] == [id]


def test_a_check_that_was_killed_is_not_said_to_run(ws):
    long_ago = utc_now() - timedelta(minutes=10)
    dead = {"state": "running", "started": long_ago, "heartbeat": long_ago, "host": "elsewhere", "pid": 1}
    checking(ws, take_in(ws, csv(table())), **dead)
    told = [each.value for each in leads().text]
    assert any(value.endswith("the check was interrupted") for value in told), told


def test_a_packed_model_is_no_file_of_leads(ws):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as packed:
        packed.addfile(tarfile.TarInfo("run/card.json"), io.BytesIO())
    keep_upload(ws, "model.tar.gz", io.BytesIO(out.getvalue()), "bo", 1 << 20)
    gzipped = keep_upload(ws, "leads.csv.gz", io.BytesIO(gzip.compress(csv(table()))), "bo", 1 << 20)
    at = leads()
    assert [b.key for b in at.button if b.label == "Delete the file"] == [f"delete_{gzipped.id}"]
