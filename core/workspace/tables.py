"""The rows of the workspace: what its functions return, detached from the database.

A change here needs a new file in `migrations/versions`; a test holds the two against each other. Times are naive UTC.
A dictionary is saved when it is assigned, not when it is changed in place.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import ForeignKey, Index, String, event, inspect
from sqlalchemy.orm import Mapped, mapped_column

from core.workspace.base import ID, NAME, NUMBER, TEXT, WHO, Base
from core.workspace.ids import new_id, utc_now


class Dataset(Base):
    """Leads that were brought in; they lie in `datasets/<id>.parquet`."""

    __tablename__ = "dataset"

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(NAME)
    source_name: Mapped[str] = mapped_column(TEXT)
    """The file's name as it came: for people only."""
    sha256: Mapped[str] = mapped_column(String(64))
    """`Leads.content_hash`."""
    made: Mapped[datetime] = mapped_column(default=utc_now)
    made_by: Mapped[str] = mapped_column(WHO)
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

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(NAME)
    dataset_id: Mapped[str | None] = mapped_column(ForeignKey("dataset.id"), index=True)
    """What it was trained on; None where that is not in the workspace."""
    made: Mapped[datetime] = mapped_column(default=utc_now)
    made_by: Mapped[str] = mapped_column(WHO)
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

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), index=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id"), index=True)
    part: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(16))
    made: Mapped[datetime] = mapped_column(default=utc_now)
    made_by: Mapped[str] = mapped_column(WHO)
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

    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id"))
    lead_id: Mapped[str] = mapped_column(TEXT)
    """As in the file: any length, any characters."""
    kind: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(TEXT, default="")
    assigned_to: Mapped[str] = mapped_column(WHO, default="")
    by: Mapped[str] = mapped_column(WHO)
    at: Mapped[datetime] = mapped_column(default=utc_now)


class AuditEvent(Base):
    """Who did what, and when; never changed. A greater id came later."""

    __tablename__ = "audit_event"

    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    who: Mapped[str] = mapped_column(WHO)
    what: Mapped[str] = mapped_column(String(80), index=True)
    subject: Mapped[str] = mapped_column(TEXT, default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Person(Base):
    """Somebody who may sign in."""

    __tablename__ = "person"

    email: Mapped[str] = mapped_column(String(254), primary_key=True)
    """In lower case."""
    name: Mapped[str] = mapped_column(NAME, default="")
    role: Mapped[str] = mapped_column(String(16))
    """`removed` where the access was taken away."""


class Upload(Base):
    """A file as it came; it lies in `uploads/<id><suffix>`."""

    __tablename__ = "upload"

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(TEXT)
    """As the browser gave it: for people only."""
    suffix: Mapped[str] = mapped_column(String(16))
    bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    made: Mapped[datetime] = mapped_column(default=utc_now)
    made_by: Mapped[str] = mapped_column(WHO)


class Job(Base):
    """Long work in a process of its own."""

    __tablename__ = "job"

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(16), index=True)
    label: Mapped[str] = mapped_column(TEXT, default="")
    request: Mapped[dict[str, Any]]
    by: Mapped[str] = mapped_column(WHO)
    state: Mapped[str] = mapped_column(String(16), default="queued", index=True)
    """queued, running, done, failed, cancelled or interrupted."""
    phase: Mapped[str] = mapped_column(TEXT, default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    seconds_left: Mapped[float | None]
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict)
    message: Mapped[str] = mapped_column(TEXT, default="")
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

    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"))
    at: Mapped[datetime] = mapped_column(default=utc_now)
    phase: Mapped[str] = mapped_column(TEXT, default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Trial(Base):
    """A field trial that was frozen: it can be stopped, and nothing else of it ever changes."""

    __tablename__ = "trial"

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(NAME)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id"), index=True)
    """The leads that it was planned on; its outcomes come with later files."""
    made: Mapped[datetime] = mapped_column(default=utc_now)
    made_by: Mapped[str] = mapped_column(WHO)
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
    stopped_by: Mapped[str] = mapped_column(WHO, default="")
    stopped_why: Mapped[str] = mapped_column(TEXT, default="")


class Shown(Base):
    """A lead on the list of a sales person of a trial, when they saw it first; never changed."""

    __tablename__ = "shown"
    __table_args__ = (Index(None, "trial_id", "specialist"),)

    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    trial_id: Mapped[str] = mapped_column(ForeignKey("trial.id"))
    at: Mapped[datetime] = mapped_column(default=utc_now)
    specialist: Mapped[str] = mapped_column(WHO)
    arm: Mapped[str] = mapped_column(String(16))
    scoring_id: Mapped[str] = mapped_column(ForeignKey("scoring.id"))
    lead_id: Mapped[str] = mapped_column(TEXT)
    place: Mapped[int]
    """Where it stood, from 1."""
    by: Mapped[str] = mapped_column(WHO)


class Review(Base):
    """What a person said of a pair, or of one lead, that a model learns from: it can be withdrawn, nothing else of it
    ever changes. A greater id came later."""

    __tablename__ = "review"
    __table_args__ = (Index(None, "dataset_id", "id"),)

    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id"))
    action: Mapped[str] = mapped_column(String(16))
    """See `core.data.reviews`, as for the next five."""
    chosen: Mapped[str] = mapped_column(TEXT, default="")
    rejected: Mapped[str] = mapped_column(TEXT, default="")
    lead_id: Mapped[str] = mapped_column(TEXT, default="")
    stage: Mapped[str] = mapped_column(TEXT, default="")
    converted: Mapped[float | None]
    reason: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(TEXT, default="")
    by: Mapped[str] = mapped_column(WHO)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    run_id: Mapped[str | None] = mapped_column(ForeignKey("run.id"))
    """The model that was looked at; None without one, as for its two scores."""
    chosen_score: Mapped[float | None]
    rejected_score: Mapped[float | None]
    decided: Mapped[bool] = mapped_column(default=False)
    """Whether the outcome of any of its leads was known when it was said, from a file or from people."""
    withdrawn: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(WHO, default="")


def _refuse(_mapper: Any, _connection: Any, row: Base) -> NoReturn:
    raise TypeError(f"a {type(row).__name__} is written once and neither changed nor deleted")


def _only_its_end(_mapper: Any, _connection: Any, row: Base) -> None:
    changed = [each.key for each in inspect(row).attrs if each.history.has_changes()]
    if not all(name.startswith(("stopped", "withdrawn")) for name in changed):
        what = type(row).__name__
        raise TypeError(f"of a {what} nothing but its stop or withdrawal can change, however: {', '.join(changed)}")


for _kept in (Scoring, LeadAction, AuditEvent, Shown):
    event.listen(_kept, "before_update", _refuse)
    event.listen(_kept, "before_delete", _refuse)
for _ended in (Trial, Review):
    event.listen(_ended, "before_update", _only_its_end)
    event.listen(_ended, "before_delete", _refuse)
