"""What people did with leads: called, won, lost, assigned, noted. The last actions say how things are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from sqlalchemy import func, insert, select

from core.errors import LeadRankError
from core.workspace.audit import add_event
from core.workspace.datasets import shown_of
from core.workspace.ids import checked_id, one_line, utc_now
from core.workspace.store import Workspace
from core.workspace.tables import LeadAction

STATUSES = {"called": "called", "won": "won", "lost": "lost", "not_now": "not_now", "reopened": "open"}
"""Kind of action -> status of the lead from then on."""
KINDS = (*STATUSES, "assigned", "note")
LONGEST_NOTE = 10_000
"""Characters."""


def record_action(
    ws: Workspace,
    dataset_id: str,
    lead_ids: Sequence[str],
    kind: str,
    *,
    by: str,
    note: str = "",
    assigned_to: str = "",
) -> None:
    """Write down the same action for each lead. `assigned_to` goes with `assigned`; "" gives the lead to nobody.

    Raises:
        LeadRankError: no such kind, dataset or lead, no lead at all, a `note` without words, or one too long.
    """
    if kind not in KINDS:
        raise LeadRankError(f"an action must be one of {', '.join(KINDS)}, however: got={kind!r}")
    note, assigned_to = note.replace("\0", "").strip(), one_line(assigned_to)
    if assigned_to and kind != "assigned":
        raise LeadRankError(f"only the action 'assigned' names a person, however: got={kind!r}; record two actions")
    if len(note) > LONGEST_NOTE or len(assigned_to) > 320:
        raise LeadRankError(f"a note may have {LONGEST_NOTE:,} characters, however: got {len(note):,}; make it shorter")
    if kind == "note" and not note:
        raise LeadRankError("a note must have words, however: it is empty; write some")
    wanted = list(dict.fromkeys(map(str, lead_ids)))
    if not wanted:
        raise LeadRankError("choose at least one lead first")
    shown_of(ws, dataset_id, wanted)  # names the ids that the dataset does not hold
    common = {"dataset_id": dataset_id, "kind": kind, "note": note, "assigned_to": assigned_to, "by": by}
    at = utc_now()
    with ws.session() as session:
        session.execute(insert(LeadAction), [{**common, "at": at, "lead_id": lead_id} for lead_id in wanted])
        details = {"dataset": dataset_id, "leads": len(wanted), "assigned_to": assigned_to}
        add_event(session, by, f"lead action: {kind}", wanted[0] if len(wanted) == 1 else "", details)


def lead_status(ws: Workspace, dataset_id: str) -> pd.DataFrame:
    """How things are with each lead that has an action: lead_id, status (open, called, won, lost or not_now),
    assigned_to ("" for nobody), note (the last one), by and at (of the last action)."""
    columns = ("lead_id", "kind", "note", "assigned_to", "by", "at")
    query = (
        select(*(getattr(LeadAction, name) for name in columns))
        .where(LeadAction.dataset_id == checked_id(dataset_id, "dataset"))
        .order_by(LeadAction.id)
    )
    with ws.session(reading=True) as session:
        done = pd.DataFrame(session.execute(query).all(), columns=list(columns))
    done = done.astype(dict.fromkeys(columns[:-1], "str") | {"at": "datetime64[us]"})
    status = done["kind"].map(STATUSES)
    # Where an action says nothing of it, the last that did holds: ffill within the lead.
    said = pd.DataFrame(
        {
            "status": status,
            "assigned_to": done["assigned_to"].where(done["kind"] == "assigned"),
            "note": done["note"].where(done["note"] != ""),
        }
    )
    known = said.groupby(done["lead_id"], sort=False).last().fillna({"status": "open", "assigned_to": "", "note": ""})
    last = done.drop_duplicates("lead_id", keep="last").set_index("lead_id")[["by", "at"]]
    found = known.join(last).reset_index()
    return found.astype(dict.fromkeys(("lead_id", "status", "assigned_to", "note", "by"), "str"))


def actions_of(ws: Workspace, dataset_id: str, lead_id: str) -> list[LeadAction]:
    """All that was done with one lead, newest first."""
    query = (
        select(LeadAction)
        .where(LeadAction.dataset_id == checked_id(dataset_id, "dataset"), LeadAction.lead_id == lead_id)
        .order_by(LeadAction.id.desc())
    )
    with ws.session(reading=True) as session:
        return list(session.scalars(query))


def standing(ws: Workspace, dataset_id: str, lead_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Status of each lead, and to whom it was assigned, as far as people said anything."""
    known = lead_status(ws, dataset_id).set_index("lead_id")
    status, person = known["status"].to_dict(), known["assigned_to"].to_dict()
    return {lead_id: (status.get(lead_id, "open"), person.get(lead_id, "")) for lead_id in lead_ids}


def latest(ws: Workspace, dataset_id: str, lead_ids: Sequence[str]) -> dict[str, int]:
    """Id of each lead's newest action; 0 where it has none."""
    query = (
        select(LeadAction.lead_id, func.max(LeadAction.id))
        .where(LeadAction.dataset_id == checked_id(dataset_id, "dataset"), LeadAction.lead_id.in_(lead_ids))
        .group_by(LeadAction.lead_id)
    )
    with ws.session(reading=True) as session:
        found = {row[0]: row[1] for row in session.execute(query)}
    return {lead_id: found.get(lead_id, 0) for lead_id in lead_ids}


def take_back(
    ws: Workspace,
    dataset_id: str,
    kind: str,
    before: Mapping[str, tuple[str, str]],
    after: Mapping[str, int],
    *,
    by: str,
    note: str = "",
) -> int:
    """Undo an action by a further one for each lead, unless somebody did something with it since.

    Args:
        kind: What is taken back.
        before: `standing` of its leads before it.
        after: `latest` of them right after it.

    Returns:
        How many leads were left as they are now.
    """
    now = latest(ws, dataset_id, list(before))
    kept = [lead_id for lead_id in before if now[lead_id] == after[lead_id]]
    for lead_id in kept:
        status, assigned_to = before[lead_id]
        if kind == "assigned":
            record_action(ws, dataset_id, [lead_id], "assigned", by=by, note=note, assigned_to=assigned_to)
        else:
            record_action(ws, dataset_id, [lead_id], "reopened" if status == "open" else status, by=by, note=note)
    return len(before) - len(kept)
