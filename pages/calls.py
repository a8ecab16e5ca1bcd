"""My calls: while a field trial runs, each of its people sees the list of their half here, and nothing else."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.charts import style
from core.queue.view import View
from core.workspace import runs, scorings, trials
from core.workspace.ids import utc_now
from core.workspace.tables import Dataset, Scoring, Trial
from core.workspace.trials import ArmQueue
from pages import _shared as shared
from pages._actions import action_bar, digest, selected_ids, undo_bar
from pages._scored import open_queue, score_now
from pages._table import column_settings, lead_table
from pages._trial_watch import frozen

ROWS = 40

shared.need("viewer", in_trial=True)
st.title("My calls", anchor=False)


def whose() -> tuple[Trial, str, bool] | None:
    """The trial, the person whose list is shown, and whether it is they who look."""
    ws, me = shared.workspace(), shared.user()
    seat = trials.seat(ws, me.email)
    if seat is not None:
        return trials.trial(ws, seat[0]), seat[1], True
    running = trials.running(ws) if shared.may("manager") else []
    people = {f"{trial.id} {who}": (trial, who) for trial in running for who in frozen(trial.id).arm_of()}
    if not people:
        return None
    names = {key: f"{who} ({trial.name})" if len(running) > 1 else who for key, (trial, who) in people.items()}
    key = st.selectbox("Whose calls", list(names), format_func=names.__getitem__, key="calls_of", width=480)
    return *people[key], not shared.sign_in_on()


def in_order(rows: pd.DataFrame, way: ArmQueue) -> pd.DataFrame:
    """The person's leads as their half calls them; of one date by lot, for their ranks are the other half's."""
    if way.sort == "rank":
        return rows
    lots = rows["lead_id"].map(lambda lead_id: digest(way.run_id, lead_id))
    order = rows.assign(lots=lots).sort_values([way.sort, "lots"], ascending=[not way.descending, True])
    return order.drop(columns="lots")


def listed(dataset: Dataset, scoring: Scoring, trial: Trial, who: str, way: ArmQueue, own: bool) -> None:
    """The first leads of this person, in the order of their half, without scores: the trial is about the order."""
    queue = open_queue(shared.workspace(), scoring)
    rows = in_order(queue.export(View(filters={"owner": (who,)})), way)
    if not len(rows):
        st.subheader("Nobody left to call", anchor=False)
        st.write("Each of these leads is called, won, lost or put off.")
        return
    first = rows.head(ROWS)
    if own:
        arm, me = frozen(trial.id).arm_of()[who], shared.user().email
        trials.note_shown(shared.workspace(), trial.id, who, arm, scoring.id, first["lead_id"].tolist(), me)
    table = lead_table(first, scoring.part, blind=True)
    table.insert(0, "place", range(1, len(table) + 1))
    picked = st.dataframe(
        table,
        column_config=column_settings(table),
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="multi-row",
        key=f"calls_{digest(scoring.id, *table['lead_id'])}",
        alt="Leads in the order in which to call them",
    )
    st.caption(f"The first {style.counted(len(table), 'lead')} of {len(rows):,}. Tick those that you called.")
    chosen = selected_ids(table, picked.selection.rows)
    if chosen:
        with st.bottom, st.container(horizontal=True, vertical_alignment="center"):
            st.text(chosen[0] if len(chosen) == 1 else f"{len(chosen)} leads", width="content")
            action_bar(scoring, queue, chosen, owner=who)


with shared.guard():
    found = whose()
    if found is None:
        st.subheader("You take part in no field trial", anchor=False)
        st.write("While one runs, each of its people finds their calls here. The Queue has all leads.")
        for trial in trials.trials(shared.workspace()):
            if trial.begins > utc_now() and not trial.stopped:
                st.text(f"{trial.name} starts on {trial.begins:%d %B %Y}.")
        if st.button("Open the queue", type="primary", icon=":material/arrow_forward:"):
            st.switch_page("pages/queue.py")
        st.stop()
    trial, who, own = found
    st.text("Call them in this order, from the top. Please do not pass leads on while the trial runs.")
    dataset = shared.pick_dataset("calls_dataset")
    if dataset is None:
        shared.empty("No leads yet", "Bring in a file of leads to call.", "leads", "Bring in leads")
        st.stop()
    way = ArmQueue(**trial.queues[frozen(trial.id).arm_of()[who]])
    ws = shared.workspace()
    ranked = (each for each in scorings.scorings(ws, dataset.id, way.run_id) if each.part != "test")
    scoring = next(ranked, None)
    if scoring is None:
        st.subheader("These leads are not ranked for the trial yet", anchor=False)
        score_now(dataset, "Rank them", beside=runs.run(ws, way.run_id))
        st.stop()
    undo_bar(scoring)
    listed(dataset, scoring, trial, who, way, own)
