"""The boxes of a change: one per field and turn, which start from the lead and can be filled with changes to try."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.charts.style import counted
from core.counterfactuals import Change
from core.data.changeable import changeable
from core.data.changing import MOST_CHARACTERS
from core.data.dialogue import Turn, parse_turns
from core.data.leads import Leads
from core.data.next_turns import parties
from core.data.plausible import Plausible
from core.queue.store import Queue
from core.queue.titles import column_words
from core.workspace.tables import Scoring
from pages import _shared as shared
from pages._scored import facets


def boxes_key(scoring: Scoring, lead: Leads) -> str:
    """What the boxes start from is part of their keys: a box keeps what it was first drawn with, so that names would
    stay in it after they were hidden again."""
    return f"try_{scoring.id}_{lead.lead_id.iat[0]}_{lead.content_hash[:16]}"


def fill(key: str, lead: Leads, changes: Sequence[Change] = ()) -> None:
    """Set every box to what the lead holds, then those of the changes to theirs."""
    features, values = lead.schema.features, lead.features.iloc[0]
    for name in features.columns():
        value = values[name]
        known = math.isfinite(value) if name in features.numeric else bool(value) or name in features.text
        st.session_state[f"{key}_field_{name}"] = value if known else None
    turns = parse_turns(str(lead.dialogue.iat[0]))
    for number, turn in enumerate(turns):
        st.session_state[f"{key}_turn_{number}"] = turn.words
    st.session_state[f"{key}_speaker"], st.session_state[f"{key}_more"] = parties(turns)[0], ""
    for change in changes:
        at = {"field": f"field_{change.name}", "turn": f"turn_{change.turn}", "said": "more"}[change.kind]
        st.session_state[f"{key}_{at}"] = "" if change.kind == "turn" else change.value


def field_boxes(queue: Queue, scoring: Scoring, lead: Leads, key: str, plausible: Plausible) -> dict[str, object]:
    """A widget per field, fit for its kind; empty where the lead has no value. What nobody can change is folded."""
    features, free = lead.schema.features, changeable(lead.schema)
    fixed = [name for name in (*features.numeric, *features.categorical) if name not in free]
    box = partial(_field_box, queue, scoring, lead, key, plausible)
    if features.columns():
        st.subheader("Fields", anchor=False)
    with st.grid("auto", min_column_width=210):
        found: dict[str, object] = {name: box(name) for name in (*free, *features.text)}
    if fixed:
        with st.expander(f"{counted(len(fixed), 'field')} that nobody can change", icon=":material/lock:"):
            st.caption("They tell who the person is, or what is past. A try shows what the model makes of them.")
            with st.grid("auto", min_column_width=210):
                found |= {name: box(name) for name in fixed}
    return found


def _field_box(
    queue: Queue, scoring: Scoring, lead: Leads, key: str, plausible: Plausible, name: str
) -> float | str | None:
    features, now, own = lead.schema.features, lead.features[name].tolist()[0], f"{key}_field_{name}"
    if name in features.numeric:
        whole = math.isfinite(now) and now == int(now)
        return st.number_input(
            _label(name), value=None, step=1.0 if whole else None, format="%g", placeholder="Not known", key=own
        )
    if name in features.text:
        return st.text_input(_label(name), max_chars=MOST_CHARACTERS, key=own) or ""
    known = [value for value, _ in facets(scoring.id, f"field:{name}", queue)]
    worth = map(str, plausible[name].worth_a_try if name in plausible else ())
    options = [value for value in dict.fromkeys([str(now), *known, *worth]) if value]
    return st.selectbox(_label(name), options, index=None, placeholder="Not known", key=own) or ""


def turn_boxes(lead: Leads, key: str) -> list[Turn]:
    """A box per turn, emptied to leave it out, and one for a turn that is added at the end."""
    turns = parse_turns(str(lead.dialogue.iat[0]))
    st.subheader("What was said", anchor=False)
    said = []
    with st.expander(f"Change one of {len(turns)} turns", icon=":material/forum:") if turns else st.container():
        for number, turn in enumerate(turns):
            words = st.text_area(
                shared.literal(f"{number + 1}. {turn.speaker or 'Somebody'}"),
                height=68,
                max_chars=MOST_CHARACTERS,
                key=f"{key}_turn_{number}",
            )
            said.append(Turn(turn.speaker, words or ""))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        speaker = st.selectbox("Who says something more", parties(turns), width=200, key=f"{key}_speaker")
        words = st.text_input(
            "What they say",
            max_chars=MOST_CHARACTERS,
            key=f"{key}_more",
            placeholder="I would like to order this week.",
        )
    return [*said, Turn(speaker, words or "")]


def _label(name: str) -> str:
    return shared.literal(column_words(f"field:{name}"))
