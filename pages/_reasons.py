"""Reasons for and against a lead side by side, each with its proof and how sure it is."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.attribution import notes
from core.proofs import SURE, Places, consequence, proof_of, sureness
from core.queue.store import Queue
from core.retelling import Reason, reasons_apart
from core.scores import Attribution
from pages import _shared as shared

CHECKING = ":gray-badge[:material/hourglass_top: Being checked] Estimates: some may not hold."
UNCHECKED = ":gray-badge[:material/rule: Not checked] Estimates: some may not hold."
TITLES = ("Speaks for this lead", "Speaks against it")
PROVED_TITLES = ("Without this the model rates it lower", "Without this the model rates it higher")
ICONS = {"sure": "verified", "fairly sure": "check", "unsure": "question_mark"}


def reasons_with_proofs(
    told: Attribution,
    queue: Queue,
    row: dict[str, Any],
    *,
    ranks: bool = True,
    checking: bool = False,
    own: bool = True,
) -> None:
    """Both sides, and what has to be known to read them.

    Args:
        row: the lead in the queue.
        ranks: whether what is explained orders the queue, so that proofs are told in ranks.
        checking: proofs will come.
        own: whether estimates count; of a model whose reasons failed their check nothing is shown before it is proved.
    """
    if told.unchanged is None:
        st.markdown(CHECKING if checking else UNCHECKED)
        if not own:
            return
    speaking, against = reasons_apart(told)
    titles = TITLES if own else PROVED_TITLES
    for column, title, reasons in zip(st.columns(2), titles, (speaking, against), strict=True):
        with column, st.container(border=True, height="stretch"):
            st.subheader(title, anchor=False)
            for number, reason in enumerate(reasons, 1):
                _reason(number, reason, told, _places(told, reason, queue, row) if ranks else None)
            if not reasons:
                st.write("Nothing that could be proved." if told.unchanged else "Nothing.")
    for note in notes(told):
        st.caption(f":material/straighten: {shared.literal(note)}")


def _reason(number: int, reason: Reason, told: Attribution, places: Places | None) -> None:
    sure = sureness(told, reason.unit)
    mark = f" :gray-badge[:material/{ICONS[sure]}: {sure.capitalize()}]" if sure else ""
    with st.container(gap="xxsmall"):
        st.markdown(f"{number}\\. {shared.literal(reason.words)}{mark}", help=SURE.get(sure))
        proof = consequence(told, reason.unit, places)
        if proof:
            st.caption(f":material/science: {shared.literal(proof)}")


def _places(told: Attribution, reason: Reason, queue: Queue, row: dict[str, Any]) -> Places | None:
    proof, now = proof_of(told, reason.unit), told.unchanged
    if proof is None or now is None:
        return None
    return Places(int(row["rank"]), place_after(queue, row, proof.score - now.score))


def place_after(queue: Queue, row: dict[str, Any], move: float) -> int:
    """The rank of the lead of `row` once its score moves so far: among all others, of which it is none."""
    if move == 0:
        return int(row["rank"])
    # Where it falls, it leaves the place above that it has now.
    return queue.rank_of(float(row["score"]) + move) - int(move < 0)
