"""What campaigns are judged by: leads with their outcome or chance beside the costs, and results kept by ids alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from core.data.splitting import final_outcomes
from core.decisions.economics.campaigns import Feedback, feedback
from core.decisions.economics.history import spend_history
from core.decisions.economics.money import Terms
from core.decisions.economics.response import FEWEST, Responses, fit
from core.decisions.economics.simulation import simulate
from core.errors import LeadRankError
from core.workspace import datasets, scorings
from pages import _shared as shared
from pages._value_data import DAMAGED, FIELD

DAYS = {"day": 1.0, "week": 7.0, "month": 30.4, "quarter": 91.3, "year": 365.2}
REPEATS = 10
"""Of a simulation: some seconds of work, and a range of the gain that is narrow enough to decide by."""


@dataclass(frozen=True)
class Asked:
    """What the page is about; every part that names files is an id or a digest."""

    folder: str
    """The workspace, so that two of them never share an answer."""
    dataset_id: str
    scoring_id: str | None
    """Gives the chance of leads that are still open."""
    costs: str
    """sha256 of the kept costs."""
    by: str
    """campaign, channel or message."""
    column: str
    """Of the leads: where they name it."""


@st.cache_resource(max_entries=3, show_spinner="Reading the leads")
def lead_table(folder: str, dataset_id: str, scoring_id: str | None) -> pd.DataFrame:
    """One row a lead: snapshot_time; converted, NaN while it may still change; probability, NaN for leads that were not
    scored; `field:*` of fixed values. Shared between visitors: not to be changed."""
    ws = shared.workspace()
    leads = datasets.leads_of(ws, dataset_id)
    frame = pd.DataFrame(
        {
            "snapshot_time": leads.roles["snapshot_time"],
            "converted": final_outcomes(leads),
            "probability": np.nan,
        }
    )
    if scoring_id is not None:
        try:
            scored = pd.read_parquet(scorings.scoring_path(ws, scoring_id), columns=["lead_id", "probability"])
        except (OSError, ValueError) as error:
            raise LeadRankError(DAMAGED) from error
        frame["probability"] = leads.lead_id.map(scored.set_index("lead_id")["probability"]).astype(float)
    fields = leads.features[list(leads.schema.features.categorical)].add_prefix(FIELD)
    return pd.concat([frame, fields], axis=1)


@st.cache_data(max_entries=6, show_spinner=False)
def names_in(folder: str, dataset_id: str, scoring_id: str | None) -> dict[str, list[str]]:
    """The values of each column of fixed values, most frequent first."""
    table = lead_table(folder, dataset_id, scoring_id)
    columns = [str(name) for name in table.columns if str(name).startswith(FIELD)]
    return {
        name.removeprefix(FIELD): [str(value) for value in table[name].value_counts().index if value]
        for name in columns
    }


def evidence(asked: Asked) -> pd.DataFrame:
    """The leads as `feedback` and `spend_history` take them."""
    table = lead_table(asked.folder, asked.dataset_id, asked.scoring_id)
    columns = {FIELD + asked.column: asked.by}
    return table[["snapshot_time", "converted", "probability", *columns]].rename(columns=columns)


@st.cache_data(max_entries=20, show_spinner="Counting leads and orders of each name")
def judged(asked: Asked, margin: float, terms: Terms, _costs: pd.DataFrame) -> Feedback:
    return feedback(evidence(asked), _costs, asked.by, margin, terms=terms)


@st.cache_data(max_entries=20, show_spinner="Fitting how orders follow the money")
def fitted(asked: Asked, _costs: pd.DataFrame) -> tuple[Responses, tuple[str, ...]]:
    """Curves of each channel that can be told, and the names of those that cannot. Raises as `fit` where none can."""
    history = spend_history(_costs, evidence(asked), asked.by)
    spends = history.groupby("channel")["spend"]
    enough = (spends.size() >= FEWEST) & (spends.nunique() > 1)
    told = history[history["channel"].map(enough)] if enough.any() else history
    return fit(told), tuple(str(name) for name in enough.index[~enough])


@st.cache_data(max_entries=10, show_spinner="Playing it through, some seconds", show_time=True)
def simulated(asked: Asked, periods: int, budget: float, margin: float, _costs: pd.DataFrame) -> pd.DataFrame:
    """The simulation in a world where each curve is the middle one of those that agree with the past."""
    found, _ = fitted(asked, _costs)
    ceiling, scale = (np.median(draws, axis=0, keepdims=True) for draws in (found.ceiling, found.scale))
    world = Responses(found.channels, ceiling, scale, found.spend_now, found.most_seen)
    return simulate(world, periods, budget, margin, seeds=REPEATS)


def period_of(costs: pd.DataFrame) -> str:
    """The period in which these costs come: the one whose length is nearest to the days between their starts, two
    of which at least are dates.

    Example:
        >>> period_of(pd.DataFrame({"period": ["2026-03-01", "2026-04-01", "2026-05-01"]}))
        'month'
    """
    starts = pd.to_datetime(costs["period"], format="%Y-%m-%d", errors="coerce").dropna().drop_duplicates()
    days = starts.sort_values().diff().median() / pd.Timedelta(days=1)
    return min(DAYS, key=lambda name: abs(np.log(DAYS[name] / days)))
