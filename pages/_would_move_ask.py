"""What may change, and how far up the lead should get: asked once, remembered for the dataset."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.counterfactuals import Choice
from core.data.changeable import changeable
from core.data.changing import MOST_CHARACTERS
from core.data.schema import Schema
from core.queue.titles import column_words
from pages import _shared as shared

KINDS = {"fields": "Fields", "said": "One turn more", "left_out": "One turn less"}
WAYS = {True: "Up the queue", False: "Down the queue"}


def ask(dataset_id: str, schema: Schema) -> tuple[Choice, int]:
    """The choice, and how many leads the team can call."""
    names = [*schema.features.numeric, *schema.features.categorical]
    fixed = [name for name in names if name not in changeable(schema)]
    usual: dict[str, Any] = {"up": True, "top": 20, "kinds": list(KINDS), "fixed": fixed, "own": ""}
    memory = st.session_state.setdefault(f"would_move_{dataset_id}", usual)
    keys = {name: f"would_move_{name}_{dataset_id}" for name in usual}
    for name, key in keys.items():
        st.session_state.setdefault(key, memory[name])  # a box that was not drawn for a while has forgotten
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control("Which way", list(WAYS), format_func=WAYS.__getitem__, required=True, key=keys["up"])
        st.number_input(
            "Leads that the team can call",
            min_value=1,
            step=1,
            width=220,
            key=keys["top"],
            help="The lead should get among so many first ones of the queue.",
        )
    with st.expander("What may change", icon=":material/tune:"):
        st.pills(
            "Kinds of change",
            list(KINDS),
            selection_mode="multi",
            format_func=KINDS.__getitem__,
            key=keys["kinds"],
        )
        st.multiselect(
            "Fields that nobody can change",
            names,
            format_func=lambda name: shared.literal(column_words(f"field:{name}")),
            placeholder="None: every field may change",
            key=keys["fixed"],
            help="Such as what lies in the past, or belongs to the person. These stay as they are. At first those that "
            "the data's schema leaves out of changeable, or that are named so.",
        )
        st.text_input(
            "A sentence of yours that the customer could say",
            max_chars=MOST_CHARACTERS,
            key=keys["own"],
            placeholder="I would like to order this week.",
        )
    memory.update({name: st.session_state[key] for name, key in keys.items()})
    kinds = {kind: kind in memory["kinds"] for kind in KINDS}
    own = (memory["own"] or "").strip()
    return Choice(fixed=tuple(memory["fixed"]), own=own, up=bool(memory["up"]), **kinds), int(memory["top"])
