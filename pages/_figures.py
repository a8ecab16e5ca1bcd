"""A figure of a page in a box: its value, or that there is none and why."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.errors import NotComputable
from pages._text import literal

WIDTH = 170
"""Pixels: two beside each other on a phone."""


def figure(label: str, value: Callable[[], str], meaning: Callable[[], str]) -> None:
    """Show a figure with how it is computed as its hint; "not known" where it cannot be computed, with the reason.

    Args:
        label: What it is.
        value: Computes it, with its unit; may raise NotComputable.
        meaning: How it is computed, in plain words; may raise as `value` does.
    """
    try:
        shown, told = value(), meaning()
    except NotComputable as error:
        shown, told = "not known", literal(error)
    st.metric(label, shown, help=told, border=True, width=WIDTH)
