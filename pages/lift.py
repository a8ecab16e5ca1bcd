"""Lift: how much better than calling at random the list is, measured on leads whose outcome is known."""

from __future__ import annotations

import streamlit as st

from core.charts import style
from pages import _lift_parts as lift
from pages import _shared as shared
from pages._heads import two_heads
from pages._likely import home

RANDOM, CAPACITY, CHANCES, HEADS, GROUP, MODELS = (
    "How much better than calling at random",
    "At our capacity",
    "Do the chances come true",
    "Lately, and two orders",
    "By group",
    "Models side by side",
)
PERIOD, DAY = "In the whole period", "A day"

shared.need("viewer")
st.title("Lift", anchor=False)
st.text("How good the list is, on leads that the model had not seen and whose outcome is known by now.")

with shared.guard():
    left, right = st.columns(2)
    with left:
        run = shared.pick_run("lift_model")
    if run is None:
        shared.empty(
            "No model yet",
            "Train one on leads whose outcome is known, or load one that was trained elsewhere on the Models page.",
            "train",
            "Train a model",
        )
        st.stop()
    dataset_id = home(run)
    if dataset_id is None:
        shared.empty(
            "The leads of this model are not here",
            "This page counts orders among the leads that the model was tested on. Bring in the file that it was "
            "trained with: it is found by its content, whatever it is called.",
            "leads",
            "Bring in leads",
        )
        st.stop()
    others = lift.comparable(run, dataset_id)
    added = right.multiselect(
        "Compare with",
        list(others),
        format_func=others.__getitem__,
        key="lift_with",
        placeholder="Another model" if others else "No other model was tested on these leads",
        disabled=not others,
    )
    labels = ((run.id, run.name), *((id, others[id]) for id in added))
    chosen = lift.Chosen(str(shared.workspace().folder), labels, dataset_id)
    lineup = lift.lined_up(chosen)

    n, won = len(lineup), lineup.converted
    days = lineup.days if lineup.days and lineup.days >= 2 else None
    when = f" of {days:,.0f} days" if days else ""
    st.text(f"Tested on {n:,} leads{when}: {won:,} ordered, {style.share(won / n)} of them.")
    if run.card.get("tested_on") == "calibration":
        st.warning(
            "No leads were kept apart for a test: these are leads that stopped and tuned the training, so the figures "
            "are too good. Train again with a test part to know.",
            icon=":material/warning:",
        )
    reasons = {"their outcome is not known": lineup.unknown, "not every chosen model was tested on them": lineup.apart}
    for why, count in reasons.items():
        if count:
            st.caption(f"{style.counted(count, 'lead')} left out: {why}.")

    ask, unit = st.columns(2, vertical_alignment="bottom")
    counted = PERIOD
    if days:
        hint = "A day: as many of the best leads as that makes over the days of the test."
        counted = unit.segmented_control(
            "Counted", [PERIOD, DAY], default=PERIOD, required=True, key="lift_unit", help=hint, persist_state="session"
        )
    daily = counted == DAY and days is not None
    most = max(1, int(n / days)) if daily and days else n
    asked = ask.number_input(
        f"How many leads can the team call {'a day' if daily else 'in this period'}?",
        1,
        most,
        max(1, round(most / 10)),
        key=f"lift_calls_{n}_{daily}",
    )
    calls = min(n, round(asked * days)) if daily and days else int(asked)
    if daily:
        st.caption(f"{asked:,} a day over {days:,.0f} days: the best {calls:,} of {n:,} leads.")
    section = st.segmented_control(
        "What to look at",
        [RANDOM, CAPACITY, CHANCES, HEADS, GROUP, MODELS],
        default=RANDOM,
        required=True,
        key="lift_section",
        persist_state="session",
    )

    if section == RANDOM:
        lift.better(chosen, calls)
    elif section == CAPACITY:
        lift.bring(chosen, calls)
    elif section == CHANCES:
        lift.come_true(chosen)
    elif section == HEADS:
        two_heads(chosen)
    elif section == GROUP:
        lift.by_group(chosen, calls)
    else:
        lift.beside(chosen, calls)
