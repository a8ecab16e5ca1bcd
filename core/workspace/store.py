"""The workspace: a folder, and the database that says what lies in it."""

from __future__ import annotations

import json
import math
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.orm import Session

from core.errors import LeadRankError
from core.workspace.ids import checked_id, missing
from core.workspace.upgrade import upgrade

FOLDERS = ("datasets", "runs", "scorings", "uploads", "explanations", "jobs")
PATIENCE_MS = 30_000
"""Milliseconds for which SQLite waits for another writer."""
_Row = TypeVar("_Row")


@dataclass(frozen=True)
class Workspace:
    """Open, and safe to share between threads; another process opens its own."""

    folder: Path
    url: str | None = field(repr=False)
    """For `open_workspace` in another process; may hold a password. None: an SQLite file in the folder."""
    engine: Engine = field(repr=False)

    @contextmanager
    def session(self, *, reading: bool = False) -> Iterator[Session]:
        """One transaction: committed at the end, taken back if anything is raised. Rows stay usable afterwards.

        With SQLite it takes the write lock at once, as a reader that turns writer fails where another wrote in
        between; `reading` leaves the lock to others.

        Raises:
            LeadRankError: the database is locked, read-only, full or away. `IntegrityError` comes through as it is.
        """
        engine = self.engine.execution_options(reading=True) if reading else self.engine
        with _in_words(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session


def open_workspace(folder: Path | None = None, url: str | None = None) -> Workspace:
    """Make the folder and the database where missing, and bring the tables to this version.

    `folder`: else the environment's LEADRANK_WORKSPACE, else `workspace` in the current folder. `url`: any database
    that SQLAlchemy knows, else the environment's LEADRANK_DATABASE, else an SQLite file in the folder.

    Raises:
        LeadRankError: the folder cannot be written, the database cannot be reached or is newer than this program.
    """
    place = Path(folder or os.environ.get("LEADRANK_WORKSPACE") or "workspace").absolute()
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)  # it will hold names and phone numbers
        for name in FOLDERS:
            (place / name).mkdir(exist_ok=True)
    except OSError as error:
        raise LeadRankError(
            f"the workspace folder '{place.name}' must be a folder that this user may write, however: the system says "
            f"'{error.strerror}'; mend its rights, or set LEADRANK_WORKSPACE to another folder"
        ) from error
    address = url or os.environ.get("LEADRANK_DATABASE") or None
    engine = _engine(address or URL.create("sqlite", database=str(place / "workspace.db")))
    with _in_words():
        upgrade(engine, place)
    return Workspace(place, address, engine)


def existing(session: Session, table: type[_Row], id: str, what: str, *, for_update: bool = False) -> _Row:
    """The row of that id. `what`: what people call it. `for_update`: nobody else changes it before the session ends.

    Raises:
        LeadRankError: there is none.
    """
    row = session.get(table, checked_id(id, what), with_for_update=for_update)
    if row is None:
        raise missing(what)
    return row


def _engine(address: str | URL) -> Engine:
    try:
        url = make_url(address)
        sqlite = url.get_backend_name() == "sqlite"
        arguments = {"timeout": PATIENCE_MS / 1000} if sqlite else {}
        engine = create_engine(
            url, json_serializer=_to_json, pool_pre_ping=not sqlite, connect_args=arguments, hide_parameters=True
        )
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        # The address is not repeated: it may hold a password.
        raise LeadRankError(
            "LEADRANK_DATABASE must be a database address such as postgresql+psycopg://user:password@host/name whose "
            f"driver is installed, however: {type(error).__name__}; mend the address, or pip install the driver"
        ) from None
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # begin and commit are ours: the driver's own leave changes of tables out
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
        # Readers and the writer do not wait for each other. It holds for the file: where another process is just
        # doing it, all is well, and where the file is read-only, nobody will write.
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, sqlite3.Error) as error:  # the latter while a connection is prepared
        said = getattr(error, "orig", error)
        raise LeadRankError(
            f"the workspace's database did not do as asked: {said}; see that it can be reached, that its file "
            "and folder may be written and the disk has room, and that no other program holds it, then try again"
        ) from error


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


_strict = partial(json.dumps, allow_nan=False)


def _to_json(value: Any) -> str:
    """JSON that every database takes: a figure that is not finite becomes null."""
    try:
        return _strict(value)
    except ValueError:
        return _strict(_finite(value))
