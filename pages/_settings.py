"""The form of a training: preset, language model and, folded, every setting; all made from core.config."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.config import PRESETS, Config, Limits, limits, settings
from pages import _shared as shared

PLAIN = {
    "cpu-quick": (
        "Quick, on this computer",
        "Reads each lead once or twice with the language model and fits the three heads on what it read. Needs no GPU. "
        "Reading is what takes the time: about a second per three leads on two processor cores.",
    ),
    "gpu": (
        "Thorough, with a GPU",
        "Begins like Quick, then trains the language model itself over three passes and keeps whichever is better on "
        "leads held back. Far slower without a GPU.",
    ),
    "paper": (
        "As published, with a GPU",
        "The settings of the paper, for comparison: ten passes over all leads with fields written into the text. "
        "The slowest by far.",
    ),
}
"""Presets in plain words; the time stated is that of the README."""
ASIDE = ("preset", "backbone")
"""Settings that have a place of their own above the fold."""


def pick_preset() -> str:
    """Which preset to start from."""
    ordered = sorted(PRESETS, key=[*PLAIN, *PRESETS].index)
    return st.radio(
        "How thoroughly",
        ordered,
        format_func=lambda name: PLAIN.get(name, (name,))[0],
        captions=[PLAIN.get(name, ("", ""))[1] for name in ordered],
        key="preset",
        persist_state="session",
    )


def pick_backbone() -> str:
    """The language model that reads the leads."""
    usual = Config().backbone
    words = {"own": f"Built in ({usual}, English)", "other": "Another one"}
    which = st.segmented_control(
        "Language model",
        list(words),
        format_func=words.__getitem__,
        default="own",
        required=True,
        key="backbone_kind",
        persist_state="session",
    )
    if which != "other":
        return usual
    st.caption("For leads in other languages, or for a larger model: it is loaded when the training begins.")
    return st.text_input(
        "Folder on the server, or name on the Hugging Face hub",
        placeholder="Qwen/Qwen2.5-1.5B",
        key="backbone_name",
        persist_state="session",
        help="A hub name is downloaded by the server, once. A folder must hold a causal language model as safetensors.",
    ).strip()


def edit_settings(preset: str) -> dict[str, str]:
    """Draw every other setting, folded; returns those that differ from the preset, as text."""
    with st.expander("Every setting, with its meaning and source", icon=":material/tune:"):
        st.caption(
            "The values are those of the preset chosen above. What is changed here holds for the next training alone; "
            "the command line takes the same names."
        )
        grid = st.grid(2)
        changed: dict[str, str] = {}
        for key, value, meaning in settings(PRESETS[preset]):
            if key in ASIDE:
                continue
            with grid.cell():
                said = _widget(f"set_{preset}_{key}", key, value, limits(key))
                st.caption(shared.literal(f"{meaning}{_bounds(limits(key))}"))
            if said != text_of(value):
                changed[key] = said
    if changed:
        listed = ", ".join(f"{key} = {value or 'empty'}" for key, value in changed.items())
        st.caption(shared.literal(f"Changed from the preset: {listed}."))
    return changed


def _widget(widget_key: str, key: str, value: Any, rule: Limits) -> str:
    label = key[:1].upper() + key[1:].replace("_", " ").replace(".", ": ")
    kept: dict[str, Any] = {"key": widget_key, "persist_state": "session"}
    if isinstance(value, bool):
        return text_of(st.toggle(label, value, **kept))
    if rule.choices:
        return str(st.selectbox(label, rule.choices, rule.choices.index(value), **kept))
    return st.text_input(label, text_of(value), **kept).strip()


def text_of(value: Any) -> str:
    """A setting's value as it is typed.

    >>> text_of(True), text_of((8, 12)), text_of(5e-06), text_of(16)
    ('true', '8,12', '5e-06', '16')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _bounds(rule: Limits) -> str:
    if rule.low is not None and rule.high is not None:
        return f" From {rule.low:g} to {rule.high:,}."
    return f" At least {rule.low:g}." if rule.low is not None else ""
