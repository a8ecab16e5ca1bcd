"""Value: how many leads are due to be scored again and why, beside the button that does it."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from core.decisions.economics.changes import MODEL, due
from core.workspace import actions, runs
from core.workspace.ids import utc_now
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared
from pages._scored import score_now
from pages._value_data import open_key, scored_leads

EVERY = 7.0
"""Days after which all leads are due."""
ACTION, REASONS = "last action", 3
"""What is compared beside the model, as a reason names it; how many reasons are shown."""


def due_part(dataset: Dataset, scoring: Scoring) -> None:
    """How many leads are due to be scored again and why, beside the button that does it."""
    ws = shared.workspace()
    model = runs.run_in_use(ws)
    leads, done = scored_leads(scoring), actions.lead_status(ws, dataset.id)
    days = (utc_now() - scoring.made).days
    asked = (open_key(leads, scoring), model.id if model else None, len(done), str(done["at"].max()), days)
    names = [f"{one.name} ({one.id[:4]})" for one in (runs.run(ws, scoring.run_id), model) if one]
    waiting = _due(asked, days, scoring.made, (names[0], names[-1]), leads["lead_id"], done)
    with st.container(horizontal=True, vertical_alignment="center"):
        hint = f"All after {EVERY:g} days or with another model; before, those that something was noted of since."
        st.metric(
            "Due to be scored again", f"{waiting['leads'].sum():,} of {len(leads):,}", help=hint, border=True, width=260
        )
        with st.container():
            for why, count in waiting.head(REASONS).itertuples(index=False):
                st.caption(shared.literal(f"{count:,}: {why}"))
            score_now(dataset, "Score the open leads again", again=True)


@st.cache_data(max_entries=8, show_spinner="Looking for leads that are due …")
def _due(
    asked: tuple, days: int, made: datetime, models: tuple[str, str], _ids: pd.Series, _done: pd.DataFrame
) -> pd.DataFrame:
    """Why leads are due, by the last action on each and the model, at the ranking and today; the most first.

    Columns: why, leads. Leads of which the same is known are told as one, so that a million take no longer.
    """
    when = _done.set_index("lead_id")["at"]
    day = when.dt.strftime("%d %b %Y").astype(object)
    known = pd.DataFrame({"before": day.where(when <= made, ""), "now": day}).reindex(_ids).fillna("")
    alike = known.value_counts(sort=False).rename("leads").reset_index()
    kinds = alike.index.astype(str)
    then, now = (
        pd.DataFrame({"lead_id": kinds, ACTION: alike[column], MODEL: model})
        for column, model in zip(("before", "now"), models, strict=True)
    )
    told = due(then, now, max(days, 0), EVERY)
    told["leads"] = told["lead_id"].map(pd.Series(alike["leads"].to_numpy(), kinds))
    return told.groupby("why", sort=False)["leads"].sum().sort_values(ascending=False).astype(int).reset_index()
