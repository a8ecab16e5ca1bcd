"""The form of a comparison: which ways to rank, how often each is trained, at how many calls they are judged."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.benchmark.arms import FAMILIES, Arm, catalogue, choose
from core.benchmark.forecast import seconds_needed
from core.charts.style import counted
from core.config import load_config, with_settings
from core.data.schema import Schema, schema_from_dict
from core.errors import ConfigError
from core.workspace.tables import Dataset
from pages import _shared as shared
from pages._settings import pick_backbone

PRESET = "cpu-quick"
USUAL, EVERY, OWN = "usual", "every", "own"
PLANS = {
    USUAL: ("Usual methods and the language model", ("default",)),
    EVERY: ("These, and every variation of the language model", ("default", "ablation")),
    OWN: ("Chosen one by one", ()),
}
CAPACITY = 5.0
"""Percent of the leads that the team can call until somebody says otherwise. A first value of an input."""
SEEDS, SETTINGS = 3, 5
NO_COLUMN = ""
KEPT: dict[str, Any] = {"persist_state": "session"}


def ask(dataset: Dataset) -> dict[str, Any] | None:
    """Draw the form; the job's request, None while something is missing."""
    schema = schema_from_dict(dataset.schema)
    known = catalogue(schema.funnel)
    plan = st.radio(
        "What to compare",
        list(PLANS),
        format_func=lambda name: PLANS[name][0],
        captions=[_told(name, dataset, schema) for name in PLANS],
        key="compare_plan",
        **KEPT,
    )
    arms = list(PLANS[plan][1])
    if plan == OWN:
        arms = st.multiselect(
            "Ways to rank",
            list(known),
            format_func=lambda key: f"{FAMILIES[known[key].family]}: {known[key].title}",
            placeholder="Choose two or more",
            key=f"compare_arms_{dataset.id}",
            **KEPT,
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        capacity = _capacity(dataset)
        seeds = int(
            st.number_input(
                "Times each is trained",
                1,
                20,
                SEEDS,
                key="compare_seeds",
                width=190,
                help="Each time begins with other random numbers (a seed), since luck in training can look like skill. "
                "Three or more tell the two apart.",
                **KEPT,
            )
        )
        minutes = st.number_input(
            "Budget in minutes",
            1,
            100_000,
            None,
            key="compare_minutes",
            width=190,
            placeholder="no limit",
            help="Nothing new is begun after so many minutes. What is done is shown, and can be gone on with.",
            **KEPT,
        )
    more = _more(schema, dataset.id)
    if not arms or more is None:
        return None
    if plan == OWN:
        st.caption(_size(choose(arms, schema.funnel), dataset, schema, seeds, more["trials"]))
    return {
        "dataset_id": dataset.id,
        "arms": arms,
        "seeds": seeds,
        "capacity": round(capacity / 100, 6),
        "minutes": minutes,
        "preset": PRESET,
        **more,
    }


def _capacity(dataset: Dataset) -> float:
    calls = str(st.session_state.get("chosen_capacity", ""))
    usual, source = CAPACITY, ""
    if calls.isdigit() and int(calls) and dataset.open_leads:
        usual = min(100.0, max(0.1, round(100 * int(calls) / dataset.open_leads, 1)))
        source = f" {int(calls):,} of {dataset.open_leads:,} open leads, as on the Queue page, are {usual:g}%."
    return st.number_input(
        "The team can call (% of the leads)",
        0.1,
        100.0,
        usual,
        1.0,
        key=f"compare_capacity_{dataset.id}_{usual}",
        format="%.1f",
        width=250,
        help=f"The answer is given for as many of the best leads as this.{source}",
    )


def _more(schema: Schema, dataset_id: str) -> dict[str, Any] | None:
    """What few people change; None where a setting has to be mended."""
    features = schema.features
    with st.expander("More choices", icon=":material/tune:"):
        stage = _column(
            "How far a lead had come when it was scored",
            (*features.categorical, *features.numeric),
            f"compare_stage_{dataset_id}",
            "For ways that call leads first that had come furthest by then. Never the stage reached in the end: that "
            "is known only afterwards.",
        )
        recency = _column(
            "Days since the last contact",
            features.numeric,
            f"compare_recency_{dataset_id}",
            "A number: the smaller, the more recent. Without it the lead's own date counts.",
        )
        tries = st.number_input(
            "Settings tried for each network",
            1,
            100,
            SETTINGS,
            key="compare_settings",
            help="The best by leads held back from training is taken. Each makes the comparison longer.",
            **KEPT,
        )
        allow = st.multiselect(
            "Columns that you vouch for",
            [*features.numeric, *features.categorical],
            key=f"compare_allow_{dataset_id}",
            placeholder="None",
            help="A comparison is refused where a column tells the outcome so well that it seems to be known only "
            "afterwards. Name one here if you are sure that it is known before the call.",
        )
        backbone = pick_backbone()
    try:
        with_settings(load_config(None, PRESET), [f"backbone={backbone}"])
        if not backbone:
            raise ConfigError("name the folder or hub model of the other language model, or take the built-in one")
    except ConfigError as error:
        st.error(shared.literal(str(error)), title="A setting has to be mended", icon=":material/error:")
        return None
    columns = {"known_stage": stage, "recency": recency, "allow": allow}
    return {"trials": int(tries), **columns, "settings": {"backbone": backbone}}


def _column(label: str, columns: tuple[str, ...], key: str, meaning: str) -> str:
    return st.selectbox(
        label, (NO_COLUMN, *columns), format_func=lambda name: name or "No column", key=key, help=meaning
    )


def _told(plan: str, dataset: Dataset, schema: Schema) -> str:
    if plan == OWN:
        return "Any of them, those that tune the language model itself (LoRA, for a GPU) too."
    seeds = int(st.session_state.get("compare_seeds", SEEDS))
    return _size(
        choose(PLANS[plan][1], schema.funnel),
        dataset,
        schema,
        seeds,
        int(st.session_state.get("compare_settings", SETTINGS)),
    )


def _size(arms: dict[str, Arm], dataset: Dataset, schema: Schema, seeds: int, settings: int) -> str:
    """How much work it is."""
    leads = dataset.leads - dataset.open_leads
    words = bool(schema.roles.dialogue or schema.features.text)
    trainings = sum(seeds if arm.seeded else 1 for arm in arms.values())
    seconds = seconds_needed(arms.values(), leads, seeds, settings, words=words)
    ways = counted(len(arms), "way to rank", "ways to rank")
    return (
        f"{ways}, {counted(trainings, 'training')}: roughly {shared.duration(max(seconds, 30))} on two processor cores."
    )
