"""How far the chance of a lead can be trusted: what came of earlier leads with such a chance, and of all of them."""

from __future__ import annotations

import math
from pathlib import Path

import streamlit as st

from core.errors import LeadRankError, NotComputable
from core.lift.likely import Likely, Past, TooLittle, past_of
from core.lift.promises import Broken, broken
from core.workspace import datasets, runs
from core.workspace.tables import Run, Scoring
from pages import _shared as shared


def home(run: Run) -> str | None:
    """The dataset with the leads that a model was tested on: its own, or one of the same content; None if not here."""
    ws = shared.workspace()
    content = run.card.get("data", {}).get("sha256")
    same = (each.id for each in datasets.datasets(ws, archived=True) if each.sha256 == content)
    return run.dataset_id or next(same, None)


def likely_here(scoring: Scoring, chance: float | None) -> Likely | TooLittle | None:
    """What came of leads that the model of a ranking was tested on; None where the lead has no chance."""
    if chance is None or not math.isfinite(chance):
        return None
    ws = shared.workspace()
    try:
        run = runs.run(ws, scoring.run_id)
        return _past(str(ws.folder), run.id, home(run), runs.run_folder(ws, run.id)).near(float(chance))
    except LeadRankError as error:
        return TooLittle(str(error))


def broken_here(scoring: Scoring) -> Broken | None:
    """The chances of a ranking's model, where those of its tested leads were surely off."""
    return broken(runs.run(shared.workspace(), scoring.run_id).card)


@st.cache_resource(max_entries=4, show_spinner="Reading what came of earlier leads")
def _past(folder: str, run_id: str, dataset_id: str | None, _run_folder: Path) -> Past:
    """Neither a run nor a dataset ever changes, so their ids are the key; `folder`: the workspace."""
    ws = shared.workspace()
    if dataset_id is None:
        raise NotComputable("the leads that this model was tested on are not here")
    return past_of(_run_folder, runs.run(ws, run_id).card, datasets.outcomes_of(ws, dataset_id))
