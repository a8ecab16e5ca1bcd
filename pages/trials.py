"""Trials: does the new ranking sell more? Plan a field trial, draw the arms, watch it, read it, rehearse it."""

from __future__ import annotations

import streamlit as st

from core.workspace import trials
from pages import _shared as shared
from pages._trial_assign import assign_step
from pages._trial_plan import plan_step
from pages._trial_read import read_step
from pages._trial_rehearse import rehearse_step
from pages._trial_watch import pick_trial, watch_step

PLAN, ASSIGN, WATCH, READ, REHEARSE = "1 Plan", "2 Draw and freeze", "3 Watch", "4 Read", "Rehearse"
STEPS = {
    PLAN: "How many people and days it takes, and which effect this team can see.",
    ASSIGN: "Who calls by which list: drawn by lot, balanced, and frozen before the start.",
    WATCH: "Whether the trial is still fair while it runs.",
    READ: "Whether the new ranking sells more, and by how much.",
    REHEARSE: "Simulated trials: how often a design finds a true effect, and how often it cries wolf.",
}

shared.need("manager")
st.title("Trials", anchor=False)
st.text("Half of the sales people call by the new ranking, half by the old one; the orders say which sells more.")

with shared.guard():
    known = trials.trials(shared.workspace())
    step = st.segmented_control(
        "Step", list(STEPS), default=WATCH if known else PLAN, required=True, key="trial_step", persist_state="session"
    )
    st.caption(STEPS[step])
    if step == PLAN:
        plan_step()
    elif step == ASSIGN:
        assign_step()
    elif step == REHEARSE:
        rehearse_step()
    elif (trial := pick_trial(known)) is None:
        st.subheader("No trial yet", anchor=False)
        st.write("Plan one under step 1 and freeze it under step 2; it is watched and read here.")
    elif step == WATCH:
        watch_step(trial)
    else:
        read_step(trial)
