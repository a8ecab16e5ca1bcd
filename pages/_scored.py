"""Which scoring of a dataset is looked at, its queue, and the way to a new one. Used by the Queue and the Why page."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import LeadRankError
from core.jobs import records
from core.jobs.rankings import unfit
from core.queue.store import Queue
from core.workspace import actions, runs, scorings
from core.workspace.store import Workspace
from core.workspace.tables import Dataset, Job, Run, Scoring
from pages import _shared as shared

MOST_VALUES = 200
"""Values of a column that a filter offers, most frequent first; rarer ones are found by the search."""
ALL_KNOWN = (
    "All leads of this file are ranked, those whose outcome is known too: none is open, and none was kept back for a "
    "test. A model may have learned from these very leads, so the order does not show how good it is."
)
"""Said of a scoring of part `all`."""


@st.cache_resource(max_entries=4, show_spinner=False)
def _queue(scoring_id: str, _path: Path) -> Queue:
    """A scoring's file never changes, so its id is the key; kept open, since it remembers what it was asked."""
    return Queue(_path)


def open_queue(ws: Workspace, scoring: Scoring) -> Queue:
    """The scoring's queue with what people did until now. Shared between visitors: not to be closed."""
    queue = _queue(scoring.id, scorings.scoring_path(ws, scoring.id))
    return queue.with_status(actions.lead_status(ws, scoring.dataset_id))


@st.cache_data(max_entries=400, show_spinner=False)
def facets(scoring_id: str, column: str, _queue: Queue) -> list[tuple[str, int]]:
    """Values of a column of the file with their counts; not for `owner` and `status`, which people change."""
    return _queue.facets(column, MOST_VALUES)


def pick_scoring(dataset: Dataset) -> Scoring | None:
    """The scoring in use, or the earlier one that the address asks for (?scoring=); None where there is none yet.

    Where no lead is open, the scoring of the test part stands in, and the page says so.
    """
    ws = shared.workspace()
    known = {each.id: each for each in scorings.scorings(ws, dataset.id)}
    used = scorings.scoring_in_use(ws, dataset.id)
    if used is None:
        used = next(iter(known.values()), None)
    if used is None:
        return None
    asked = st.query_params.get("scoring")
    if asked and asked not in known:
        st.warning("The scoring in the address of this page cannot be found, so the one in use is shown.")
    return known.get(asked or "", used)


def ranked(head: Any, key: str, bring: str, score: str) -> tuple[Dataset, Scoring]:
    """The dataset chosen in `head`, a container, and its scoring; where either is missing the page ends with the way
    to it. `bring`, `score`: what leads, and their ranks, are for on this page."""
    with head:
        dataset = shared.pick_dataset(key)
    if dataset is None:
        shared.empty("No leads yet", bring, "leads", "Bring in leads")
        st.stop()
    scoring = pick_scoring(dataset)
    if scoring is None:
        with st.container(border=True):
            st.subheader("These leads are not ranked yet", anchor=False)
            st.write(score)
            score_now(dataset, "Score these leads")
            scoring_failed(dataset)
        st.stop()
    return dataset, scoring


def scoring_notes(scoring: Scoring) -> None:
    """Say so where the ranks are not those of now, with the way to put them back."""
    ws = shared.workspace()
    if scoring.part == "test":
        st.info(
            "The outcome of every lead in this file is known, so the leads that the model was tested on are shown "
            "in the order in which it would have had them called.",
            icon=":material/history:",
        )
        return
    if scoring.part == "all":
        st.info(ALL_KNOWN, icon=":material/history:")
    if not scoring.in_use:
        with st.container(horizontal=True, vertical_alignment="center"):
            used = scorings.scoring_in_use(ws, scoring.dataset_id)
            when = "a newer" if used and scoring.made > used.made else "an earlier"
            st.info(f"This is {when} scoring. Other pages show the one in use.", icon=":material/history:")
            if shared.may("manager") and st.button("Put it in use", icon=":material/settings_backup_restore:"):
                with shared.guard():
                    scorings.use_scoring(ws, scoring.id, shared.need("manager").email)
                    st.query_params.pop("scoring", None)
                    st.rerun()
            if st.button("Show the one in use", type="tertiary"):
                st.query_params.pop("scoring", None)
                st.rerun()


def score_now(dataset: Dataset, label: str, *, again: bool = False, beside: Run | None = None) -> None:
    """A button that scores the dataset, then the progress of that job: with the model in use, for everybody's queue,
    or with another one, for a ranking `beside` it."""
    ws = shared.workspace()
    running = next(iter(_scoring_jobs(dataset.id, active=True)), None)
    if running is not None:
        shared.watch_job(running.id, "The leads are scored.")
        return
    model = beside or runs.run_in_use(ws)
    if model is None:
        shared.empty("No model is in use", "A model ranks the leads. Choose one first.", "models", "Choose a model")
    elif lacks := unfit(ws, dataset, model.id):
        named = ", ".join(lacks[:3]) + (f" and {len(lacks) - 3} more" if len(lacks) > 3 else "")
        shared.empty(
            f"The model {'of this list' if beside else 'in use'} does not fit these leads",
            f"It reads columns that are not here: {shared.literal(named)}. "
            + ("Train a model on these leads." if dataset.converted else "Choose or load one that fits."),
            *(("train", "Train a model on them") if dataset.converted else ("models", "Choose a model")),
        )
    elif not shared.may("manager"):
        st.caption("A sales manager can have these leads scored.")
    elif st.button(
        label,
        type="secondary" if again else "primary",
        icon=":material/refresh:" if again else ":material/play_arrow:",
        help=shared.literal(
            f"With the model {model.name}, which reads the leads that changed since it scored them. Earlier scorings "
            "stay."
        ),
    ):
        with shared.guard():
            used = scorings.scoring_in_use(ws, dataset.id)
            request: dict[str, Any] = {
                "run_id": model.id,
                "dataset_id": dataset.id,
                "part": "open",  # where none is open, those of the test are taken, or else all
                "reason": "first" if used is None else "manual" if used.run_id == model.id else "new model",
            }
            if beside is not None:
                request["use"] = False
            by = shared.need("manager").email
            records.submit(ws, "score", request, by=by, label=f"Score {dataset.name}")
            st.rerun()


def scoring_failed(dataset: Dataset, since: datetime.datetime | None = None) -> None:
    """Show the scoring of this dataset that ended last, unless one runs or it ended before `since` (UTC), where it did
    not end well, with the way to resume it."""
    last = max(_scoring_jobs(dataset.id), key=_ended, default=None)
    if last is None or (since is not None and _ended(last) < since):
        return
    if last.state in ("failed", "cancelled", "interrupted"):
        shared.watch_job(last.id)


def _ended(job: Job) -> datetime.datetime:
    """When; one that is active is yet to end. Not when it was begun: it may have been resumed long after."""
    return job.ended or datetime.datetime.max


def _scoring_jobs(dataset_id: str, active: bool | None = None) -> list[Job]:
    found = records.jobs(shared.workspace(), active=active, kind="score")
    return [job for job in found if job.request.get("dataset_id") == dataset_id]


def scored_lead(queue: Queue, lead_id: str) -> dict | None:
    """The lead's row, or None where this scoring does not hold it."""
    try:
        return queue.lead(lead_id)
    except LeadRankError:
        return None
