"""Brings a database to the tables of this version; two processes at once take turns."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock, Timeout
from sqlalchemy import Engine

from core.errors import LeadRankError

MIGRATIONS = Path(__file__).parent / "migrations"
PATIENCE = 120
"""Seconds to wait for another process that upgrades."""


def upgrade(engine: Engine, folder: Path, migrations: Path = MIGRATIONS) -> None:
    """Run the migrations that are missing, all or none (where the database can take back a change of tables).

    Raises:
        LeadRankError: the database was made by a newer version, or another upgrade does not end.
    """
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()
    if _version(engine) == head:
        return
    try:
        with FileLock(folder / "upgrade.lock", timeout=PATIENCE):
            found = _version(engine)
            if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
                raise LeadRankError(
                    f"the workspace's database was made by a newer version of this program (its tables are '{found}', "
                    f"this program knows up to '{head}'); update the program, or open another workspace"
                )
            if found != head:
                with engine.begin() as connection:
                    config.attributes["connection"] = connection
                    command.upgrade(config, "head")
    except Timeout:
        raise LeadRankError(
            f"another process has been upgrading this workspace for over {PATIENCE} seconds; wait for it to end, "
            "or stop it, then start again"
        ) from None


def _version(engine: Engine) -> str | None:
    with engine.connect().execution_options(reading=True) as connection:
        return MigrationContext.configure(connection).get_current_revision()
