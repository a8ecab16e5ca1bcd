"""Field trials: frozen before their start, stopped at most once, and what each of their people was shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import select

from core.decisions.field_trial.protocol import Protocol, protocol_from_dict
from core.errors import LeadRankError
from core.workspace.audit import add_event
from core.workspace.ids import checked_id, checked_name, one_line, utc_now
from core.workspace.store import Workspace, existing
from core.workspace.tables import Dataset, Run, Shown, Trial

MANY = 5
"""Names that a message tells."""


@dataclass(frozen=True)
class ArmQueue:
    """What the people of an arm call by."""

    run_id: str
    """Model whose ranking of the leads is opened."""
    sort: str = "rank"
    """`rank`: the model's order. Else a column of its queue, such as `snapshot_time` for the old way of calling."""
    descending: bool = False


def freeze_trial(
    ws: Workspace,
    protocol: Protocol,
    dataset_id: str,
    queues: Mapping[str, ArmQueue],
    *,
    people: Mapping[str, str] | None = None,
    by: str,
    at: datetime | None = None,
) -> Trial:
    """Keep a trial as it was decided; from here on it cannot be changed.

    `queues`: one for `treatment` and one for `control`. `people`: e-mail address -> specialist of the protocol. `at`:
    the time of freezing (UTC, naive), now where not given.

    Raises:
        LeadRankError: it starts before tomorrow, an arm has no queue or both have the same, no such dataset or model,
            somebody takes part in another trial in that time, or an address is given to nobody who takes part.
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
    taking_part = set(protocol.specialists["specialist"])
    seats = {one_line(email).lower(): who for email, who in (people or {}).items()}
    strangers = sorted(set(seats.values()) - taking_part)
    if strangers:
        raise LeadRankError(
            f"an e-mail address must belong to somebody who takes part, however: {', '.join(strangers[:MANY])} "
            "does not; mend the list"
        )
    row = Trial(
        name=checked_name(protocol.name, "trial"),
        dataset_id=dataset_id,
        made=at,
        made_by=by,
        begins=begins,
        over=over,
        protocol=protocol.to_dict(),
        sha256=protocol.sha256,
        queues={arm: asdict(queue) for arm, queue in queues.items()},
        people=seats,
    )
    with ws.session() as session:
        existing(session, Dataset, dataset_id, "dataset", for_update=True)
        for queue in queues.values():
            existing(session, Run, queue.run_id, "model")
        meanwhile = select(Trial).where(Trial.begins < over, Trial.over > begins, Trial.stopped.is_(None))
        for other in session.scalars(meanwhile):
            both = sorted(taking_part & set(protocol_of(other).specialists["specialist"]))
            if both:
                raise LeadRankError(
                    f"nobody can take part in two trials at once, however: {', '.join(both[:MANY])}"
                    f"{' and others' * (len(both) > MANY)} takes part in '{other.name}' until "
                    f"{other.over:%d %B %Y}; wait for its end, stop it, or leave them out"
                )
        session.add(row)
        session.flush()
        details = {"name": row.name, "sha256": row.sha256, "start": protocol.start, "days": protocol.days}
        add_event(session, by, "trial frozen", row.id, details)
    return row


def trials(ws: Workspace) -> list[Trial]:
    """Newest first."""
    with ws.session(reading=True) as session:
        return list(session.scalars(select(Trial).order_by(Trial.made.desc(), Trial.id)))


def trial(ws: Workspace, id: str) -> Trial:
    """Raises LeadRankError where there is none."""
    with ws.session(reading=True) as session:
        return existing(session, Trial, id, "trial")


def protocol_of(row: Trial) -> Protocol:
    """What was decided. Raises LeadRankError where it is not what was frozen."""
    protocol = protocol_from_dict(row.protocol)
    if protocol.sha256 != row.sha256:
        raise LeadRankError(
            f"the protocol of '{row.name}' was changed after it was frozen: its hash does not fit; do not read this "
            "trial, and look for the change in the backups of the workspace's database"
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
    """Trials that have begun and are not over."""
    at = at or utc_now()
    query = select(Trial).where(Trial.begins <= at, Trial.over > at, Trial.stopped.is_(None))
    with ws.session(reading=True) as session:
        return list(session.scalars(query.order_by(Trial.begins)))


def seat(ws: Workspace, email: str, at: datetime | None = None) -> tuple[Trial, str] | None:
    """The running trial that somebody who signs in takes part in, and as whom; None for everybody else."""
    return next(((row, row.people[email.lower()]) for row in running(ws, at) if email.lower() in row.people), None)


def note_shown(
    ws: Workspace, trial_id: str, specialist: str, arm: str, scoring_id: str, lead_ids: Sequence[str], by: str
) -> None:
    """Write down which leads somebody was shown, in which order; the same list again is not written twice.

    Raises:
        LeadRankError: no such trial.
    """
    same = select(Shown).where(Shown.trial_id == checked_id(trial_id, "trial"), Shown.specialist == specialist)
    with ws.session(reading=True) as session:
        last = session.scalar(same.order_by(Shown.id.desc()).limit(1))
    if last is not None and list(lead_ids) == last.lead_ids:
        return
    with ws.session() as session:
        existing(session, Trial, trial_id, "trial")
        session.add(
            Shown(
                trial_id=trial_id,
                specialist=specialist,
                arm=arm,
                scoring_id=scoring_id,
                lead_ids=list(lead_ids),
                by=by,
            )
        )


def shown_leads(ws: Workspace, trial_id: str) -> pd.DataFrame:
    """Every lead that was shown: lead_id, specialist, arm, at (the first time, UTC); one row a lead and specialist."""
    query = (
        select(Shown.specialist, Shown.arm, Shown.at, Shown.lead_ids)
        .where(Shown.trial_id == checked_id(trial_id, "trial"))
        .order_by(Shown.id)
    )
    with ws.session(reading=True) as session:
        found = pd.DataFrame(session.execute(query).all(), columns=["specialist", "arm", "at", "lead_id"])
    found = found.explode("lead_id").drop_duplicates(["lead_id", "specialist"], ignore_index=True)
    kinds = {"lead_id": "str", "specialist": "str", "arm": "str", "at": "datetime64[us]"}
    return found[list(kinds)].astype(kinds)
