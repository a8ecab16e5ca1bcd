"""What the sections of Value compute with: open leads of a ranking, and leads whose outcome is known.

Kept by the id of a ranking, whose file never changes; never by a frame.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import streamlit as st

from core.errors import LeadRankError, NotComputable
from core.evaluation import Missing
from core.lift.chances import Calibration, calibration
from core.lift.lineup import Lineup, RunScores
from core.scores import Scores
from core.workspace import actions, datasets, runs, scorings
from core.workspace.tables import Scoring
from pages import _lift_parts as lift
from pages import _shared as shared
from pages._likely import home

FIELD = "field:"
"""Begins the name of a lead's own column in a ranking's file."""
ALWAYS = ("lead_id", "rank", "probability", "owner", "stage")
DAMAGED = "the ranked leads cannot be read: their file is missing or damaged; score the leads again"


def scored_leads(scoring: Scoring, fields: tuple[str, ...] = ()) -> pd.DataFrame:
    """Open leads of a ranking, best first: `ALWAYS`, and `field:<name>` for each of `fields`; index 0, 1, ...

    The owner is who has the lead now. `probability` is NaN where the model gives no chances.

    Raises:
        LeadRankError: the file is missing or damaged, or holds no such field.
    """
    ws = shared.workspace()
    frame = _read(str(ws.folder), scoring.id, tuple(FIELD + name for name in fields))
    done = actions.lead_status(ws, scoring.dataset_id).set_index("lead_id")
    touched = frame["lead_id"].isin(done.index) if len(done) else pd.Series(False, frame.index)
    if not touched.any():
        return frame.copy(deep=False)
    now = done.loc[frame["lead_id"][touched]].set_index(frame.index[touched])
    owner = frame["owner"].copy()
    owner[touched] = now["assigned_to"].where(now["assigned_to"] != "", owner[touched])
    closed = now.index[now["status"] != "open"]
    return frame.assign(owner=owner).drop(index=closed).reset_index(drop=True)


def open_key(leads: pd.DataFrame, scoring: Scoring) -> str:
    """For caches: which of a ranking's leads these are, told by their ranks; columns and amounts are not in it."""
    ranks = hashlib.sha256(leads["rank"].to_numpy(dtype=np.int64).tobytes()).hexdigest()
    return f"{shared.workspace().folder} {scoring.id} {ranks}"


def field_names(scoring: Scoring, numeric: bool) -> list[str]:
    """Names of the leads' own columns, of numbers or of words. Raises LeadRankError as `scored_leads` does."""
    schema = _schema(scoring.id)
    numbers = {field.name: pa.types.is_integer(field.type) or pa.types.is_floating(field.type) for field in schema}
    return [
        name.removeprefix(FIELD) for name, number in numbers.items() if name.startswith(FIELD) and number == numeric
    ]


def held_out(scoring: Scoring) -> Lineup | Missing:
    """Leads of known outcome with their chances by the model of the ranking: those ranked where their outcome is known,
    else those that the model was tested on; Missing, with the reason, where there are none."""
    ws = shared.workspace()
    tested = scoring.dataset_id if scoring.part != "open" else home(runs.run(ws, scoring.run_id))
    if tested is None:  # not kept: the file may come in any time
        return Missing("the leads that this model was tested on are not here; bring in the file of its training")
    return _tested(str(ws.folder), scoring.id, tested, scoring)


def chance_range(scoring: Scoring, chance: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """`Calibration.ranges` by the leads of known outcome; None where too few of them are here."""
    lineup = held_out(scoring)
    if isinstance(lineup, Missing):
        return None
    found = _promises(str(shared.workspace().folder), scoring.id, lineup)
    return found.ranges(chance) if found else None


@st.cache_resource(max_entries=8, show_spinner="Reading the ranked leads")
def _read(folder: str, scoring_id: str, fields: tuple[str, ...]) -> pd.DataFrame:
    """Shared by all visitors: not to be changed."""
    if lacks := [name.removeprefix(FIELD) for name in fields if name not in _schema(scoring_id).names]:
        raise LeadRankError(f"this ranking has no column {', '.join(lacks)}; choose another, or score again")
    try:
        frame = pd.read_parquet(_path(scoring_id), columns=[*ALWAYS, *fields])
    except (OSError, ValueError) as error:
        raise LeadRankError(DAMAGED) from error
    return frame.sort_values("rank", kind="stable", ignore_index=True)


def _schema(scoring_id: str) -> pa.Schema:
    try:
        return pq.read_schema(_path(scoring_id))
    except (OSError, pa.ArrowInvalid) as error:
        raise LeadRankError(DAMAGED) from error


def _path(scoring_id: str) -> Path:
    return scorings.scoring_path(shared.workspace(), scoring_id)


@st.cache_resource(max_entries=8, show_spinner="Reading leads of known outcome")
def _tested(folder: str, scoring_id: str, home: str, _scoring: Scoring) -> Lineup | Missing:
    try:
        if _scoring.part == "open":
            run = runs.run(shared.workspace(), _scoring.run_id)
            lineup = lift.lined_up(lift.Chosen(folder, ((run.id, run.name),), home))
        else:
            lineup = _ranked_and_known(folder, _scoring)
        lineup.probability()
    except LeadRankError as error:
        return Missing(shared.without_folders(str(error)))
    return lineup


def _ranked_and_known(folder: str, scoring: Scoring) -> Lineup:
    frame = _read(folder, scoring.id, ())
    chance = frame["probability"].to_numpy(dtype=np.float64)
    scores = Scores.ranked(frame["lead_id"], -frame["rank"].to_numpy(dtype=np.float64), chance)
    leads = datasets.leads_of(shared.workspace(), scoring.dataset_id, frame["lead_id"].tolist())
    return Lineup.of(leads, [RunScores("model", {"model": scores})])


@st.cache_resource(max_entries=8, show_spinner="Comparing chances with orders")
def _promises(folder: str, scoring_id: str, _lineup: Lineup) -> Calibration | None:
    try:
        return calibration(_lineup)
    except NotComputable:
        return None
