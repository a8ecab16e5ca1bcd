"""The workspace opens, on anything that can be a workspace, and says what is wrong with the rest."""

import math
import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from core.errors import LeadRankError
from core.workspace.audit import audit_trail, note_event
from core.workspace.store import Workspace, open_workspace
from core.workspace.tables import Base, Job, JobEvent


def test_the_environment_says_where_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("LEADRANK_WORKSPACE", str(tmp_path / "here"))
    assert open_workspace().folder == tmp_path / "here" and (tmp_path / "here" / "workspace.db").is_file()
    monkeypatch.setenv("LEADRANK_DATABASE", f"sqlite:///{tmp_path / 'elsewhere.db'}")
    ws = open_workspace(tmp_path / "there")
    note_event(ws, "ana", "test")
    assert (tmp_path / "elsewhere.db").is_file() and not (tmp_path / "there" / "workspace.db").exists()
    assert [event.who for event in audit_trail(open_workspace(ws.folder, ws.url))] == ["ana"]


def test_without_settings_it_lies_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("LEADRANK_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert open_workspace().folder == tmp_path / "workspace"


@pytest.mark.parametrize("name", ["a b", "50%", "what?x=1#y", "a[b]*", "Größe"])
def test_any_name_of_a_folder(tmp_path, name):
    note_event(open_workspace(tmp_path / name), "ana", "test")
    assert len(audit_trail(open_workspace(tmp_path / name))) == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_nobody_else_may_read_a_new_folder(ws):
    assert ws.folder.stat().st_mode & 0o077 == 0


def test_sqlite_is_set_up_for_several_processes(ws):
    with ws.session() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
        assert session.scalar(text("PRAGMA busy_timeout")) >= 10_000


def test_a_reference_to_nothing_is_refused_by_the_database(ws):
    with pytest.raises(IntegrityError), ws.session() as session:
        session.add(JobEvent(job_id="0" * 32))


def test_a_transaction_is_kept_whole_or_not_at_all(ws):
    with pytest.raises(ZeroDivisionError), ws.session() as session:
        session.add(Job(kind="score", request={}, by="ana"))
        session.flush()
        1 / 0  # noqa: B018
    with ws.session() as session:
        assert session.query(Job).count() == 0


def test_rows_stay_usable_after_their_session(ws):
    with ws.session() as session:
        job = Job(kind="score", request={"a": [1]}, by="ana")
        session.add(job)
    assert (job.state, job.request, job.figures, job.result, job.cancel_requested) == (
        "queued",
        {"a": [1]},
        {},
        None,
        False,
    )
    assert job.created.tzinfo is None and len(job.id) == 32


def test_only_one_active_job_of_a_key(ws):
    def add(key):
        with ws.session() as session:
            session.add(Job(kind="score", request={}, by="ana", active_key=key))

    add(None), add(None), add("a")
    with pytest.raises(IntegrityError):
        add("a")


def test_figures_that_are_not_finite_become_null(ws):
    with ws.session() as session:
        session.add(
            Job(kind="train", request={}, by="a", figures={"loss": math.nan, "all": [1.5, math.inf, {"x": -math.inf}]})
        )
    with ws.session(reading=True) as session:
        assert session.query(Job).one().figures == {"loss": None, "all": [1.5, None, {"x": None}]}


def test_a_reader_sees_what_was_while_another_writes(ws):
    with ws.session() as writer:
        writer.add(Job(kind="score", request={}, by="ana"))
        writer.flush()
        began = time.monotonic()
        with ws.session(reading=True) as reader:
            assert reader.query(Job).count() == 0
        assert time.monotonic() - began < 5


def test_many_writers_wait_for_each_other(ws):
    with ws.session() as session:
        job = Job(kind="score", request={}, by="ana")
        session.add(job)

    def count():
        for _ in range(10):
            with ws.session() as session:
                row = session.get(Job, job.id)
                row.done += 1

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ws.session() as session:
        assert session.get(Job, job.id).done == 40


def test_processes_that_open_a_fresh_workspace_at_once(tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.workspace.store import open_workspace\n"
        "from core.workspace.audit import note_event\nprint('ready', flush=True)\ninput()\n"
        "note_event(open_workspace(Path(sys.argv[1])), 'me', 'opened')"
    )
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", code, str(tmp_path / "w")]
    started = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(4)]
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate(timeout=120)[1] for process in started] == [""] * 4
    assert len(audit_trail(open_workspace(tmp_path / "w"))) == 4


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "w").write_text("")
    with pytest.raises(LeadRankError, match=r"'w' must be a folder that this user may write.*LEADRANK_WORKSPACE"):
        open_workspace(tmp_path / "w")


def test_something_else_in_place_of_the_database(tmp_path):
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "workspace.db").write_text("not a database" * 100)
    with pytest.raises(LeadRankError, match="database did not do as asked: file is not a database"):
        open_workspace(tmp_path / "w")


def test_a_database_that_cannot_be_reached(tmp_path):
    with pytest.raises(LeadRankError, match="unable to open database file"):
        open_workspace(tmp_path / "w", f"sqlite:///{tmp_path}/no/such/folder/x.db")


@pytest.mark.parametrize("url", ["nonsense secret", "nosuch://ana:secret@host/x", "oracle://ana:secret@host/x"])
def test_an_address_that_is_none_is_not_repeated(tmp_path, url):
    with pytest.raises(LeadRankError, match="LEADRANK_DATABASE must be") as caught:
        open_workspace(tmp_path / "w", url)
    assert "secret" not in str(caught.value)


def test_a_read_only_database_is_read_and_says_so_when_written(tmp_path):
    path = tmp_path / "x.db"
    first = open_workspace(tmp_path / "w", f"sqlite:///{path}")
    note_event(first, "ana", "test")
    first.engine.dispose()
    frozen = open_workspace(tmp_path / "w", f"sqlite:///file:{path}?mode=ro&uri=true")
    assert len(audit_trail(frozen)) == 1
    with pytest.raises(LeadRankError, match="readonly database; see that"):
        note_event(frozen, "ana", "test")
    assert len(audit_trail(frozen)) == 1


def test_a_locked_database_says_so(ws):
    held = create_engine(ws.engine.url)
    with held.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(LeadRankError, match="database is locked"):
            impatient = Workspace(ws.folder, None, create_engine(ws.engine.url, connect_args={"timeout": 0.05}))
            with impatient.session() as session:
                session.add(Job(kind="score", request={}, by="ana"))


def test_the_tables_can_be_made_on_other_databases():
    from sqlalchemy.dialects import mysql, postgresql
    from sqlalchemy.schema import CreateIndex, CreateTable

    for dialect in (postgresql.dialect(), mysql.dialect()):
        for table in Base.metadata.sorted_tables:
            assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))
            for index in table.indexes:
                assert len(index.name or "") < 60 and str(CreateIndex(index).compile(dialect=dialect))
