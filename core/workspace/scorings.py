"""Scorings: one ranking of a dataset by a model each. They only grow in number; an earlier one can be put back."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.data.stored import literal_name
from core.errors import LeadRankError
from core.workspace.audit import add_event
from core.workspace.ids import checked_id, new_id
from core.workspace.store import Workspace, existing
from core.workspace.tables import Dataset, Run, Scoring

PARTS = ("open", "test", "all")
REASONS = ("first", "new model", "manual", "schedule")
HISTORY = 30
"""Scorings that a lead's history goes back: each is a file to search."""


def scoring_path(ws: Workspace, id: str) -> Path:
    """The Parquet file of the ranked leads. Raises LeadRankError for what cannot be an id."""
    return ws.folder / "scorings" / f"{checked_id(id, 'ranking')}.parquet"


def new_scoring_path(ws: Workspace) -> tuple[str, Path]:
    """An id, and where to write its file before `add_scoring`."""
    id = new_id()
    return id, scoring_path(ws, id)


def add_scoring(
    ws: Workspace,
    id: str,
    *,
    run_id: str,
    dataset_id: str,
    part: str,
    reason: str,
    by: str,
    leads: int,
    use: bool = True,
) -> Scoring:
    """Keep a ranking whose file is written. With `use` it becomes the dataset's queue, unless its part is `test`.

    Raises:
        LeadRankError: no such part, reason, model or dataset, the file is missing, or it was added before.
    """
    if part not in PARTS or reason not in REASONS:
        raise LeadRankError(f"part must be one of {PARTS} and reason one of {REASONS}, however: {part!r}, {reason!r}")
    if not scoring_path(ws, id).is_file():
        raise LeadRankError("the file of this ranking is missing: it was not written to its end; score again")
    row = Scoring(
        id=id, run_id=run_id, dataset_id=dataset_id, part=part, reason=reason, made_by=by, leads=leads, slot=None
    )
    with ws.session() as session:
        if session.get(Scoring, id) is not None:
            raise LeadRankError("this ranking is in the list already")
        existing(session, Run, run_id, "model")
        before = _freed(session, dataset_id, use and part != "test")
        if use and part != "test":
            row.slot = dataset_id
        session.add(row)
        details = {"model": run_id, "dataset": dataset_id, "part": part, "reason": reason, "leads": leads}
        add_event(session, by, "leads scored", id, details)
        if row.in_use:
            details = {"before": before, "after": id, "dataset": dataset_id}
            add_event(session, by, "ranking put in use", id, details)
    return row


def scorings(
    ws: Workspace, dataset_id: str | None = None, run_id: str | None = None, part: str | None = None
) -> list[Scoring]:
    """Newest first; of one dataset, model or part only where given."""
    query = select(Scoring).order_by(Scoring.made.desc(), Scoring.id)
    for column, value in ((Scoring.dataset_id, dataset_id), (Scoring.run_id, run_id), (Scoring.part, part)):
        if value is not None:
            query = query.where(column == value)
    with ws.session(reading=True) as session:
        return list(session.scalars(query))


def scoring(ws: Workspace, id: str) -> Scoring:
    """Raises LeadRankError where there is none."""
    with ws.session(reading=True) as session:
        return existing(session, Scoring, id, "ranking")


def scoring_in_use(ws: Workspace, dataset_id: str) -> Scoring | None:
    """The dataset's queue (part `open` or `all`), None before the first."""
    with ws.session(reading=True) as session:
        return session.scalar(select(Scoring).where(Scoring.slot == dataset_id))


def use_scoring(ws: Workspace, id: str, by: str) -> Scoring:
    """Make it its dataset's queue, in place of the one that is: an earlier one is put back, say.

    Raises:
        LeadRankError: no such ranking, or one of test leads, whose outcomes are known.
    """
    wanted = scoring(ws, id)
    if wanted.part == "test":
        raise LeadRankError("this ranking is of test leads, whose outcomes are known; choose one of leads to call")
    with ws.session() as session:
        before = _freed(session, wanted.dataset_id, True)
        session.execute(update(Scoring).where(Scoring.id == wanted.id).values(slot=wanted.dataset_id))
        if before != wanted.id:
            details = {"before": before, "after": wanted.id, "dataset": wanted.dataset_id}
            add_event(session, by, "ranking put in use", wanted.id, details)
    return scoring(ws, id)


def score_history(ws: Workspace, dataset_id: str, lead_id: str) -> pd.DataFrame:
    """The lead's place in each of the dataset's last `HISTORY` rankings, oldest first: made, run (its name), score,
    probability, rank, of (how many were ranked), part. Rankings without the lead, or whose file is gone, are left out.

    Raises:
        LeadRankError: a file is damaged.
    """
    query = (
        select(Scoring, Run.name)
        .join(Run, Run.id == Scoring.run_id)
        .where(Scoring.dataset_id == checked_id(dataset_id, "dataset"))
        .order_by(Scoring.made.desc(), Scoring.id)
        .limit(HISTORY)
    )
    with ws.session(reading=True) as session:
        made = [(row, name) for row, name in session.execute(query) if scoring_path(ws, row.id).is_file()]
    columns = ["made", "run", "score", "probability", "rank", "of", "part"]
    if not made:
        return pd.DataFrame(columns=columns)
    # One line of SQL a file: files of other versions may have other columns.
    one = "SELECT ?::INTEGER AS place, score, probability, rank FROM read_parquet(?) WHERE lead_id = ?"
    given: list[object] = []
    for place, (row, _) in enumerate(made):
        given += [place, literal_name(scoring_path(ws, row.id)), lead_id]
    try:
        with duckdb.connect(config={"threads": 2}) as connection:
            found = connection.execute(" UNION ALL ".join([one] * len(made)), given).df()
    except duckdb.Error as error:
        raise LeadRankError(
            "an earlier ranking of this dataset cannot be read: its file is damaged; put it back from a backup, "
            "or score again"
        ) from error
    found = found.sort_values("place", ascending=False, ignore_index=True)
    rows = [made[place] for place in found["place"]]
    return found.assign(
        made=pd.Series([row.made for row, _ in rows], dtype="datetime64[us]"),
        run=pd.Series([name for _, name in rows], dtype="str"),
        of=pd.Series([row.leads for row, _ in rows], dtype="int64"),
        part=pd.Series([row.part for row, _ in rows], dtype="str"),
    )[columns]


def _freed(session: Session, dataset_id: str, free: bool) -> str | None:
    """The id of the dataset's ranking in use, which with `free` is so no longer."""
    # Two switches at once take turns at the dataset's row, where the database can lock rows.
    existing(session, Dataset, dataset_id, "dataset", for_update=True)
    before = session.scalar(select(Scoring.id).where(Scoring.slot == dataset_id))
    if free:
        session.execute(update(Scoring).where(Scoring.slot == dataset_id).values(slot=None))
    return before
