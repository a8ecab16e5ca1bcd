"""Conditions as rows of boxes: column, test and value, with the leads that each finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from core.charts.style import counted
from core.data.leads import Leads
from core.data.prompts import shown_name
from core.data.segment_rules import Condition
from pages import _shared as shared
from pages._segment_data import numbers_of, values_of

TESTS = {
    "at least": "is at least",
    "at most": "is at most",
    "is": "is",
    "is not": "is not",
    "one of": "is one of",
}
NUMBERS, WORDS = ("at least", "at most", "is", "is not", "one of"), ("one of", "is", "is not")
STAGES = ("at least", "one of")
ROLES = {"stage": "Stage reached", "converted": "Outcome (1 = ordered)", "call_seconds": "Seconds of later calls"}
WIDTH = 230


@dataclass(frozen=True)
class Editor:
    """What the rules are about: the leads of a dataset, and which of their columns may be asked for."""

    leads: Leads
    folder: str
    dataset_id: str

    @property
    def columns(self) -> list[str]:
        """Those that a rule may ask for, roles first."""
        leads, features = self.leads, self.leads.schema.features
        calls = np.isfinite(leads.roles["call_seconds"].to_numpy(dtype=float)).any()
        known = {
            "stage": (leads.stage >= 0).any(),
            "converted": np.isfinite(leads.converted).any(),
            "call_seconds": calls,
        }
        return [*(name for name in ROLES if known[name]), *features.numeric, *features.categorical]

    def conditions(self, name: str, first: tuple[Condition, ...]) -> tuple[Condition, ...]:
        """A row each, any of which may hold; `first`: where they start from."""
        key = f"segment_{name}_{self.dataset_id}"
        rows = st.session_state.setdefault(f"{key}_rows", list(range(max(len(first), 1))))
        made = []
        for row in rows:
            with st.container(horizontal=True, vertical_alignment="bottom"):
                made.append(self._row(f"{key}_{row}", first[row] if row < len(first) else None))
                if len(rows) > 1:
                    st.button(
                        "",
                        icon=":material/close:",
                        key=f"{key}_{row}_gone",
                        help="Take it out",
                        type="tertiary",
                        on_click=rows.remove,
                        args=(row,),
                    )
        add = {"icon": ":material/add:", "type": "tertiary", "on_click": rows.append, "args": (max(rows) + 1,)}
        st.button("Or another one", key=f"{key}_add", **add)
        return tuple(one for one in made if one is not None)

    def one(self, name: str, first: Condition | None) -> Condition | None:
        """A single condition."""
        with st.container(horizontal=True, vertical_alignment="bottom"):
            return self._row(f"segment_{name}_{self.dataset_id}", first)

    def _row(self, key: str, first: Condition | None) -> Condition | None:
        columns = self.columns
        start = columns.index(first.column) if first and first.column in columns else None
        column = st.selectbox(
            "Column", columns, start, format_func=told_column, key=f"{key}_column", width=WIDTH, persist_state="session"
        )
        if column is None:
            return None
        same = first if first and first.column == column else None
        tests = self._tests(column)
        place = tests.index(same.test) if same and same.test in tests else 0
        test = st.selectbox(
            "Test", tests, place, format_func=TESTS.__getitem__, key=f"{key}_test_{column}", width=140,
            persist_state="session",
        )  # fmt: skip
        value = self._value(f"{key}_value_{column}_{test}", column, test, same.value if same else None)
        if value is None or value == []:
            st.caption("Choose a value", width="content")
            return None
        made = Condition(column, test, value)
        held = int((made.holds(self.leads) == 1).sum())
        st.caption(counted(held, "lead"), width="content")
        return made

    def _tests(self, column: str) -> tuple[str, ...]:
        if column == "stage":
            return STAGES
        if column == "call_seconds":
            return NUMBERS[:-1]
        return WORDS if column in self.leads.schema.features.categorical else NUMBERS

    def _value(self, key: str, column: str, test: str, first: Any) -> Any:
        keep: dict[str, Any] = {"key": key, "persist_state": "session"}
        if column != "stage" and column not in self.leads.schema.features.categorical:
            if test == "one of":
                return self._numbers(column, first, keep)
            number = float(first) if isinstance(first, int | float) else 1.0
            return st.number_input("Value", value=number, width=140, **keep)
        words = column != "stage"
        options = values_of(self.folder, self.dataset_id, column) if words else list(self.leads.schema.funnel.stages)
        told = shared.told_apart({value: value if words else shown_name(value) for value in options})
        shown: dict[str, Any] = {"format_func": told.__getitem__, "width": 320, **keep}
        if test == "one of":
            chosen = first if isinstance(first, list | tuple) else [first]
            return st.multiselect("Values", options, [value for value in chosen if value in options], **shown)
        place = options.index(first) if first in options else len(options) // 2 if not words else 0
        return st.selectbox("Value", options, place if options else None, **shown)

    def _numbers(self, column: str, first: Any, keep: dict[str, Any]) -> list[float]:
        """Several numbers, chosen from those that are there."""
        there = numbers_of(self.folder, self.dataset_id, column) if column not in ROLES else [0.0, 1.0]
        chosen = [float(value) for value in first] if isinstance(first, list | tuple) else []
        options = sorted({*there, *chosen})
        return st.multiselect("Values", options, chosen, format_func="{:g}".format, width=320, **keep)


def told_column(column: str) -> str:
    """What a column is called on this page."""
    return ROLES.get(column) or shown_name(column)
