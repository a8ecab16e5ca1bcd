"""The rankings of one dataset: which of them is shown, that of the model in use, and others to put in its place."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.workspace import runs, scorings
from core.workspace.tables import Dataset, Run, Scoring
from pages import _scored as scored
from pages import _shared as shared

REASONS = {"first": "first scores", "new model": "a new model", "manual": "asked for", "schedule": "on schedule"}


def scoring_box(dataset: Dataset, scoring: Scoring) -> None:
    """How fresh the ranks are; in it the model, earlier scorings to look at, and the button to score again."""
    ws = shared.workspace()
    known = {each.id: each for each in scorings.scorings(ws, dataset.id)}
    names = {each.id: each.name for each in runs.runs(ws, archived=True)}
    words = shared.told_apart(
        {
            id: f"{each.made:%d %b %Y, %H:%M} by {names.get(each.run_id, 'a model')}{', in use' * each.in_use}"
            for id, each in known.items()
        }
    )
    st.session_state["scoring_box"] = scoring.id

    def moved() -> None:
        st.query_params["scoring"] = st.session_state["scoring_box"]
        st.query_params.pop("page", None)

    with st.popover(f"Scored {shared.ago(scoring.made)}", icon=":material/update:"):
        st.selectbox(
            "Scoring that is shown",
            list(words),
            format_func=words.__getitem__,
            key="scoring_box",
            on_change=moved,
            help="UTC.",
        )
        scored.score_now(dataset, "Score again", again=True)
        scored.scoring_failed(dataset, since=max(each.made for each in known.values()))


def rankings(dataset: Dataset, found: Sequence[Run]) -> None:
    """Every ranking of these leads, newest first; `found`: all models, for their names."""
    names = {each.id: each.name for each in found}
    listed = scorings.scorings(shared.workspace(), dataset.id)
    _of_the_model_in_use(dataset, listed, names)
    if listed:
        st.dataframe(
            pd.DataFrame(
                {
                    "Made": each.made,
                    "Model": names.get(each.run_id, ""),
                    "Reason": REASONS.get(each.reason, each.reason),
                    "Leads": each.leads,
                    "By": each.made_by,
                    "In use": each.in_use,
                }
                for each in listed
            ),
            hide_index=True,
            alt="Rankings of the leads, newest first",
            column_config={
                "Made": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", help="Times are UTC."),
                "Leads": st.column_config.NumberColumn(format="localized"),
            },
        )
    others = [each for each in listed if not each.in_use and each.part != "test"]
    if others:
        words = shared.told_apart(
            {each.id: f"{each.made:%d %b %Y, %H:%M} by {names.get(each.run_id, '')}" for each in others}
        )
        chosen = st.selectbox("Another ranking", list(words), format_func=words.__getitem__)
        if st.button("Put it in use", icon=":material/settings_backup_restore:"):
            _use(chosen)


def _of_the_model_in_use(dataset: Dataset, listed: Sequence[Scoring], names: dict[str, str]) -> None:
    """Where the queue is another model's: the ranking by the model in use, to be made or, if there is one, shown."""
    current = runs.run_in_use(shared.workspace())
    used = next((each for each in listed if each.in_use), None)
    if current is None or (used is not None and used.run_id == current.id):
        return
    own = [each for each in listed if each.run_id == current.id]
    queue = next((each for each in own if each.part != "test"), None)
    if queue is not None:
        shown = f" The queue still shows that of {names.get(used.run_id, 'another model')}." if used else ""
        st.info(
            shared.literal(f"The model in use, {current.name}, ranked these leads {shared.ago(queue.made)}.{shown}"),
            icon=":material/info:",
        )
        if st.button("Show its ranking in the queue", type="primary", icon=":material/check:"):
            _use(queue.id)
    elif not (own and not dataset.open_leads):  # of leads whose outcomes are known, the test part is all there is
        st.info(
            f"The model in use, {shared.literal(current.name)}, has not ranked these leads yet.",
            icon=":material/info:",
        )
        scored.score_now(dataset, "Score the leads with it")
        scored.scoring_failed(dataset)


def _use(scoring_id: str) -> None:
    scorings.use_scoring(shared.workspace(), scoring_id, shared.need("manager").email)
    st.toast("This ranking is the queue now.", icon=":material/check:")
    st.rerun()
