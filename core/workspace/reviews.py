"""What people said of pairs of leads and of leads that a model learns from: see `core.data.reviews`.

Nothing of it is deleted: a review is withdrawn, and then no training takes it any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import pandas as pd
from sqlalchemy import select

from core.data.reviews import OF_PAIRS
from core.data.reviews import Review as Said
from core.data.schema import schema_from_dict
from core.data.splitting import final_outcomes
from core.errors import LeadRankError
from core.workspace.actions import lead_status
from core.workspace.audit import add_event
from core.workspace.datasets import dataset, datasets, outcomes_of, shown_of
from core.workspace.ids import checked_id, utc_now
from core.workspace.store import Workspace, existing
from core.workspace.tables import Dataset, Review, Run

REASONS = {
    "stage": "The stage or outcome was entered wrongly",
    "mistake": "Called by mistake",
    "duplicate": "The same customer twice",
    "talk": "What was said shows it",
    "other": "Another reason",
}
"""Why, by the code that is kept."""
LONGEST_NOTE = 2_000
"""Characters."""


def add_review(
    ws: Workspace,
    dataset_id: str,
    said: Said,
    *,
    note: str = "",
    run_id: str | None = None,
    scores: tuple[float, float] | None = None,
) -> Review:
    """Keep what `said.by` said of leads of a dataset, and why (`said.reason`, a key of REASONS).

    Args:
        note: In free words; needed with the reason `other`.
        run_id: The model that was looked at.
        scores: What it said then of the chosen and the rejected lead.

    Raises:
        LeadRankError: no such dataset, model, lead, stage or reason; a note that is missing or too long.
    """
    note = note.replace("\0", "").strip()
    if said.reason not in REASONS:
        raise LeadRankError(f"a review needs a reason, one of {', '.join(REASONS)}, however: got={said.reason!r}")
    if said.reason == "other" and not note:
        raise LeadRankError("with 'Another reason' write a few words: whoever reads it later has to know")
    if len(note) > LONGEST_NOTE:
        raise LeadRankError(f"a note may have {LONGEST_NOTE:,} characters, however: got {len(note):,}; make it shorter")
    stages = schema_from_dict(dataset(ws, dataset_id).schema).funnel.stages
    if said.stage and said.stage not in stages:
        raise LeadRankError(f"the stage must be one of {', '.join(stages)}, however: got={said.stage!r}")
    ids = [said.chosen, said.rejected] if said.action in OF_PAIRS else [said.lead_id]
    shown_of(ws, dataset_id, ids)  # names the ids that the dataset does not hold
    known = outcomes_since(ws, dataset_id, ids)  # one of the two is enough: it often tells which is the better one
    chosen_score, rejected_score = scores or (None, None)
    told = {f.name: getattr(said, f.name) for f in fields(Said)}
    row = Review(
        **told,
        dataset_id=dataset_id,
        note=note,
        run_id=run_id,
        chosen_score=chosen_score,
        rejected_score=rejected_score,
        decided=bool(len(known)),
    )
    with ws.session() as session:
        existing(session, Dataset, dataset_id, "dataset")
        if run_id is not None:
            existing(session, Run, run_id, "model")
        session.add(row)
        session.flush()
        add_event(session, said.by, f"review: {said.action}", str(row.id), {"dataset": dataset_id, "leads": ids})
    return row


def reviews_of(ws: Workspace, dataset_id: str, withdrawn: bool = False) -> list[Review]:
    """Oldest first; with `withdrawn` those that were taken back as well."""
    query = select(Review).where(Review.dataset_id == checked_id(dataset_id, "dataset")).order_by(Review.id)
    with ws.session(reading=True) as session:
        return list(session.scalars(query if withdrawn else query.where(Review.withdrawn.is_(None))))


def reviews_by_id(ws: Workspace, dataset_id: str, ids: Sequence[int]) -> list[Review]:
    """Those of the dataset, oldest first, withdrawn or not.

    Raises:
        LeadRankError: some of them are not there.
    """
    found = [row for row in reviews_of(ws, dataset_id, withdrawn=True) if row.id in set(ids)]
    if len(found) != len(set(ids)):
        raise LeadRankError("some of these reviews are not of this dataset; go back to the page and choose again")
    return found


def withdraw(ws: Workspace, id: int, by: str) -> Review:
    """Take a review back: it stays in the list of all, and no training takes it any more.

    Raises:
        LeadRankError: no such review, or it was withdrawn before.
    """
    with ws.session() as session:
        row = session.get(Review, id, with_for_update=True)
        if row is None:
            raise LeadRankError("there is no such review; go back to the list and choose it again")
        if row.withdrawn is not None:
            raise LeadRankError(f"this review was withdrawn already, by {row.withdrawn_by}")
        row.withdrawn, row.withdrawn_by = utc_now(), by
        add_event(session, by, "review withdrawn", str(id), {"dataset": row.dataset_id, "action": row.action})
    return row


def as_said(rows: Sequence[Review]) -> tuple[Said, ...]:
    """As a training takes them; the reason in words, with the note."""
    told = []
    for row in rows:
        values = {f.name: getattr(row, f.name) for f in fields(Said)}
        reason = REASONS.get(row.reason, row.reason)
        told.append(Said(**{**values, "reason": f"{reason}: {row.note}" if row.note else reason}))
    return tuple(told)


def outcomes_since(ws: Workspace, dataset_id: str, lead_ids: Sequence[str]) -> pd.DataFrame:
    """What became of leads, as far as it is known now: index lead_id, columns outcome (1, 0 or NaN) and stage (-1
    unknown), of the newest dataset that tells it; else as people marked them; a lead of which nothing is known is left
    out.

    A dataset tells of a lead where it has the same lead and customer id, and stages of the same names.

    Raises:
        LeadRankError: no such dataset, or a file is damaged.
    """
    own = dataset(ws, dataset_id)
    first = _outcomes(ws, dataset_id, lead_ids)
    frames = [first]
    stages = schema_from_dict(own.schema).funnel.stages
    for other in reversed([each for each in datasets(ws) if each.made > own.made]):
        if schema_from_dict(other.schema).funnel.stages == stages:
            found = _outcomes(ws, other.id, lead_ids)
            same = found["customer_id"] == first["customer_id"].reindex(found.index)
            frames.append(found[same])
    marks = lead_status(ws, dataset_id).set_index("lead_id")["status"].reindex(first.index)
    marked = first.assign(outcome=marks.map({"won": 1.0, "lost": 0.0}), stage=-1)
    told = pd.concat([frame.dropna(subset=["outcome"]) for frame in (marked, *frames)])
    return told[~told.index.duplicated(keep="last")][["outcome", "stage"]]


def _outcomes(ws: Workspace, dataset_id: str, lead_ids: Sequence[str]) -> pd.DataFrame:
    """Index lead_id, columns outcome (NaN where it is not final), stage and customer_id, of those that are there."""
    leads = outcomes_of(ws, dataset_id)
    frame = pd.DataFrame(
        {
            "outcome": final_outcomes(leads),
            "stage": leads.stage,
            "customer_id": leads.roles["customer_id"].to_numpy(dtype=object),
        },
        index=pd.Index(leads.lead_id, dtype=object, name="lead_id"),
    )
    return frame[np.isin(frame.index.to_numpy(dtype=object), np.array(list(lead_ids), dtype=object))]
