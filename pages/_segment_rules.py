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
    control = _single(
        editor, "control", first.control if first else None, "Some leads were left out of the campaign by chance",
        "A random control group: the only proof of what a campaign changes.",
    )  # fmt: skip
    audit = _single(
        editor, "audit", first.audit if first else None, "Of some it was looked up whether a campaign brought them",
        "By asking them, for example. The value is what stands there for those whom it brought; where nobody looked, "
        "the column is empty. It tells how many labels are missing.",
    )  # fmt: skip
    made = {one.column for one in (*came, *brought)}
    extra = {one.column for one in (control, audit) if one}
    blind = _blind(editor, first, made | extra)
    before = _before(editor, first, sorted(made - extra)) if control else ()
    try:
        return Rules(came, brought, blind, control, audit, before)
    except ConfigError:
        return None


def _single(editor: Editor, name: str, had: Condition | None, words: str, hint: str) -> Condition | None:
    key = f"segment_has_{name}_{editor.dataset_id}"
    there = st.toggle(words, had is not None, key=key, help=hint, persist_state="session")
    return editor.one(name, had) if there else None


def _before(editor: Editor, first: Rules | None, asked: list[str]) -> tuple[str, ...]:
    options = [name for name in asked if name in editor.leads.schema.features.columns()]
    if not options:
        return ()
    chosen = st.multiselect(
        "Of these columns, known before the campaign",
        options,
        [name for name in (first.before if first else ()) if name in options],
        format_func=told_column,
        key=f"segment_before_{editor.dataset_id}",
        help="Such as the months since the last purchase: an uplift model may learn from them. Clicks came after it.",
        width=500,
        persist_state="session",
    )
    return tuple(name for name in chosen if name in options)


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
