"""Rehearse a trial: simulated leads, people and calls, with the effect that is hoped for and with none."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.trial_results import daily_chart
from core.charts.trial_words import DRAWN, METHODS, READ
from core.charts.trials import rehearsal_chart
from core.decisions.field_trial.scenario import Scenario
from core.jobs import records
from core.jobs.ledger import ACTIVE
from pages import _shared as shared
from pages._trial_plan import DAYS, UPLIFT

USUAL = "adjusted"
"""The read-out that a plan names unless somebody chooses another."""
MOST_LEADS = 500_000_000
"""Leads to simulate at most: some minutes on one core."""
TIMES = 200
"""Rehearsed trials: the share that finds the effect is then known to about 6 in 100."""


def rehearse_step() -> None:
    """What to rehearse, and the last result."""
    asked = _asked()
    ws = shared.workspace()
    same = [job for job in records.jobs(ws, kind="rehearse") if job.request == asked]
    if same and same[0].state != "cancelled":
        job = shared.watch_job(same[0].id, "Rehearsed.")
        if job.state == "done" and job.result is not None:
            _result(job.result, asked)
        if job.state in ACTIVE or job.state == "done":
            return
    scenario = Scenario(**asked["scenario"])
    leads = 2 * asked["times"] * scenario.specialists * scenario.days * scenario.leads_per_day
    if leads > MOST_LEADS:
        st.warning(
            f"That is {leads / 1e6:,.0f} million leads to simulate, {MOST_LEADS / 1e6:,.0f} million are the most: take "
            "fewer trials, people, days or leads.",
            icon=":material/warning:",
        )
    elif st.button("Rehearse", type="primary", icon=":material/play_arrow:"):
        by = shared.need("manager").email
        records.submit(ws, "rehearse", asked, by=by, label=f"Rehearsal of {asked['times']} trials")
        st.rerun()
    st.caption(
        "A made-up market: people get leads every day and call the first of their list; a call makes an "
        "order likelier. The new list is better by exactly as much as you say. Nothing of your own leads is used."
    )


def _asked() -> dict:
    """The scenario of the form, as the job takes it."""
    usual = Scenario()
    kept: dict[str, Any] = {"persist_state": "session"}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        people = st.number_input("Sales people", 4, 2_000, usual.specialists, key="rehearse_people", **kept)
        days = st.number_input("Days", 7, 365, DAYS, key="rehearse_days", **kept)
        leads = st.number_input(
            "Leads per person a day", 0.1, 100.0, usual.leads_per_day, 1.0, key="rehearse_leads", **kept
        )
        calls = st.number_input(
            "Calls per person a day", 0.1, 100.0, usual.calls_per_day, 1.0, key="rehearse_calls", **kept
        )
        rate = st.number_input(
            "Orders per 100 leads", 0.1, 40.0, 100 * usual.base_rate, 0.1, key="rehearse_rate", **kept
        )
        uplift = st.number_input("True effect (%)", 0.5, 100.0, UPLIFT, 0.5, key="rehearse_uplift", **kept)
        times = st.number_input("Trials to rehearse", 20, 2_000, TIMES, 20, key="rehearse_times", **kept)
    with st.container(horizontal=True):
        kind = st.selectbox("Draw", list(DRAWN), format_func=DRAWN.__getitem__, key="rehearse_kind", **kept)
        looks = st.selectbox("Looks", list(READ), format_func=READ.__getitem__, key="rehearse_looks", **kept)
    scenario = {
        "specialists": int(people),
        "days": int(days),
        "leads_per_day": float(leads),
        "calls_per_day": float(calls),
        "base_rate": round(rate / 100, 6),
        "uplift": round(uplift / 100, 6),
        "seed": 0,
    }
    return {"scenario": scenario, "kind": kind, "looks": looks, "times": int(times)}


def _result(result: dict, asked: dict) -> None:
    found, alarms = (pd.DataFrame(result[name]).set_index("method") for name in ("found", "alarms"))
    uplift = asked["scenario"]["uplift"]
    table = pd.DataFrame(
        {
            "Read-out": [METHODS[name] for name in found.index],
            f"Finds +{uplift:.1%}": found["found"].to_numpy() * 100,
            "Cries wolf at 0%": alarms["false_alarm"].reindex(found.index).to_numpy() * 100,
            "Range holds the truth": found["covered"].to_numpy() * 100,
            "Stops early": found["early"].to_numpy() * 100,
        }
    )
    st.info(
        f"Of 100 such trials, {100 * found['found'][USUAL]:.1f} find the true +{uplift:.1%}, and "
        f"{100 * alarms['false_alarm'][USUAL]:.1f} of 100 trials of two equal rankings claim a difference (read with "
        f"{METHODS[USUAL].lower()}, as is usual).",
        icon=":material/flag:",
    )
    percent = {name: st.column_config.NumberColumn(format="%.1f of 100") for name in table.columns[1:]}
    st.dataframe(table, hide_index=True, column_config=percent, alt="How each read-out fares over the rehearsed trials")
    trials = pd.DataFrame(result["trials"])
    chosen = st.selectbox("Read-out", list(found.index), format_func=METHODS.__getitem__, key="rehearse_method")
    rows = trials[trials["method"] == chosen]
    left, right = st.columns(2)
    with left:
        drawn = rehearsal_chart(rows, uplift)
        shared.chart(drawn, rows, "rehearsed", style.spoken(drawn))
    with right:
        days = pd.DataFrame(result["days"])
        drawn = daily_chart(days)
        shared.chart(drawn, days, "rehearsed_days", style.spoken(drawn))
        st.caption("One of these trials, day by day.")
