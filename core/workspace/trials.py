"""Field trials: frozen before their start, stopped at most once, and what each of their people was shown."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import ColumnElement, insert, select

from core.decisions.field_trial.protocol import Protocol, protocol_from_dict
from core.errors import LeadRankError
from core.workspace.audit import add_event
from core.workspace.ids import checked_id, checked_name, one_line, utc_now
from core.workspace.store import Workspace, existing
from core.workspace.tables import AuditEvent, Dataset, Run, Shown, Trial

MANY = 5
"""Names that a message tells."""
FROZEN = "trial frozen"
"""In the audit trail."""

SORTS = ("rank", "snapshot_time")


@dataclass(frozen=True)
class ArmQueue:
    """What the people of an arm call by."""

    run_id: str
    """Model whose ranking of the leads is opened."""
    sort: str = "rank"
    """`rank`: the model's order; `snapshot_time`: by date, as before there was a model."""
    descending: bool = False

    def __post_init__(self) -> None:
        if self.sort not in SORTS:
            raise LeadRankError(f"an arm calls by one of {', '.join(SORTS)}, however: got={self.sort!r}")


def freeze_trial(
    ws: Workspace,
    protocol: Protocol,
    dataset_id: str,
    queues: Mapping[str, ArmQueue],
    *,
    people: Sequence[tuple[str, str]] = (),
    by: str,
    at: datetime | None = None,
) -> Trial:
    """Keep a trial as it was decided; from here on it cannot be changed.

    `queues`: one for `treatment` and one for `control`. `people`: e-mail address and specialist of the protocol, for
    those who sign in. `at`: the time of freezing (UTC, naive), now where not given.

    Raises:
        LeadRankError: it starts before tomorrow, an arm has no queue or both have the same, no such dataset or model,
            somebody takes part in another trial in that time, or an address is given twice or to a stranger.
    """
    at = at or utc_now()
    begins = datetime.fromisoformat(protocol.start)
    over = begins + timedelta(days=protocol.days)
    if begins <= at:
        raise LeadRankError(
            f"a trial must be frozen before it starts, however: it starts on {begins:%d %B %Y}; choose "
            f"{at + timedelta(days=1):%d %B %Y} or later, so that no lead came before people were drawn"
        )
    if set(queues) != {"treatment", "control"} or queues["treatment"] == queues["control"]:
        raise LeadRankError("a trial compares two ways of calling, however: both arms have the same; choose another")
    told = {arm: asdict(queue) for arm, queue in queues.items()}
    seats = _seats(protocol, people)
    row = Trial(
        name=checked_name(protocol.name, "trial"),
        dataset_id=dataset_id,
        made=at,
        made_by=by,
        begins=begins,
        over=over,
        ends=over + timedelta(days=math.ceil(protocol.maturity_days)),
        protocol=protocol.to_dict(),
        sha256=_seal(protocol, told, seats),
        queues=told,
        people=seats,
    )
    with ws.session() as session:
        existing(session, Dataset, dataset_id, "dataset", for_update=True)
        for queue in queues.values():
            existing(session, Run, queue.run_id, "model")
        meanwhile = select(Trial).where(Trial.begins < row.ends, Trial.ends > begins, Trial.stopped.is_(None))
        for other in session.scalars(meanwhile):
            others = {entry["specialist"] for entry in other.protocol["specialists"]}
            both = sorted(others & set(protocol.specialists["specialist"])) or sorted(set(seats) & set(other.people))
            if both:
                raise LeadRankError(
                    f"nobody can take part in two trials at once, however: {', '.join(both[:MANY])}"
                    f"{' and others' * (len(both) > MANY)} takes part in '{other.name}', whose last outcomes are final "
                    f"on {other.ends:%d %B %Y}; wait until then, stop it, or leave them out"
                )
        session.add(row)
        session.flush()
        details = {"name": row.name, "sha256": row.sha256, "start": protocol.start, "days": protocol.days}
        add_event(session, by, FROZEN, row.id, details)
    return row


def _seats(protocol: Protocol, people: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Address -> specialist."""
    seats: dict[str, str] = {}
    taking_part = set(protocol.specialists["specialist"])
    for email, who in people:
        address = one_line(email).lower()
        if who not in taking_part:
            raise LeadRankError(
                f"an e-mail address must belong to somebody who takes part, however: '{who}' does not; mend the list"
            )
        if address in seats or who in seats.values():
            raise LeadRankError(
                f"each person has one e-mail address of their own, however: '{address}' for '{who}' is one too many; "
                "mend the list"
            )
        seats[address] = who
    return seats


def _seal(protocol: Protocol, queues: dict, people: dict) -> str:
    """sha256 over all that was decided."""
    whole = json.dumps({"protocol": protocol.sha256, "queues": queues, "people": people}, sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def trials(ws: Workspace) -> list[Trial]:
    """Newest first."""
    with ws.session(reading=True) as session:
        return list(session.scalars(select(Trial).order_by(Trial.made.desc(), Trial.id)))


def trial(ws: Workspace, id: str) -> Trial:
    """Raises LeadRankError where there is none."""
    with ws.session(reading=True) as session:
        return existing(session, Trial, id, "trial")


def protocol_of(ws: Workspace, row: Trial) -> Protocol:
    """What was decided. Raises LeadRankError where it is not what was frozen, as the audit trail has it."""
    protocol = protocol_from_dict(row.protocol)
    noted = select(AuditEvent.details).where(AuditEvent.what == FROZEN, AuditEvent.subject == row.id)
    with ws.session(reading=True) as session:
        details = session.scalar(noted) or {}
    if not _seal(protocol, row.queues, row.people) == row.sha256 == details.get("sha256"):
        raise LeadRankError(
            f"the trial '{row.name}' was changed after it was frozen: its hash does not fit; do not read it, and look "
            "for the change in the backups of the workspace's database"
        )
    return protocol


def stop_trial(ws: Workspace, id: str, why: str, by: str) -> Trial:
    """End it before its last day; leads that came until now still count.

    Raises:
        LeadRankError: no such trial, it was stopped before, or no reason is given.
    """
    why = one_line(why)
    if not why:
        raise LeadRankError("say why the trial is stopped: whoever reads it later has to know")
    with ws.session() as session:
        row = existing(session, Trial, id, "trial", for_update=True)
        if row.stopped is not None:
            raise LeadRankError(f"this trial was stopped already, by {row.stopped_by}")
        row.stopped, row.stopped_by, row.stopped_why = utc_now(), by, why
        add_event(session, by, "trial stopped", row.id, {"name": row.name, "why": why})
    return row


def running(ws: Workspace, at: datetime | None = None) -> list[Trial]:
    """Trials that have begun and of which outcomes are still to come."""
    with ws.session(reading=True) as session:
        return list(session.scalars(select(Trial).where(*_runs(at)).order_by(Trial.begins)))


def seat(ws: Workspace, email: str, at: datetime | None = None) -> tuple[str, str] | None:
    """Id of the running trial that somebody who signs in takes part in, and as whom; None for everybody else."""
    with ws.session(reading=True) as session:
        found = session.execute(select(Trial.id, Trial.people).where(*_runs(at))).all()
    return next(((id, people[email.lower()]) for id, people in found if email.lower() in people), None)


def any_runs(ws: Workspace) -> bool:
    """Whether there is a running trial."""
    with ws.session(reading=True) as session:
        return session.scalar(select(Trial.id).where(*_runs(None)).limit(1)) is not None


def _runs(at: datetime | None) -> tuple[ColumnElement[bool], ...]:
    at = at or utc_now()
    return Trial.begins <= at, Trial.ends > at, Trial.stopped.is_(None)


def note_shown(
    ws: Workspace, trial_id: str, specialist: str, arm: str, scoring_id: str, lead_ids: Sequence[str], by: str
) -> None:
    """Write down which leads somebody was shown, in this order; a lead that they saw before is not written again.

    Raises:
        LeadRankError: no such trial.
    """
    before = select(Shown.lead_id).where(
        Shown.trial_id == checked_id(trial_id, "trial"), Shown.specialist == specialist
    )
    with ws.session(reading=True) as session:
        seen = set(session.scalars(before))
    common = {"trial_id": trial_id, "specialist": specialist, "arm": arm, "scoring_id": scoring_id, "by": by}
    new = [
        {**common, "lead_id": lead_id, "place": place, "at": utc_now()}
        for place, lead_id in enumerate(lead_ids, start=1)
        if lead_id not in seen
    ]
    if new:
        with ws.session() as session:
            existing(session, Trial, trial_id, "trial")
            session.execute(insert(Shown), new)


def shown_leads(ws: Workspace, trial_id: str) -> pd.DataFrame:
    """Every lead that was shown, in that order: lead_id, specialist, arm, place, at (UTC)."""
    kinds = {"lead_id": "str", "specialist": "str", "arm": "str", "place": "int64", "at": "datetime64[us]"}
    columns = [getattr(Shown, name) for name in kinds]
    query = select(*columns).where(Shown.trial_id == checked_id(trial_id, "trial")).order_by(Shown.id)
    with ws.session(reading=True) as session:
        return pd.DataFrame(session.execute(query).all(), columns=list(kinds)).astype(kinds)
