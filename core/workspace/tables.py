"""The rows of the workspace: what its functions return, detached from the database.

A change here needs a new file in `migrations/versions`; a test holds the two against each other. Times are naive UTC.
A dictionary is saved when it is assigned, not when it is changed in place.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Index, Integer, MetaData, String, Text, event, inspect
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.workspace.ids import LONGEST_NAME, new_id, utc_now

_ID = String(32)
_NAME = String(LONGEST_NAME)
_WHO = String(320)
"""An e-mail address at its longest."""
_TEXT = Text().with_variant(LONGTEXT(), "mysql")
_TIME = DateTime().with_variant(DATETIME(fsp=6), "mysql")
_NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""Counts up by itself: SQLite does that for plain integers alone."""


class Base(DeclarativeBase):
    """Constraints have names, so that a later migration can change them on any database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: _TIME,
        dict[str, Any]: JSON(none_as_null=True),
        list[str]: JSON(none_as_null=True),
        int: BigInteger,
    }


class Dataset(Base):
    """Leads that were brought in; they lie in `datasets/<id>.parquet`."""

    __tablename__ = "dataset"

    id: Mapped[str] = mapped_column(_ID, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(_NAME)
    source_name: Mapped[str] = mapped_column(_TEXT)
    """The file's name as it came: for people only."""
    sha256: Mapped[str] = mapped_column(String(64))
    """`Leads.content_hash`."""
    made: Mapped[datetime] = mapped_column(default=utc_now)
    made_by: Mapped[str] = mapped_column(_WHO)
    leads: Mapped[int]
    converted: Mapped[int | None]
    """Leads that ordered; None where no outcome is known."""
    open_leads: Mapped[int]
    newest: Mapped[datetime | None]
    """Newest snapshot; None without dates."""
    schema: Mapped[dict[str, Any]]
    """For `schema_from_dict`."""
    shown: Mapped[list[str]]
    """Columns that people see and no model reads."""
    report: Mapped[dict[str, Any]]
    """`Report.to_dict()`."""
    archived: Mapped[bool] = mapped_column(default=False)


class Run(Base):
    """A model; it lies in `runs/<id>/`."""

    __tablename__ = "run"

    id: Mapped[str] = mapped_column(_ID, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(_NAME)
    dataset_id: Mapped[str | None] = mapped_column(ForeignKey("dataset.id"), index=True)
    """What it was trained on; None where that is not in the workspace."""
    made: Mapped[datetime] = mapped_column(default=utc_now)
    made_by: Mapped[str] = mapped_column(_WHO)
    card: Mapped[dict[str, Any]]
    archived: Mapped[bool] = mapped_column(default=False)
    slot: Mapped[str | None] = mapped_column(String(32), unique=True)
    """`run` in the one that is in use, None in the others: the database itself refuses a second."""

    @property
    def in_use(self) -> bool:
        return self.slot is not None


class Scoring(Base):
    """One ranking of a dataset by a model, never changed; it lies in `scorings/<id>.parquet`."""

    __tablename__ = "scoring"

    id: Mapped[str] = mapped_column(_ID, primary_key=True, default=new_id)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), index=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id"), index=True)
    part: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(16))
    made: Mapped[datetime] = mapped_column(default=utc_now)
    made_by: Mapped[str] = mapped_column(_WHO)
    leads: Mapped[int]
    slot: Mapped[str | None] = mapped_column(String(32), unique=True)
    """The dataset's id in the one that is in use there, None in the others."""

    @property
    def in_use(self) -> bool:
        return self.slot is not None


class LeadAction(Base):
    """Something that a person did with a lead; never changed. A greater id came later."""

    __tablename__ = "lead_action"
    __table_args__ = (Index(None, "dataset_id", "id"),)

    id: Mapped[int] = mapped_column(_NUMBER, primary_key=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id"))
    lead_id: Mapped[str] = mapped_column(_TEXT)
    """As in the file: any length, any characters."""
    kind: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(_TEXT, default="")
    assigned_to: Mapped[str] = mapped_column(_WHO, default="")
    by: Mapped[str] = mapped_column(_WHO)
    at: Mapped[datetime] = mapped_column(default=utc_now)


class AuditEvent(Base):
    """Who did what, and when; never changed. A greater id came later."""

    __tablename__ = "audit_event"

    id: Mapped[int] = mapped_column(_NUMBER, primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    who: Mapped[str] = mapped_column(_WHO)
    what: Mapped[str] = mapped_column(String(80), index=True)
    subject: Mapped[str] = mapped_column(_TEXT, default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Person(Base):
    """Somebody who may sign in."""

    __tablename__ = "person"

    email: Mapped[str] = mapped_column(String(254), primary_key=True)
    """In lower case."""
    name: Mapped[str] = mapped_column(_NAME, default="")
    role: Mapped[str] = mapped_column(String(16))
    """`removed` where the access was taken away."""


class Upload(Base):
    """A file as it came; it lies in `uploads/<id><suffix>`."""

    __tablename__ = "upload"

    id: Mapped[str] = mapped_column(_ID, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(_TEXT)
    """As the browser gave it: for people only."""
    suffix: Mapped[str] = mapped_column(String(16))
    bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    made: Mapped[datetime] = mapped_column(default=utc_now)
    made_by: Mapped[str] = mapped_column(_WHO)


class Job(Base):
    """Long work in a process of its own."""

    __tablename__ = "job"

    id: Mapped[str] = mapped_column(_ID, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(16), index=True)
    label: Mapped[str] = mapped_column(_TEXT, default="")
    request: Mapped[dict[str, Any]]
    by: Mapped[str] = mapped_column(_WHO)
    state: Mapped[str] = mapped_column(String(16), default="queued", index=True)
    """queued, running, done, failed, cancelled or interrupted."""
    phase: Mapped[str] = mapped_column(_TEXT, default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    seconds_left: Mapped[float | None]
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict)
    message: Mapped[str] = mapped_column(_TEXT, default="")
    result: Mapped[dict[str, Any] | None]
    created: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    started: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    heartbeat: Mapped[datetime | None]
    pid: Mapped[int | None]
    host: Mapped[str] = mapped_column(String(255), default="")
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    attempt: Mapped[int] = mapped_column(default=1)
    active_key: Mapped[str | None] = mapped_column(String(128), unique=True)
    """Kind and hash of the request while the job is active, else None: the database refuses a second one."""


class JobEvent(Base):
    """A step of a job. A greater id came later."""

    __tablename__ = "job_event"
    __table_args__ = (Index(None, "job_id", "id"),)

    id: Mapped[int] = mapped_column(_NUMBER, primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"))
    at: Mapped[datetime] = mapped_column(default=utc_now)
    phase: Mapped[str] = mapped_column(_TEXT, default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Trial(Base):
    """A field trial that was frozen: it can be stopped, and nothing else of it ever changes."""

    __tablename__ = "trial"

    id: Mapped[str] = mapped_column(_ID, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(_NAME)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id"), index=True)
    """The leads that it was planned on; its outcomes come with later files."""
    made: Mapped[datetime] = mapped_column(default=utc_now)
    made_by: Mapped[str] = mapped_column(_WHO)
    begins: Mapped[datetime]
    """Midnight of the first day."""
    over: Mapped[datetime]
    """Midnight after the last day on which leads take part."""
    ends: Mapped[datetime]
    """When the last outcome is final: until then its people call by their lists."""
    protocol: Mapped[dict[str, Any]]
    """For `protocol_from_dict`."""
    sha256: Mapped[str] = mapped_column(String(64))
    """Over the protocol, the queues and the people."""
    queues: Mapped[dict[str, Any]]
    """Arm -> what its people call by: see `trials.ArmQueue`."""
    people: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """E-mail address -> the sales person of the protocol who signs in with it."""
    stopped: Mapped[datetime | None]
    stopped_by: Mapped[str] = mapped_column(_WHO, default="")
    stopped_why: Mapped[str] = mapped_column(_TEXT, default="")


class Shown(Base):
    """A lead on the list of a sales person of a trial, when they saw it first; never changed."""

    __tablename__ = "shown"
    __table_args__ = (Index(None, "trial_id", "specialist"),)

    id: Mapped[int] = mapped_column(_NUMBER, primary_key=True)
    trial_id: Mapped[str] = mapped_column(ForeignKey("trial.id"))
    at: Mapped[datetime] = mapped_column(default=utc_now)
    specialist: Mapped[str] = mapped_column(_WHO)
    arm: Mapped[str] = mapped_column(String(16))
    scoring_id: Mapped[str] = mapped_column(ForeignKey("scoring.id"))
    lead_id: Mapped[str] = mapped_column(_TEXT)
    place: Mapped[int]
    """Where it stood, from 1."""
    by: Mapped[str] = mapped_column(_WHO)


def _refuse(_mapper: Any, _connection: Any, row: Base) -> NoReturn:
    raise TypeError(f"a {type(row).__name__} is written once and neither changed nor deleted")


def _only_stop(_mapper: Any, _connection: Any, row: Base) -> None:
    changed = [each.key for each in inspect(row).attrs if each.history.has_changes()]
    if not all(name.startswith("stopped") for name in changed):
        raise TypeError(f"of a trial nothing but its stop can change, however: {', '.join(changed)}")


for _kept in (Scoring, LeadAction, AuditEvent, Shown):
    event.listen(_kept, "before_update", _refuse)
    event.listen(_kept, "before_delete", _refuse)
event.listen(Trial, "before_update", _only_stop)
event.listen(Trial, "before_delete", _refuse)
