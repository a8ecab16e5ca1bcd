"""A sheet from what a workspace keeps, or from a run folder and a file of leads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.data.leads import Leads
from core.disclosure.hiding import hiding
from core.disclosure.reasons import told_reasons
from core.disclosure.sheet import Model, Sheet, Source, Standing
from core.disclosure.uses import uses_of
from core.errors import RunError
from core.jobs.rankings import read_explanation
from core.scores import Attribution
from core.scoring import run_schema
from core.workspace.datasets import dataset, leads_of, shown_of
from core.workspace.runs import run, run_folder
from core.workspace.store import Workspace
from core.workspace.tables import Scoring


def kept_sheet(
    ws: Workspace,
    scoring: Scoring,
    lead_id: str,
    standing: Standing,
    *,
    place_of: Callable[[float], int] | None = None,
    contact: str = "",
) -> Sheet:
    """About a lead of a ranking that the workspace keeps, with the reasons for its place as far as they are kept.

    Args:
        standing: Where it stands there.
        place_of: The place that it would have, once its score moves so far.

    Raises:
        LeadRankError: no such lead, or a file is damaged.
    """
    data = dataset(ws, scoring.dataset_id)
    lead = leads_of(ws, data.id, [lead_id])
    shown = shown_of(ws, data.id, [lead_id]) if data.shown else lead.features[[]]
    people = {str(name): str(shown[name].iat[0]) for name in shown.columns if name != "lead_id"}
    model = model_of(run_folder(ws, scoring.run_id), run(ws, scoring.run_id).id)
    found = read_explanation(ws, scoring.run_id, lead, model.head)
    found = found or read_explanation(ws, scoring.run_id, lead, model.head, first=True)
    return made_sheet(
        lead,
        Source(data.name, data.source_name, data.made, data.leads),
        standing,
        model,
        found,
        place_of=place_of,
        people=people,
        contact=contact,
        uses=uses_of(ws, data.id, lead_id),
    )


def made_sheet(
    lead: Leads,
    source: Source,
    standing: Standing,
    model: Model,
    found: Attribution | None,
    *,
    place_of: Callable[[float], int] | None = None,
    people: Mapping[str, str] | None = None,
    **more: Any,
) -> Sheet:
    """A sheet of the one lead in `lead`; `found`: why it scores as it does, proved; None where that was not worked out.

    Of reasons without a proof none is told.
    """
    hide = hiding(lead, people or {})
    told = None
    if found is not None and found.unchanged is not None:
        told = told_reasons(found, lead, hide, rank=standing.rank, place_of=place_of)
    return Sheet(
        lead,
        source,
        standing,
        model,
        datetime.now(UTC).replace(tzinfo=None),
        reasons=told,
        unread_turns=None if found is None else found.truncated_turns,
        people=people or {},
        **more,
    )


def model_of(folder: Path, id: str) -> Model:
    """What a run folder says of itself.

    Raises:
        RunError: its card or its schema cannot be read.
    """
    try:
        card = json.loads((folder / "card.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(
            f"expected card.json in the run folder '{folder.name}', however: it is missing or damaged; take the "
            "folder as training left it"
        ) from error
    return Model(id, card, run_schema(folder).features)
