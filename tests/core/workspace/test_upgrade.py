"""Databases of this version, of none, of an older and of a newer one."""

import shutil

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from filelock import FileLock
from sqlalchemy import event, inspect, text

from core.errors import LeadRankError
from core.workspace.audit import audit_trail, note_event
from core.workspace.store import open_workspace
from core.workspace.tables import Base
from core.workspace.upgrade import MIGRATIONS, upgrade

NEXT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "next", "{before}"
def upgrade():
    with op.batch_alter_table("audit_event") as table:
        table.add_column(sa.Column("colour", sa.String(9), nullable=False, server_default="grey"))
    {more}
"""


@pytest.fixture
def later(tmp_path):
    """A later version's migrations, with `more` to do in the last of them."""

    def make(more="pass"):
        folder = tmp_path / "later"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        head = sorted((folder / "versions").glob("v*.py"))[-1]
        before = head.name[1:5]
        (folder / "versions" / "next.py").write_text(NEXT.format(before=before, more=more))
        return folder

    return make


def test_the_migrations_lead_to_the_tables_of_the_code(ws):
    with ws.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_that_comparison_sees_a_difference(ws):
    with ws.engine.begin() as connection:
        connection.execute(text("ALTER TABLE person ADD COLUMN colour VARCHAR(9)"))
    with ws.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata)


def test_an_older_database_is_brought_up_with_its_rows(ws, later):
    note_event(ws, "ana", "test")
    upgrade(ws.engine, ws.folder, later())
    with ws.engine.connect() as connection:
        assert connection.execute(text("SELECT who, colour FROM audit_event")).all() == [("ana", "grey")]
    upgrade(ws.engine, ws.folder, later())  # and a second time nothing is to do


def test_a_newer_database_is_refused(ws, later):
    upgrade(ws.engine, ws.folder, later())
    with pytest.raises(LeadRankError, match=r"made by a newer version of this program \(its tables are 'next'"):
        open_workspace(ws.folder)


def test_a_migration_that_fails_changes_nothing(ws, later):
    note_event(ws, "ana", "test")
    before = inspect(ws.engine).get_columns("audit_event")
    with pytest.raises(ZeroDivisionError):
        upgrade(ws.engine, ws.folder, later(more="1 / 0"))
    assert [c["name"] for c in inspect(ws.engine).get_columns("audit_event")] == [c["name"] for c in before]
    assert len(audit_trail(open_workspace(ws.folder))) == 1
    upgrade(ws.engine, ws.folder, later())


def test_a_first_opening_that_was_cut_off_is_made_good(tmp_path):
    """As when the process is killed: half of the tables were made, nothing was committed."""
    import core.workspace.store as store

    made = []
    engine = store._engine(f"sqlite:///{tmp_path / 'x.db'}")

    def cut(_connection, _cursor, statement, *_more):
        made.append(statement)
        if "CREATE TABLE run" in statement:
            raise KeyboardInterrupt

    event.listen(engine, "before_cursor_execute", cut)
    with pytest.raises(KeyboardInterrupt):
        upgrade(engine, tmp_path)
    assert any("CREATE TABLE dataset" in statement for statement in made)
    engine.dispose()
    note_event(open_workspace(tmp_path, f"sqlite:///{tmp_path / 'x.db'}"), "ana", "test")


def test_an_upgrade_waits_for_another_one(tmp_path, monkeypatch):
    monkeypatch.setattr("core.workspace.upgrade.PATIENCE", 0.05)
    with FileLock(tmp_path / "upgrade.lock"), pytest.raises(LeadRankError, match="another process has been upgrading"):
        open_workspace(tmp_path)
    open_workspace(tmp_path)
    with FileLock(tmp_path / "upgrade.lock"):
        open_workspace(tmp_path)  # where nothing is to do, nobody waits
