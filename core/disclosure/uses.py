"""Who looked at, exported or changed anything about one lead, from what the workspace records by itself.

By role and not by name: the person concerned is to know what was done with their data, not who works here. A role is
the one that somebody has today, since the record keeps the address alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import or_, select

from core.disclosure.sheet import Use
from core.workspace.actions import actions_of
from core.workspace.people import people
from core.workspace.scorings import score_history
from core.workspace.store import Workspace
from core.workspace.tables import AuditEvent, Job, Review, Scoring, Shown

ROLES = {
    "viewer": "sales people",
    "manager": "sales managers",
    "analyst": "analysts",
    "admin": "administrators",
}
NOBODY, PROGRAM, LOCAL = "people or programs without a role now", "the program", "whoever uses this machine"
DONE = {
    "called": "Noted that you were called",
    "won": "Noted that you ordered",
    "lost": "Noted that you do not order",
    "not_now": "Noted that you do not order now",
    "reopened": "Put your enquiry back on the list",
    "assigned": "Gave your enquiry to a sales person",
    "note": "Wrote a note on your enquiry",
}
SHEET = "sheet for the person concerned"
"""Begins what the audit trail says of a download of such a sheet."""
MAY = "; yours may be among them"

_Single = tuple[str, str, datetime]
"""What was done, by whom (address), when (UTC)."""


def download_words(lead_id: str, dataset_id: str, kind: str) -> str:
    """What the audit trail says of the download of a sheet.

    Example:
        >>> download_words("L7", "3f2a", "PDF")
        'sheet for the person concerned: lead L7 of dataset 3f2a as PDF'
    """
    return f"{SHEET}: lead {lead_id} of dataset {dataset_id} as {kind}"


def uses_of(ws: Workspace, dataset_id: str, lead_id: str) -> tuple[Use, ...]:
    """All that is recorded of one lead, like things of one role together, the latest first.

    Raises:
        LeadRankError: no such dataset, or the file of an earlier ranking is damaged.
    """
    roles = {person.email: ROLES.get(person.role, NOBODY) for person in people(ws)} | {"local": LOCAL}
    found: dict[tuple[str, str], list[datetime]] = {}
    for what, who, at in _singles(ws, dataset_id, lead_id):
        by = PROGRAM if who == PROGRAM else roles.get(who.lower(), NOBODY)
        found.setdefault((what, by), []).append(at)
    uses = [Use(what, by, len(times), min(times), max(times)) for (what, by), times in found.items()]
    return tuple(sorted(uses, key=lambda use: (use.last, use.what, use.by), reverse=True))


def _singles(ws: Workspace, dataset_id: str, lead_id: str) -> Iterator[_Single]:
    for made in score_history(ws, dataset_id, lead_id)["made"]:
        yield "Put your enquiry in the order of calls", PROGRAM, made.to_pydatetime()
    for action in actions_of(ws, dataset_id, lead_id):
        yield DONE[action.kind], action.by, action.at
    yield from _events(ws, dataset_id, lead_id)
    with ws.session(reading=True) as session:
        about = or_(Review.chosen == lead_id, Review.rejected == lead_id, Review.lead_id == lead_id)
        for review in session.scalars(select(Review).where(Review.dataset_id == dataset_id, about)):
            yield "Said what a new version of the program is to learn from your enquiry", review.by, review.at
            if review.withdrawn:
                yield "Took back what was said for the program to learn from", review.withdrawn_by, review.withdrawn
        for job in session.scalars(select(Job).where(Job.kind.in_(("explain", "compare")))):
            asked = job.request
            named = lead_id in (asked.get("lead_id"), asked.get("lead_a"), asked.get("lead_b"))
            if asked.get("dataset_id") == dataset_id and named:
                what = "the reasons for its place" if job.kind == "explain" else "how it compares with another one"
                yield f"Had the program work out {what}", job.by, job.created
        seen = select(Shown).join(Scoring, Scoring.id == Shown.scoring_id).where(Scoring.dataset_id == dataset_id)
        for shown in session.scalars(seen.where(Shown.lead_id == lead_id)):
            yield "Saw your enquiry on their list, in a test of two orders", shown.by, shown.at


def _events(ws: Workspace, dataset_id: str, lead_id: str) -> Iterator[_Single]:
    """What the audit trail alone tells."""
    with ws.session(reading=True) as session:
        rankings = session.scalars(select(Scoring.id).where(Scoring.dataset_id == dataset_id)).all()
        kinds = AuditEvent.what.in_(("names shown", "download"))
        for event in session.scalars(select(AuditEvent).where(kinds)):
            if event.what == "names shown":
                if event.subject == lead_id and event.details.get("dataset") == dataset_id:
                    yield "Had names and numbers shown that are hidden at first", event.who, event.at
                elif event.subject == dataset_id:
                    yield f"Had rows of the file shown with names{MAY}", event.who, event.at
            elif event.subject.startswith(SHEET):
                if event.subject.startswith(download_words(lead_id, dataset_id, "")):
                    yield "Made a sheet like this one", event.who, event.at
            elif any(id in event.subject for id in (dataset_id, *rankings)):
                yield f"Took a file made from these enquiries{MAY}", event.who, event.at
