"""Value: what a new ranking changed for each lead, and why."""

from __future__ import annotations

import pandas as pd
import pyarrow.parquet as pq
import streamlit as st

from core.data.prompts import shown_name
from core.decisions.economics.changes import GONE, MODEL, NEW, changed
from core.decisions.economics.money import Terms
from core.errors import LeadRankError
from core.exports import to_csv
from core.workspace import datasets, runs, scorings
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared
from pages._value_data import DAMAGED, FIELD
from pages._value_due import due_part

SHOWN = 300
OWN = ("lead_id", "rank", "probability", "stage")


def changes_section(dataset: Dataset, scoring: Scoring, terms: Terms) -> None:
    """Each lead's chance and place in this ranking and in an earlier one, the greatest change first."""
    due_part(dataset, scoring)
    before = _earlier(scoring)
    if before is None:
        shared.empty(
            "Nothing to compare with yet",
            "This is the first ranking. Score the leads again, by a new model or after bringing in newer leads, and "
            "this section shows which leads moved and why.",
            "queue",
            "Open the queue",
        )
        return
    table = _changed(before.id, scoring.id)
    risen = int((table["chance_after"] > table["chance_before"]).sum())
    fallen = int((table["chance_after"] < table["chance_before"]).sum())
    with st.container(horizontal=True):
        for label, count, hint in (
            ("Chance risen", risen, "Leads that are likelier to order than the ranking before said."),
            ("Chance fallen", fallen, "Leads that are less likely to order."),
            ("New", int((table["why"] == NEW).sum()), "Leads that the ranking before did not hold."),
            ("Gone", int((table["why"] == GONE).sum()), "Leads that only the ranking before holds."),
        ):
            st.metric(label, f"{count:,}", help=hint, border=True, width=170)
    if table.empty:
        st.write("Nothing changed: the same leads with the same chances in the same order.")
        return
    shown = table.head(SHOWN)
    change = 100 * (shown["chance_after"] - shown["chance_before"])
    st.dataframe(
        shown.assign(change=change)[
            ["lead_id", "why", "change", "chance_before", "chance_after", "rank_before", "rank_after"]
        ],
        hide_index=True,
        alt="Leads with what changed, greatest change first",
        column_config={
            "lead_id": "Lead",
            "why": st.column_config.TextColumn("What happened", width="large"),
            "change": st.column_config.NumberColumn("Change (points)", format="%+.1f", help="Of the chance."),
            "chance_before": st.column_config.NumberColumn("Chance before", format="percent"),
            "chance_after": st.column_config.NumberColumn("Chance now", format="percent"),
            "rank_before": st.column_config.NumberColumn("Rank before", format="%d"),
            "rank_after": st.column_config.NumberColumn("Rank now", format="%d"),
        },
    )
    st.caption(
        f"The {len(shown):,} greatest of {len(table):,} changes. What happened names each thing that differs between "
        "the two rankings; how much of the change each made is not known. “Other leads moved”: nothing about this lead "
        "is different, others passed it or fell behind. What was said in calls is not compared."
    )
    shared.download(
        "Changes as CSV",
        lambda: to_csv(table),
        "changes.csv",
        "text/csv",
        f"changes from scoring {before.id} to {scoring.id} as CSV, {len(table)} leads",
        "manager",
        key="changes_csv",
    )


def _earlier(scoring: Scoring) -> Scoring | None:
    """The chosen ranking made before this one, of these leads or of another file of leads; None without any."""
    ws = shared.workspace()
    sets = {each.id: each.name for each in datasets.datasets(ws)}
    models = {each.id: each.name for each in runs.runs(ws, archived=True)}
    older = {
        each.id: each
        for each in scorings.scorings(ws, part=scoring.part)
        if each.made < scoring.made and each.dataset_id in sets
    }
    own = sorted(older.values(), key=lambda each: each.dataset_id != scoring.dataset_id)
    names = shared.told_apart(
        {
            each.id: f"{each.made:%d %b %Y, %H:%M}, {models.get(each.run_id, 'a model')}, {sets[each.dataset_id]}"
            for each in own
        }
    )
    if not names:
        return None
    id = st.selectbox(
        "Compared with the ranking of (UTC)",
        list(names),
        format_func=names.__getitem__,
        key=f"changes_{scoring.id}",
        width=480,
        help="Leads are matched by their id, so that last week's file can be compared with this week's.",
    )
    return older[id]


@st.cache_data(max_entries=8, show_spinner="Comparing the two rankings …")
def _changed(before_id: str, after_id: str) -> pd.DataFrame:
    return changed(_scored(before_id), _scored(after_id))


def _scored(id: str) -> pd.DataFrame:
    """All leads of a ranking, open or not, with their fields and the model."""
    ws = shared.workspace()
    scoring = scorings.scoring(ws, id)
    try:
        path = scorings.scoring_path(ws, id)
        names = [name for name in pq.read_schema(path).names if name in OWN or name.startswith(FIELD)]
        frame = pd.read_parquet(path, columns=names)
    except (OSError, ValueError) as error:
        raise LeadRankError(DAMAGED) from error
    # Two columns may have the same words, and a field those of the ranking itself.
    words = {name: shown_name(name.removeprefix(FIELD)) if name.startswith(FIELD) else name for name in names}
    frame = frame.rename(columns=shared.told_apart({name: name for name in (*OWN, MODEL)} | words))
    model = runs.run(ws, scoring.run_id)
    return frame.assign(**{MODEL: f"{model.name} ({model.id[:4]})"})
