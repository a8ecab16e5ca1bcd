"""All rules of a segmentation on one page: who came, whom a campaign brought, who was left out by chance."""

from __future__ import annotations

import streamlit as st

from core.data.segment_rules import Condition, Rules
from core.errors import ConfigError
from pages._segment_editor import Editor, told_column


def edit(editor: Editor, first: Rules | None, engaged: Condition) -> Rules | None:
    """All rules; None where one of the two that must be there is not whole. `engaged` stands in where no first guess
    was possible."""
    st.markdown("**Who came?** A lead for which one of these holds.")
    came = editor.conditions("engaged", first.engaged if first else (engaged,))
    st.markdown("**Whom did a campaign bring, as far as is known?** Among those, a lead for which one of these holds.")
    brought = editor.conditions("campaign", first.campaign if first else ())
    control = _control(editor, first)
    blind = _blind(editor, first, {one.column for one in (*came, *brought, *([control] if control else []))})
    try:
        return Rules(came, brought, blind, control)
    except ConfigError:
        return None


def _control(editor: Editor, first: Rules | None) -> Condition | None:
    had = first.control if first else None
    there = st.toggle(
        "Some leads were left out of the campaign by chance",
        had is not None,
        key=f"segment_has_control_{editor.dataset_id}",
        help="A random control group: the only proof of what a campaign changes.",
        persist_state="session",
    )
    return editor.one("control", had) if there else None


def _blind(editor: Editor, first: Rules | None, asked: set[str]) -> tuple[str, ...]:
    features = editor.leads.schema.features
    options = [name for name in (*features.numeric, *features.categorical) if name not in asked]
    had = [name for name in (first.blind if first else ()) if name in options]
    chosen = st.multiselect(
        "Columns that only tell whether a campaign could be seen",
        options,
        had,
        format_func=told_column,
        key=f"segment_blind_{editor.dataset_id}",
        help="Such as consent to tracking: who has none is not less moved, only less seen.",
        width=500,
        persist_state="session",
    )
    return tuple(name for name in chosen if name in options)
