"""Datasets: leads that were brought in, under a name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import select

from core.data.leads import Leads
from core.data.mapping import map_stored
from core.data.ordered import StoredLeads
from core.data.problems import FIRST_ROW, Report
from core.data.schema import schema_from_dict, schema_to_dict
from core.data.splitting import open_rows
from core.data.stored import decided_ids, read_field, read_leads, read_outcomes, read_rows, read_shown, write_leads
from core.workspace.audit import add_event
from core.workspace.ids import checked_id, checked_name, new_id, one_line
from core.workspace.store import Workspace, existing
from core.workspace.tables import Dataset


def add_dataset(
    ws: Workspace,
    *,
    name: str,
    source_name: str,
    leads: Leads,
    report: Report,
    shown: pd.DataFrame | None = None,
    by: str,
    id: str | None = None,
) -> Dataset:
    """Keep validated leads. `shown`: columns for people only, one row per lead. `id`: a new one, which whoever may be
    stopped half-way has noted before.

    Raises:
        LeadRankError: no fitting name, `shown` does not fit the leads, or nothing can be written.
    """
    name = checked_name(name, "dataset")
    outcomes, newest = leads.converted, leads.roles["snapshot_time"].max()
    row = Dataset(
        id=new_id() if id is None else checked_id(id, "dataset"),
        name=name,
        source_name=one_line(source_name),
        sha256=leads.content_hash,
        made_by=by,
        leads=len(leads),
        converted=int(np.nansum(outcomes)) if np.isfinite(outcomes).any() else None,
        open_leads=len(open_rows(leads)),
        newest=None if pd.isna(newest) else newest.to_pydatetime(),
        schema=schema_to_dict(leads.schema),
        shown=[] if shown is None else [str(column) for column in shown.columns],
        report=report.to_dict(),
    )
    path = _path(ws, row.id)
    write_leads(leads, path, shown)
    try:
        with ws.session() as session:
            session.add(row)
            add_event(session, by, "dataset added", row.id, {"name": name, "leads": len(leads)})
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return row


def datasets(ws: Workspace, archived: bool = False) -> list[Dataset]:
    """Newest first; with `archived` those that were put away as well."""
    query = select(Dataset).order_by(Dataset.made.desc(), Dataset.id)
    with ws.session(reading=True) as session:
        return list(session.scalars(query if archived else query.where(Dataset.archived.is_(False))))


def dataset(ws: Workspace, id: str) -> Dataset:
    """Raises LeadRankError where there is none."""
    with ws.session(reading=True) as session:
        return existing(session, Dataset, id, "dataset")


def leads_of(ws: Workspace, id: str, lead_ids: Sequence[str] | None = None) -> Leads:
    """All leads, or those of `lead_ids` in that order.

    Raises:
        LeadRankError: no such dataset, no such lead, or the file is damaged.
    """
    return read_leads(_path(ws, id), schema_from_dict(dataset(ws, id).schema), lead_ids)


def mapped_leads(ws: Workspace, id: str, file: Path) -> Leads:
    """All leads, however many: their texts lie in `file`, which has gone from its folder already.

    Raises:
        LeadRankError: as `leads_of`, or the disk takes no more.
    """
    return map_stored(_path(ws, id), schema_from_dict(dataset(ws, id).schema), file)


def stored_leads(ws: Workspace, id: str) -> StoredLeads:
    """All leads as they lie on disk, for what goes through them in order. Raises LeadRankError for no such dataset."""
    row = dataset(ws, id)
    return StoredLeads(_path(ws, row.id), schema_from_dict(row.schema))


def field_of(ws: Workspace, id: str, name: str) -> pd.Series:
    """One field of all leads. Raises LeadRankError as `leads_of` does, or where there is no such field."""
    return read_field(_path(ws, dataset(ws, id).id), name)


def outcomes_of(ws: Workspace, id: str) -> Leads:
    """All leads without their words and fields. Raises LeadRankError as `leads_of` does."""
    return read_outcomes(_path(ws, id), schema_from_dict(dataset(ws, id).schema))


def decided_leads(ws: Workspace, id: str, most: int) -> Leads:
    """The newest `most` leads whose outcome is final, newest first; the others are not read.

    Raises:
        LeadRankError: no such dataset, or the file is damaged.
    """
    schema = schema_from_dict(dataset(ws, id).schema)
    path = _path(ws, id)
    return read_leads(path, schema, decided_ids(path, schema.split.maturity_days, most))


def shown_of(ws: Workspace, id: str, lead_ids: Sequence[str] | None = None) -> pd.DataFrame:
    """lead_id and the columns for people, all text; rows and errors as in `leads_of`."""
    return read_shown(_path(ws, dataset(ws, id).id), lead_ids)


def rows_of(ws: Workspace, id: str, numbers: Sequence[int]) -> pd.DataFrame:
    """Leads by the row of the file that they came from, as a report numbers rows; all that is kept of each, by name.

    Roles go by their own names, the stage in words; a name that stands for two columns carries `role:`, `feature:` or
    `shown:` before it.

    Raises:
        LeadRankError: no such dataset, or the file is damaged.
    """
    row = dataset(ws, id)
    frame = read_rows(_path(ws, row.id), [number - FIRST_ROW for number in numbers])
    stages = [*schema_from_dict(row.schema).funnel.stages, ""]  # -1, unknown, is the last
    frame["role:stage"] = [stages[place] if place < len(stages) else "" for place in frame["role:stage"]]
    bare = [name.partition(":")[2] for name in frame.columns]
    frame.columns = [short if bare.count(short) == 1 else name for short, name in zip(bare, frame.columns, strict=True)]
    return frame.set_axis(frame.index + FIRST_ROW, axis="index").rename_axis("row")


def rename_dataset(ws: Workspace, id: str, name: str, by: str) -> Dataset:
    """Raises LeadRankError for no fitting name, or no such dataset."""
    name = checked_name(name, "dataset")
    with ws.session() as session:
        row = existing(session, Dataset, id, "dataset", for_update=True)
        add_event(session, by, "dataset renamed", row.id, {"before": row.name, "after": name})
        row.name = name
    return row


def archive_dataset(ws: Workspace, id: str, by: str, archived: bool = True) -> Dataset:
    """Put it away, or bring it back; nothing is deleted. Raises LeadRankError for no such dataset."""
    with ws.session() as session:
        row = existing(session, Dataset, id, "dataset", for_update=True)
        row.archived = archived
        add_event(session, by, "dataset archived" if archived else "dataset brought back", row.id, {"name": row.name})
    return row


def _path(ws: Workspace, id: str) -> Path:
    return ws.folder / "datasets" / f"{checked_id(id, 'dataset')}.parquet"
