"""Runs: models that were trained or loaded. One at most is in use."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import select, update

from core.bulk.work_folders import drop_work
from core.errors import LeadRankError, RunError
from core.workspace.audit import add_event
from core.workspace.ids import checked_id, checked_name, new_id
from core.workspace.store import Workspace, existing
from core.workspace.tables import Dataset, Run

_IN_USE = "run"


def new_run_folder(ws: Workspace) -> tuple[str, Path]:
    """An id and an empty folder, which `add_run` makes a run of once a model lies in it."""
    id = new_id()
    folder = ws.folder / "runs" / id
    folder.mkdir()
    return id, folder


def add_run(ws: Workspace, id: str, *, name: str, dataset_id: str | None, by: str) -> Run:
    """Make a run of a folder with a model; that the model is sound is for the caller to check.

    Raises:
        LeadRankError: no fitting name, no such dataset, or it is a run already.
        RunError: the folder has no model card.
    """
    name = checked_name(name, "model")
    try:
        card = json.loads((run_folder(ws, id) / "card.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(
            "a model's folder must hold its card, card.json, however: it is missing or damaged; train or load it again"
        ) from error
    if not isinstance(card, dict):
        raise RunError("a model's card, card.json, must be a table of figures, however: it is none; load it again")
    row = Run(id=id, name=name, dataset_id=dataset_id, made_by=by, card=card)
    with ws.session() as session:
        if session.get(Run, id) is not None:
            raise LeadRankError("this model is in the list already; choose it there")
        if dataset_id is not None:
            existing(session, Dataset, dataset_id, "dataset")
        session.add(row)
        add_event(session, by, "model added", id, {"name": name, "dataset": dataset_id})
    return row


def runs(ws: Workspace, archived: bool = False) -> list[Run]:
    """Newest first; with `archived` those that were put away as well."""
    query = select(Run).order_by(Run.made.desc(), Run.id)
    with ws.session(reading=True) as session:
        return list(session.scalars(query if archived else query.where(Run.archived.is_(False))))


def run(ws: Workspace, id: str) -> Run:
    """Raises LeadRankError where there is none."""
    with ws.session(reading=True) as session:
        return existing(session, Run, id, "model")


def run_folder(ws: Workspace, id: str) -> Path:
    """Where its files lie. Raises LeadRankError for what cannot be an id."""
    return ws.folder / "runs" / checked_id(id, "model")


def scores_folder(ws: Workspace, id: str) -> Path:
    """Where what it said of leads is kept, so that those that did not change are not read again; it need not be there.

    Raises:
        LeadRankError: for what cannot be an id.
    """
    return ws.folder / "scores" / checked_id(id, "model")


def run_in_use(ws: Workspace) -> Run | None:
    """The one that ranks leads, None before one was chosen."""
    with ws.session(reading=True) as session:
        return session.scalar(select(Run).where(Run.slot == _IN_USE))


def use_run(ws: Workspace, id: str, by: str) -> Run:
    """Put it in use, in place of the one that was.

    Raises:
        LeadRankError: there is no such model, or it is archived.
    """
    with ws.session() as session:
        # Two switches at once take turns, where the database can lock rows: hence all of them, few as they are.
        rows = session.execute(select(Run.id, Run.slot).with_for_update()).all()
        before = next((other for other, slot in rows if slot is not None), None)
        row = existing(session, Run, id, "model", for_update=True)
        if row.archived:
            raise LeadRankError("this model is archived; bring it back before it is put in use")
        if not row.in_use:
            session.execute(update(Run).where(Run.slot == _IN_USE).values(slot=None))
            row.slot = _IN_USE
            session.flush()
            details = {"before": before, "after": row.id, "name": row.name}
            add_event(session, by, "model put in use", row.id, details)
    return row


def rename_run(ws: Workspace, id: str, name: str, by: str) -> Run:
    """Raises LeadRankError for no fitting name, or no such model."""
    name = checked_name(name, "model")
    with ws.session() as session:
        row = existing(session, Run, id, "model", for_update=True)
        add_event(session, by, "model renamed", row.id, {"before": row.name, "after": name})
        row.name = name
    return row


def archive_run(ws: Workspace, id: str, by: str, archived: bool = True) -> Run:
    """Put it away, or bring it back; nothing is deleted but `scores_folder`, which only spares time, where nobody
    scores in it.

    Raises:
        LeadRankError: there is no such model, or it is in use.
    """
    with ws.session() as session:
        row = existing(session, Run, id, "model", for_update=True)
        if archived and row.in_use:
            raise LeadRankError("this model is in use; put another one in use before it is archived")
        row.archived = archived
        add_event(session, by, "model archived" if archived else "model brought back", row.id, {"name": row.name})
    if archived:
        drop_work(scores_folder(ws, row.id))
    return row
