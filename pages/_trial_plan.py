"""Step 1 of a trial: what this team can see, and what it would take to see the effect that is hoped for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from core.charts import style
from core.charts.trial_words import READ
from core.charts.trials import detectable_chart, power_chart
from core.decisions.field_trial import outlook, planning
from core.decisions.field_trial.planning import Situation
from core.decisions.field_trial.team import Team, team_of
from core.workspace import datasets
from core.workspace.tables import Dataset
from pages import _shared as shared
from pages._figures import figure

DAYS, UPLIFT, POWER = 132, 9.5, 80
"""The paper's trial: its length in days, its effect in percent; and the usual power in percent."""
MEASURED = {
    "base_rate": ("Orders per 100 leads", 100.0, "Measured on leads whose outcome is final."),
    "icc": (
        "How alike one person's leads are (ICC)",
        1.0,
        "0: it makes no difference who calls; 0.01 is much. Leads of one person count for less than as many leads of "
        "different people.",
    ),
    "cv": ("Spread of leads per person", 1.0, "Standard deviation divided by mean: 0 where all have as many."),
    "correlation": (
        "Likeness of a person's orders before and during",
        1.0,
        "Correlation of each person's order rate in two halves of the time before: 0 to 1. The higher, the more the "
        "time before helps (experts call it CUPED).",
    ),
}


@st.cache_data(max_entries=20, show_spinner="Counting leads and orders of each sales person …")
def team(folder: str, dataset_id: str, follow_ups: str | None = None, region: str | None = None) -> Team:
    """The people of a dataset, which never changes."""
    leads = datasets.leads_of(shared.workspace(), dataset_id)
    return team_of(leads, DAYS, follow_ups=follow_ups, region=region)


def with_people() -> Dataset | None:
    """The chosen leads; None, with words, where there are none."""
    chosen = shared.pick_dataset("trial_dataset")
    if chosen is None:
        shared.empty(
            "No leads yet", "A trial is planned on the leads and orders of your own team.", "leads", "Bring in leads"
        )
    return chosen


def plan_step() -> None:
    """Inputs, the answer in words, the figures, two charts."""
    chosen = with_people()
    if chosen is None:
        return
    found = team(str(shared.workspace().folder), chosen.id)
    for note in found.notes:
        st.caption(shared.literal(note))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        hoped = st.number_input(
            "Effect you hope for (% more orders)", 0.5, 300.0, UPLIFT, 0.5, key="trial_uplift", persist_state="session"
        )
        days = st.number_input("Days", 7, 730, DAYS, key="trial_days", width=120, persist_state="session")
        each = st.number_input(
            "Sales people in each half",
            2,
            100_000,
            max(2, found.per_arm),
            key=f"trial_people_{chosen.id}",
            help=f"These leads name {style.counted(len(found.specialists), 'sales person', 'sales people')}.",
        )
        power = st.number_input(
            "Chance of finding it (%)",
            50,
            99,
            POWER,
            key="trial_power",
            width=190,
            persist_state="session",
            help="How sure you want to be that the trial shows the effect if it is there (experts call it power).",
        )
    looks = st.selectbox(
        "Looks before the end", list(READ), format_func=READ.__getitem__, key="trial_looks", persist_state="session"
    )
    situation = replace(_asked(found.over(days).situation, chosen.id), looks=looks)
    uplift, wanted = hoped / 100, power / 100
    st.info(shared.literal(outlook.verdict(situation, int(each), uplift, int(days), wanted)), icon=":material/flag:")
    _figures(situation, int(each), uplift, wanted)
    left, right = st.columns(2)
    with left:
        most = max(3 * uplift, 0.3)
        curve = outlook.power_curve(situation, int(each), np.linspace(most / 40, most, 40).tolist())
        drawn = power_chart(curve, uplift, wanted)
        shared.chart(drawn, curve, "power", style.spoken(drawn))
    with right:
        lengths = np.unique(np.linspace(14, max(2 * days, 60), 30).astype(int)).tolist()
        a_day = situation.leads_per_specialist / days
        over = outlook.detectable_by_days(situation, int(each), a_day, lengths)
        drawn = detectable_chart(over, int(days))
        shared.chart(drawn, over, "detectable", style.spoken(drawn))


def _asked(measured: Situation, dataset_id: str) -> Situation:
    """The measured situation, or what somebody asks about instead."""
    box = st.expander("What was measured on these leads, and what if it were otherwise", icon=":material/tune:")
    values: dict[str, Any] = {}
    with box:
        for name, (label, scale, hint) in MEASURED.items():
            value = getattr(measured, name) * scale
            highest = {"base_rate": 99.0, "cv": 10.0}.get(name, 0.99)
            asked = st.number_input(
                label,
                0.01 if name == "base_rate" else 0.0,
                highest,
                float(round(min(value, highest), 8)),
                format="%.4g",
                help=hint,
                key=f"trial_{name}_{dataset_id}",
            )
            values[name] = asked / scale
        leads = st.number_input(
            "Leads per person in the whole trial",
            1.0,
            1e6,
            float(round(measured.leads_per_specialist, 6)),
            key=f"trial_leads_{dataset_id}_{measured.leads_per_specialist:.1f}",
        )
    return replace(measured, **values, leads_per_specialist=leads)


def _figures(situation: Situation, each: int, uplift: float, power: float) -> None:
    made = planning.plan(situation, uplift, power)

    def smallest(adjusted: bool) -> str:
        return f"+{planning.detectable(situation, each, power, adjusted=adjusted):.1%}"

    with st.container(horizontal=True):
        figure(
            "Visible effect",
            lambda: smallest(True),
            lambda: (
                f"The smallest effect that this team is {power:.0%} sure to see, with everybody's results before the "
                f"trial counted in. Without them: {smallest(False)}."
            ),
        )
        figure(
            "People in each half",
            lambda: f"{outlook.people_needed(situation, uplift, power):,}",
            lambda: (
                f"To see +{uplift:.1%} with {power:.0%} certainty, results before the trial counted in. Without them: "
                f"{made.specialists_per_arm:,}."
            ),
        )
        figure(
            "Leads in each half",
            lambda: f"{made.leads_per_arm:,}",
            lambda: "If every lead had a sales person of its own; leads of one person are alike and count for less.",
        )
        figure(
            "Cost of likeness",
            lambda: f"{made.design_effect:.2f} times",
            lambda: "So many times as many leads are needed because people, not leads, are drawn (design effect).",
        )
