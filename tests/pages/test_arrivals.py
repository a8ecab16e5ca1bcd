import io

from core.archives import pack_run
from core.jobs import ledger, processes, records
from core.workspace.uploads import keep_upload, uploads
from tests.models_page import ROOT, click, labels, models


def test_an_archive_is_kept_and_loaded_by_a_job(ws, monkeypatch):
    started = []

    def start(arguments, *more):
        started.append(arguments)
        return 1

    monkeypatch.setattr(processes, "start", start)
    at = models()
    packed = pack_run(ROOT / "sample_data" / "model")
    at.file_uploader[0].upload("../../model.zip", packed)
    at.text_input(key="load_name").set_value("From elsewhere")
    at = click(at.run(), "Load the file")
    (job,) = records.jobs(ws, kind="load_run")
    (kept,) = uploads(ws)
    assert job.request == {"upload_id": kept.id, "name": "From elsewhere"} and kept.bytes == len(packed)
    assert started == [["job", job.id]]


def test_an_archive_whose_loading_was_stopped_is_loaded_again_or_deleted(ws, monkeypatch):
    monkeypatch.setattr(processes, "start", lambda *arguments: 1)
    kept = keep_upload(ws, "north.tar.gz", io.BytesIO(b"PK\x03\x04 cut off"), "bo", 1 << 20)
    first = records.submit(ws, "load_run", {"upload_id": kept.id, "name": "North"}, by="bo", label="Loading")
    assert not {"Load it", "Delete it"} & set(labels(models()))  # at work
    assert ledger.end(ws, first.id, "interrupted", "", expected=("queued",))
    at = models()
    assert any(each.value.startswith("north.tar.gz\n") for each in at.text)
    click(at, "Load it")
    second = records.jobs(ws, kind="load_run", active=True)[0]
    assert second.id != first.id and second.request == first.request
    assert ledger.end(ws, second.id, "interrupted", "", expected=("queued",))
    click(models(), "Delete it")
    assert uploads(ws) == []


def test_a_model_of_the_server_is_loaded_by_name(ws, monkeypatch, tmp_path):
    monkeypatch.setattr(processes, "start", lambda *arguments: 1)
    monkeypatch.setenv("LEADRANK_MODELS", str(tmp_path / "models"))
    at = models()
    at.segmented_control(key="load_way").set_value("From the server").run()
    at = click(at, "Load this model")
    (job,) = records.jobs(ws, kind="load_run")
    assert job.request["folder_name"] == "sample"
