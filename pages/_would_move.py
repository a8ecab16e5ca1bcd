"""What would move this lead: changes that the model was asked about, each with a button that fills the boxes below."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from core.counterfactuals import Choice, Move, Moves, find_moves
from core.data.leads import Leads
from core.data.plausible import Plausible, Values, plausible_values
from core.data.schema import Schema
from core.jobs.rankings import as_read_by, read_explanation
from core.queue.store import Queue
from core.telling_moves import VIEW, doubts, headline, in_words, notes, set_to_show, table
from core.workspace.datasets import field_of, leads_of
from core.workspace.tables import Scoring
from pages import _shared as shared
from pages._model import model_of
from pages._reasons import place_after
from pages._try_boxes import boxes_key, fill
from pages._would_move_ask import ask

SHOWN = {"One change of a field": (("field",), 5), "One change of the talk": (("said", "turn"), 4)}
"""Single changes with a button, by kind; all others stand in the table."""
KEPT = 200
"""Answers that are remembered for everybody: a few KB each."""


def would_move(queue: Queue, scoring: Scoring, lead: Leads, row: dict[str, Any]) -> None:
    """The question, and the answer once it was asked: by model, leads (they tell what is plausible), content of the
    lead, and choice."""
    st.write("See what would move this lead most: another value of a field, a turn less, or a sentence more.")
    choice, top = ask(scoring.dataset_id, lead.schema)
    key = (scoring.run_id, scoring.dataset_id, lead.content_hash, choice)
    pressed = st.button("What would move this lead", type="primary", icon=":material/swap_vert:")
    with shared.guard():
        if pressed and key not in _kept():
            _kept()[key] = _found(scoring, lead, choice)
            while len(_kept()) > KEPT:
                _kept().pop(next(iter(_kept())))
        moves = _kept().get(key)
        if moves is not None:
            _shown(moves, lambda move: place_after(queue, row, move), top, scoring, lead)


@st.cache_data(max_entries=2_000, show_spinner=False)
def _values(dataset_id: str, field: str) -> Values:
    """A dataset never changes, so its id is the key."""
    return plausible_values(field_of(shared.workspace(), dataset_id, field))


def plausible_of(dataset_id: str, schema: Schema) -> Plausible:
    """What each number and category of the dataset may be."""
    return {name: _values(dataset_id, name) for name in (*schema.features.numeric, *schema.features.categorical)}


@st.cache_resource(show_spinner=False)
def _kept() -> dict[tuple[str, str, str, Choice], Moves]:
    """Of names that are hidden and of names that are shown apart, since the content is part of the key."""
    return {}


def _found(scoring: Scoring, lead: Leads, choice: Choice) -> Moves:
    ws = shared.workspace()
    whole = leads_of(ws, scoring.dataset_id, [str(lead.lead_id.iat[0])])  # reasons are kept by what was brought in
    reasons = read_explanation(ws, scoring.run_id, whole, "pairwise") or read_explanation(
        ws, scoring.run_id, whole, "pairwise", first=True
    )
    with model_of(scoring.run_id) as model, st.spinner("Trying changes, one by one …", show_time=True):
        read = as_read_by(lead, model.scorer.schema)
        return find_moves(model.rescorer(read), lead, plausible_of(scoring.dataset_id, read.schema), choice, reasons)


def _shown(moves: Moves, place: Callable[[float], int], top: int, scoring: Scoring, lead: Leads) -> None:
    together, now = set_to_show(moves, place, top), place(0.0)
    tries = partial(_try_it, boxes_key(scoring, lead), lead)
    with st.container(border=True):
        st.markdown(f"**{shared.literal(headline(moves, place, top))}**")
        if together is not None:
            for number, change in enumerate(together.changes, 1):
                st.markdown(f"{number}\\. {shared.literal(in_words(change))}")
            _figures(moves, together, place(together.score), now)
            st.button("Try it", key="would_move_together", icon=":material/edit:", on_click=tries, args=(together,))
        st.caption(f":material/info: {VIEW}")
    number = 0
    for title, (kinds, most) in SHOWN.items():
        best = [move for move in moves.best() if move.changes[0].kind in kinds][:most]
        if best:
            st.markdown(f"**{title}**")
        for move in best:
            with st.container(horizontal=True, vertical_alignment="center"):
                with st.container(gap="xxsmall"):
                    st.markdown(shared.literal(in_words(move.changes[0])))
                    _figures(moves, move, place(move.score), now)
                key = f"would_move_{number}"
                st.button("Try it", key=key, icon=":material/edit:", on_click=tries, args=(move,), width=110)
            number += 1
    with st.expander(f"All {len(moves.singles):,} changes that were tried", icon=":material/table_rows:"):
        percent = st.column_config.NumberColumn(format="percent")
        st.dataframe(
            table(moves, place), hide_index=True, column_config={"Chance now": percent, "Chance then": percent}
        )
        for note in notes(moves):
            st.caption(shared.literal(note))


def _figures(moves: Moves, move: Move, then: int, now: int) -> None:
    chance = f"chance {moves.probability:.1%} → {move.probability:.1%}"
    st.caption(shared.literal(f"Rank {now:,} → {then:,} · {chance}"))
    if doubt := doubts(move):
        st.caption(f":material/explore: Goes beyond what the model saw: {shared.literal(doubt[0].lower() + doubt[1:])}")


def _try_it(key: str, lead: Leads, move: Move) -> None:
    fill(key, lead, move.changes)
    st.session_state[f"{key}_asked"] = True
    st.toast("It is filled in below, with what the model says of it.", icon=":material/edit:")
