"""Try a change: another field, another sentence, and where the lead would then stand. Nothing of it is kept."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import streamlit as st

from core import scoring as door
from core.charts.reasons import customer
from core.data.dialogue import Turn, parse_turns
from core.data.leads import Leads
from core.jobs.rankings import as_read_by
from core.queue.store import Queue
from core.queue.titles import column_words
from core.scores import Scorer
from core.what_if import MOST_CHARACTERS, changed_lead, what_if
from core.workspace import runs
from core.workspace.tables import Scoring
from pages import _shared as shared
from pages._scored import facets


@st.cache_resource(max_entries=2, show_spinner=False)
def _scorer(run_id: str, _folder: Path) -> Scorer:
    """A model of a few hundred megabytes: two at most stay. A run's folder never changes, so its id is the key."""
    return door.load_scorer(_folder)


def try_a_change(queue: Queue, scoring: Scoring, lead: Leads, row: dict[str, Any]) -> None:
    """Widgets for every field and every turn of the one lead in `lead`, and what the changed lead would get."""
    st.write("Change what you know of this lead, and see where it would stand. The lead itself stays as it is.")
    # What the boxes start from is part of their keys: a box keeps what it was first drawn with, so that names would
    # stay in it after they were hidden again.
    key = f"try_{scoring.id}_{row['lead_id']}_{lead.content_hash[:16]}"
    with st.form(key, border=False):
        fields = _field_boxes(queue, scoring, lead, key)
        turns = _turn_boxes(lead, key)
        asked = st.form_submit_button("See what changes", type="primary", icon=":material/science:")
    if not asked:
        return
    with shared.guard():
        changed = changed_lead(lead, fields, turns)
        if changed.content_hash == lead.content_hash:
            st.info("Nothing was changed yet: edit a field or a sentence first.", icon=":material/edit:")
            return
        ws = shared.workspace()
        with st.spinner("Loading the model: half a minute the first time, at once afterwards …", show_time=True):
            scorer = _scorer(scoring.run_id, runs.run_folder(ws, scoring.run_id))
        with st.spinner("Reading the lead as it is and as changed …", show_time=True):
            found = what_if(scorer, as_read_by(lead, scorer.schema), as_read_by(changed, scorer.schema))
        # Where it falls, it leaves the place above that it has now.
        before = int(row["rank"])
        after = queue.rank_of(found.changed_score) - int(found.changed_score < row["score"])
        with st.container(horizontal=True):
            chance = 100 * (found.changed_probability - found.probability)
            st.metric(
                "Chance", f"{found.changed_probability:.1%}", f"{chance:+.1f} points from {found.probability:.1%}"
            )
            score = found.changed_score - found.score
            st.metric("Rank score", f"{found.changed_score:.2f}", f"{score:+.2f} from {found.score:.2f}")
            st.metric(
                "Rank",
                f"{after:,}",
                f"{before - after:+,} places from {before:,}" if after != before else 0,
                delta_description=None if after != before else "the same place",
            )
        st.caption(
            "What the model would say of such a lead. It tells how the model reads leads, not what a customer will do "
            "once you change something."
        )


def _field_boxes(queue: Queue, scoring: Scoring, lead: Leads, key: str) -> dict[str, object]:
    """A widget per field, fit for its kind; empty where the lead has no value."""
    features, values = lead.schema.features, lead.features.iloc[0]
    found: dict[str, object] = {}
    if features.columns():
        st.subheader("Fields", anchor=False)
    with st.grid("auto", min_column_width=210):
        for name in features.numeric:
            value = float(values[name])
            whole = math.isfinite(value) and value == int(value)
            found[name] = st.number_input(
                shared.literal(column_words(f"field:{name}")),
                value=value if math.isfinite(value) else None,
                step=1.0 if whole else None,
                format="%g",
                placeholder="Not known",
                key=f"{key}_{name}",
            )
        for name in features.categorical:
            now = str(values[name])
            known = [v for v, _ in facets(scoring.id, f"field:{name}", queue) if v]
            found[name] = (
                st.selectbox(
                    shared.literal(column_words(f"field:{name}")),
                    list(dict.fromkeys([*([now] if now else []), *known])),
                    index=0 if now else None,
                    placeholder="Not known",
                    key=f"{key}_{name}",
                )
                or ""
            )
        for name in features.text:
            text = str(values[name])
            label = shared.literal(column_words(f"field:{name}"))
            found[name] = st.text_input(label, text, max_chars=MOST_CHARACTERS, key=f"{key}_{name}") or ""
    return found


def _turn_boxes(lead: Leads, key: str) -> list[Turn]:
    """A box per turn, emptied to leave it out, and one for a turn that is added at the end."""
    turns = parse_turns(str(lead.dialogue.iat[0]))
    speakers = list(dict.fromkeys([turn.speaker for turn in turns if turn.speaker])) or ["Customer", "Specialist"]
    speakers.sort(key=lambda speaker: speaker != customer(speakers))
    st.subheader("What was said", anchor=False)
    said = []
    with st.expander(f"Change one of {len(turns)} turns", icon=":material/forum:") if turns else st.container():
        for number, turn in enumerate(turns):
            words = st.text_area(
                shared.literal(f"{number + 1}. {turn.speaker or 'Somebody'}"),
                turn.words,
                height=68,
                max_chars=MOST_CHARACTERS,
                key=f"{key}_turn_{number}",
            )
            said.append(Turn(turn.speaker, words or ""))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        speaker = st.selectbox("Who says something more", speakers, width=200, key=f"{key}_speaker")
        words = st.text_input(
            "What they say",
            max_chars=MOST_CHARACTERS,
            key=f"{key}_more",
            placeholder="I would like to order this week.",
        )
    return [*said, Turn(speaker, words or "")]
