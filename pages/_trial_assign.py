"""Step 2 of a trial: who calls by which list, drawn by lot and balanced; frozen before the start."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace

import streamlit as st

from core.charts import style
from core.charts.trial_words import DRAWN, METHODS, NEW, OLD, READ
from core.charts.trials import love_plot
from core.data.prompts import shown_name
from core.data.schema import schema_from_dict
from core.decisions.field_trial.assignment import Assignment, Design, assign, balance
from core.decisions.field_trial.outlook import verdict
from core.decisions.field_trial.protocol import Protocol, look_days
from core.decisions.field_trial.team import Team
from core.workspace import runs, trials
from core.workspace.ids import utc_now
from core.workspace.tables import Dataset
from core.workspace.trials import ArmQueue
from pages import _shared as shared
from pages._actions import digest
from pages._trial_plan import DAYS, POWER, UPLIFT, team, with_people

NOBODY = "none"
WAYS = {"newest": ("Newest lead first", "snapshot_time", True), "oldest": ("Oldest lead first", "snapshot_time", False)}
"""Old ways of calling that need no model: words, column of the queue, descending."""


@dataclass(frozen=True)
class Wanted:
    """What was chosen on the form."""

    name: str
    start: datetime.date
    days: int
    queues: dict[str, ArmQueue]
    words: dict[str, str]
    design: Design
    looks: str
    headline: str
    guardrails: tuple[tuple[str, str], ...]


def assign_step() -> None:
    """The form, the draw with its balance, and the button that freezes it."""
    chosen = with_people()
    if chosen is None:
        return
    schema = schema_from_dict(chosen.schema)
    left, right = st.columns(2)
    with left:
        name = st.text_input("Name of the trial", f"{chosen.name[:100]}: new against old ranking", max_chars=200)
        tomorrow = utc_now().date() + datetime.timedelta(days=1)
        start = st.date_input("First day", tomorrow, min_value=tomorrow, help="It must lie ahead: nobody may know yet.")
        days = st.number_input("Days", 7, 730, DAYS, key="trial_days", persist_state="session")
    with right:
        picked = _queues()
    if picked is None:
        return
    queues, words = picked
    with st.expander("How people are drawn, and how the trial is read", icon=":material/tune:"):
        region = _column("Stratify by region or store", schema.features.categorical, "trial_region")
        follow_ups = _column("Follow-up volume", schema.features.numeric, "trial_follow_ups")
        kind = st.selectbox("Draw", list(DRAWN), format_func=DRAWN.__getitem__, key="trial_kind")
        looks = st.selectbox(
            "Looks before the end", list(READ), format_func=READ.__getitem__, key="trial_looks", persist_state="session"
        )
        # All draws that could have been are too few to settle an early look.
        offered = [name for name in METHODS if name != "permutation" or looks == "fixed"]
        headline = st.selectbox("The figure that counts", offered, format_func=METHODS.__getitem__)
        guarded = _guardrails(schema.features.numeric)
    strata = ("tier", "region") if region else ("tier",)
    # Nobody picks the draw they like: it follows from the leads and the first day.
    seed = int(digest(chosen.id, start.isoformat())[:7], 16)
    wanted = Wanted(name, start, int(days), queues, words, Design(kind, strata, seed=seed), looks, headline, guarded)
    people = team(str(shared.workspace().folder), chosen.id, follow_ups, region)
    drawn = _drawn(str(shared.workspace().folder), chosen.id, follow_ups, region, wanted.design)
    _show(drawn, words)
    seats = _seats(drawn, chosen.id) if shared.sign_in_on() else []
    hoped = people.over(wanted.days)
    promised = replace(hoped.situation, looks=looks)
    uplift, power = _promise()
    st.info(shared.literal(verdict(promised, hoped.per_arm, uplift, wanted.days, power)), icon=":material/flag:")
    if st.button("Freeze the trial", type="primary", icon=":material/lock:"):
        _freeze(chosen, people, drawn, wanted, seats)
    st.caption("Frozen means: who is in which half, how long it runs and what counts can no longer be changed.")


@st.cache_data(max_entries=20, show_spinner="Drawing lots until both halves are alike …")
def _drawn(folder: str, dataset_id: str, follow_ups: str | None, region: str | None, design: Design) -> Assignment:
    return assign(team(folder, dataset_id, follow_ups, region).specialists, design)


def _queues() -> tuple[dict[str, ArmQueue], dict[str, str]] | None:
    """What each half calls by, for the app and in words; None where there is no model."""
    known = {each.id: each for each in runs.runs(shared.workspace())}
    if not known:
        shared.empty("No model yet", "The new ranking is that of a model. Train or load one.", "models", "Open models")
        return None
    names = shared.told_apart({id: each.name for id, each in known.items()})
    used = next((place for place, each in enumerate(known.values()) if each.in_use), 0)
    new = st.selectbox("New ranking: by the model", list(names), used, format_func=names.__getitem__)
    old = {key: words for key, (words, *_) in WAYS.items()} | {
        id: f"By the model {name}" for id, name in names.items() if id != new
    }
    way = st.selectbox("Old ranking", list(old), format_func=old.__getitem__, help="What your people call by today.")
    if way in WAYS:
        _, column, descending = WAYS[way]
        control = ArmQueue(new, column, descending)
    else:
        control = ArmQueue(way)
    words = {"treatment": f"by the model {names[new]}", "control": old[way][:1].lower() + old[way][1:]}
    return {"treatment": ArmQueue(new), "control": control}, words


def _column(label: str, columns: tuple[str, ...], key: str) -> str | None:
    """A column of the leads, or none."""
    names = {NOBODY: "None", **{column: shown_name(column) for column in columns}}
    chosen = st.selectbox(label, list(names), format_func=names.__getitem__, key=key)
    return None if chosen == NOBODY else chosen


def _guardrails(columns: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    worse = st.multiselect("Must not fall", columns, format_func=shown_name, help="Follow-ups, say.", key="trial_floor")
    better = [column for column in columns if column not in worse]
    high = st.multiselect("Must not rise", better, format_func=shown_name, help="Complaints, say.", key="trial_ceiling")
    return (*((column, "lower") for column in worse), *((column, "higher") for column in high))


def _show(drawn: Assignment, words: dict[str, str]) -> None:
    """Who is where, and how alike the halves are."""
    arms = drawn.frame["arm"].value_counts()
    of = {arm: style.counted(int(arms.get(arm, 0)), "person", "people") for arm in words}
    st.markdown(
        f"**{of['treatment']}** call {shared.literal(words['treatment'])}; "
        f"**{of['control']}** call {shared.literal(words['control'])}."
    )
    table = balance(drawn.frame)
    figure = love_plot(table)
    left, right = st.columns([3, 2])
    with left:
        shared.chart(figure, table, "balance", style.spoken(figure))
    with right:
        if drawn.draws:
            st.caption(f"{style.counted(len(drawn.draws), 'draw')} until both halves were alike enough.")
        listed = drawn.frame[["specialist", "tier", "region", "arm", "leads", "orders"]]
        shown = listed.assign(arm=listed["arm"].map({"treatment": NEW, "control": OLD}))
        st.dataframe(
            shown.loc[:, [name for name in shown if name != "region" or shown["region"].any()]],
            hide_index=True,
            height=380,
            alt="Sales people with their half",
            column_config={
                "specialist": "Sales person",
                "tier": st.column_config.TextColumn("Tier", help="1: the best quarter by orders per lead so far."),
                "region": "Region",
                "arm": "Calls by",
                "leads": "Leads before",
                "orders": "Orders before",
            },
        )


def _seats(drawn: Assignment, dataset_id: str) -> list[tuple[str, str]]:
    """E-mail addresses with the sales people that they belong to."""
    with st.expander("E-mail addresses: who signs in as whom", icon=":material/mail:"):
        st.caption("Whoever signs in with the address gets the list of their half under My calls.")
        blank = drawn.frame[["specialist"]].assign(email="")
        edited = st.data_editor(
            blank,
            hide_index=True,
            disabled=["specialist"],
            column_config={"specialist": "Sales person", "email": "E-mail address"},
            key=f"trial_seats_{dataset_id}",
        )
    told = zip(edited["email"].fillna("").astype(str).str.strip(), edited["specialist"], strict=True)
    seats = [(email, who) for email, who in told if email]
    if missing := len(drawn.frame) - len(seats):
        st.warning(
            f"{style.counted(missing, 'person has', 'people have')} no e-mail address: whoever of them can sign in "
            "will see both rankings, and the trial will show less than is true.",
            icon=":material/warning:",
        )
    return seats


def _promise() -> tuple[float, float]:
    """The effect that is hoped for and the chance of finding it, as step 1 has them."""
    return st.session_state.get("trial_uplift", UPLIFT) / 100, st.session_state.get("trial_power", POWER) / 100


def _freeze(chosen: Dataset, people: Team, drawn: Assignment, wanted: Wanted, seats: list[tuple[str, str]]) -> None:
    who = shared.need("manager").email
    situation = people.over(wanted.days).situation
    uplift, power = _promise()
    maturity = schema_from_dict(chosen.schema).split.maturity_days
    protocol = Protocol(
        name=wanted.name,
        made=utc_now().replace(microsecond=0).isoformat(),
        made_by=who,
        start=wanted.start.isoformat(),
        days=wanted.days,
        maturity_days=maturity,
        headline=wanted.headline,
        looks=wanted.looks,
        look_days=look_days(wanted.days, maturity) if wanted.looks == "obrien_fleming" else (),
        uplift=uplift,
        power=power,
        icc=situation.icc,
        leads_per_specialist=situation.leads_per_specialist,
        design=wanted.design,
        draws=drawn.draws,
        arms=wanted.words,
        guardrails=wanted.guardrails,
        specialists=drawn.frame,
    )
    trials.freeze_trial(shared.workspace(), protocol, chosen.id, wanted.queues, people=seats, by=who)
    st.session_state.pop("trial_step", None)
    st.toast("Frozen.", icon=":material/lock:")
    st.rerun()
