"""Try a change: what would move the lead, and an editor for changes of one's own. Nothing of it is kept."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.data.changing import changed_lead
from core.data.leads import Leads
from core.jobs.rankings import as_read_by
from core.queue.store import Queue
from core.telling_moves import VIEW
from core.what_if import what_if
from core.workspace.tables import Scoring
from pages import _shared as shared
from pages._model import model_of
from pages._reasons import place_after
from pages._try_boxes import boxes_key, field_boxes, fill, turn_boxes
from pages._would_move import plausible_of, would_move


def try_a_change(queue: Queue, scoring: Scoring, lead: Leads, row: dict[str, Any]) -> None:
    """What would move the one lead in `lead`, widgets for every field and turn of it, and what the changed lead would
    get."""
    would_move(queue, scoring, lead, row)
    st.subheader("A change of your own", anchor=False)
    st.write("Change what you know of this lead, and see where it would stand. The lead itself stays as it is.")
    key = boxes_key(scoring, lead)
    if f"{key}_more" not in st.session_state:
        fill(key, lead)
    plausible = plausible_of(scoring.dataset_id, lead.schema)
    with st.form(key, border=False):
        fields = field_boxes(queue, scoring, lead, key, plausible)
        turns = turn_boxes(lead, key)
        asked = st.form_submit_button("See what changes", type="primary", icon=":material/science:")
    # Asked by the button of a change that was found, too: see `pages._would_move`.
    if not (st.session_state.pop(f"{key}_asked", False) or asked):
        return
    with shared.guard():
        changed = changed_lead(lead, fields, turns)
        if changed.content_hash == lead.content_hash:
            st.info("Nothing was changed yet: edit a field or a sentence first.", icon=":material/edit:")
            return
        for name, value in fields.items():
            beyond = plausible[name].beyond(value) if name in plausible else ""
            if beyond and value not in lead.features[name].tolist():
                st.warning(f"{shared.literal(beyond)}: the model can only guess there.", icon=":material/explore:")
        _scored(queue, scoring, lead, changed, row)


def _scored(queue: Queue, scoring: Scoring, lead: Leads, changed: Leads, row: dict[str, Any]) -> None:
    with model_of(scoring.run_id) as model, st.spinner("Reading what was changed …", show_time=True):
        schema = model.scorer.schema
        found = what_if(model.rescorer(as_read_by(lead, schema)), as_read_by(changed, schema))
    before, after = int(row["rank"]), place_after(queue, row, found.changed_score - found.score)
    with st.container(horizontal=True):
        chance = 100 * (found.changed_probability - found.probability)
        st.metric("Chance", f"{found.changed_probability:.1%}", f"{chance:+.1f} points from {found.probability:.1%}")
        score = found.changed_score - found.score
        st.metric("Rank score", f"{found.changed_score:.2f}", f"{score:+.2f} from {found.score:.2f}")
        st.metric(
            "Rank",
            f"{after:,}",
            f"{before - after:+,} places from {before:,}" if after != before else 0,
            delta_description=None if after != before else "the same place",
        )
    st.caption(VIEW)
