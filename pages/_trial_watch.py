"""Step 3 of a trial: whether it is still fair. Shows no effect, so looking here spoils nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.trial_words import METHODS, READ, STATES
from core.decisions.field_trial.outcomes import outcomes
from core.decisions.field_trial.protocol import Protocol
from core.decisions.field_trial.watching import checks
from core.workspace import datasets, trials
from core.workspace.ids import utc_now
from core.workspace.tables import Dataset, Trial
from pages import _shared as shared

MARKS: dict[str, tuple[Literal["green", "orange", "red"], str]] = {
    "fine": ("green", ":material/check:"),
    "look": ("orange", ":material/visibility:"),
    "stop": ("red", ":material/report:"),
}
"""Colour and icon of a check's state."""


def pick_trial(known: Sequence[Trial]) -> Trial | None:
    """The chosen trial; the address keeps it (?trial=)."""
    if not known:
        return None
    names = shared.told_apart({each.id: f"{each.name} ({stage(each)})" for each in known})
    asked = st.query_params.get("trial", "")
    st.session_state["trial_box"] = asked if asked in names else st.session_state.get("chosen_trial", known[0].id)

    def moved() -> None:
        st.query_params["trial"] = st.session_state["chosen_trial"] = st.session_state["trial_box"]

    id = st.selectbox("Trial", list(names), format_func=names.__getitem__, key="trial_box", on_change=moved, width=480)
    return next(each for each in known if each.id == id)


@st.cache_data(max_entries=20, show_spinner=False)
def _frozen(folder: str, trial_id: str) -> Protocol:
    ws = shared.workspace()
    return trials.protocol_of(ws, trials.trial(ws, trial_id))


def frozen(trial_id: str) -> Protocol:
    """What was decided; read and checked once a process."""
    return _frozen(str(shared.workspace().folder), trial_id)


def stage(trial: Trial) -> str:
    """Where it stands, in words."""
    now = utc_now()
    if trial.stopped:
        return f"stopped on {trial.stopped:%d %b %Y}"
    if now < trial.begins:
        return f"starts on {trial.begins:%d %b %Y}"
    if now < trial.over:
        return f"takes leads until {trial.over:%d %b %Y}"
    return f"last outcomes on {trial.ends:%d %b %Y}" if now < trial.ends else f"over since {trial.ends:%d %b %Y}"


def pick_outcomes(trial: Trial) -> tuple[Dataset, pd.Timestamp] | None:
    """The leads that a trial is read on, a dataset with leads from after its start, and the day up to which their
    outcomes are known; None, with words, without one."""
    later = [
        each
        for each in datasets.datasets(shared.workspace())
        if each.newest is not None and each.newest >= trial.begins
    ]
    if not later:
        shared.empty(
            "No leads of this trial yet",
            f"It starts on {trial.begins:%d %B %Y}. Bring in a file with leads from that day on, with their sales "
            "people and, once they are final, their outcomes.",
            "leads",
            "Bring in leads",
        )
        return None
    names = shared.told_apart({each.id: each.name for each in later})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        id = st.selectbox(
            "Leads to read it on", list(names), format_func=names.__getitem__, key="trial_leads", width=480
        )
        chosen = next(each for each in later if each.id == id)
        assert chosen.newest is not None
        known = st.date_input(
            "Outcomes are known up to",
            chosen.newest.date(),
            min_value=trial.begins.date(),
            max_value=max(chosen.newest, chosen.made).date(),
            key=f"trial_until_{id}",
            width=200,
            help="The day on which the file was drawn from your system; the day of its newest lead where you know no "
            "better.",
        )
    newest = pd.Timestamp(chosen.newest)
    # A whole day is known when it is over, but for that of the newest lead, which says how far it went.
    return chosen, newest if known == newest.date() else pd.Timestamp(known)


def watch_step(trial: Trial) -> None:
    """The checks, what was frozen, and the way to stop it."""
    protocol = frozen(trial.id)
    chosen = pick_outcomes(trial)
    if chosen is not None:
        dataset, until = chosen
        leads = datasets.leads_of(shared.workspace(), dataset.id)
        found = outcomes(protocol, leads, until, stopped=pd.Timestamp(trial.stopped) if trial.stopped else None)
        for check in checks(found, protocol, leads, shown=trials.shown_leads(shared.workspace(), trial.id)):
            colour, icon = MARKS[check.state]
            with st.container(border=True, gap="xsmall"):
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.write(f"**{shared.literal(check.name)}**")
                    st.badge(STATES[check.state], color=colour, icon=icon)
                st.text(check.words)
    st.subheader("What was frozen", anchor=False)
    counts = protocol.specialists["arm"].value_counts()
    lines = {
        "Frozen": f"{trial.made:%d %B %Y, %H:%M} UTC by {trial.made_by}",
        "Runs": f"{protocol.days} days from {trial.begins:%d %B %Y}",
        "New ranking": f"{style.counted(int(counts['treatment']), 'person', 'people')} {protocol.arms['treatment']}",
        "Old ranking": f"{style.counted(int(counts['control']), 'person', 'people')} {protocol.arms['control']}",
        "Figure that counts": METHODS[protocol.headline],
        "Looks": READ[protocol.looks],
        "Hash": trial.sha256,
    }
    st.dataframe(
        pd.DataFrame({"": lines.keys(), "Decided": lines.values()}), hide_index=True, alt="What was decided before"
    )
    with st.container(horizontal=True):
        shared.download(
            "Protocol",
            lambda: json.dumps(trial.protocol, ensure_ascii=False, indent=2).encode(),
            f"protocol_{trial.sha256[:8]}.json",
            "application/json",
            f"protocol of trial {trial.id}",
            "manager",
        )
        _stop(trial)


def _stop(trial: Trial) -> None:
    if trial.stopped:
        st.caption(shared.literal(f"Stopped by {trial.stopped_by}: {trial.stopped_why}"))
        return
    if utc_now() >= trial.ends:
        return
    with st.popover("Stop the trial", icon=":material/front_hand:"):
        why = st.text_input("Why", max_chars=500, placeholder="Customers complain", key=f"why_{trial.id}")
        if st.button("Stop it for good", disabled=not why.strip()):
            trials.stop_trial(shared.workspace(), trial.id, why, shared.need("manager").email)
            st.rerun()
