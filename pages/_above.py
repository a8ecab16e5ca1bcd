"""Why this lead stands above another one of the queue: worked out by a job, told in two sentences and in bars."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from core.attribution import in_clear, quoted
from core.charts.reasons import bars, conversation, legend
from core.comparing import consequence, notes, sentences, shown, taught
from core.data.leads import Leads
from core.jobs import records
from core.jobs.comparisons import read_comparison
from core.jobs.ledger import ACTIVE
from core.pair_reasons import Compared, PairReasons
from core.queue.store import Queue
from core.retelling import turns_of, without_names
from core.scores import Contribution
from core.workspace.datasets import leads_of
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared
from pages._correct_pair import order_button
from pages._how_long import how_long
from pages._second_lead import lead_card, look_at, second_lead
from pages._unmask import open_text_switch

TAB = "Beside another lead"
SHOWN = 10
"""Bars: the strongest contributions."""


def above(dataset: Dataset, scoring: Scoring, queue: Queue, row: dict[str, Any], lead: Leads) -> None:
    """The choice of a second lead beside the one in `lead`, both heads, and the comparison or the way to it."""
    st.write("See why this lead stands above another one, or below: what each has that the other has not.")
    other = second_lead(queue, row)
    if other is None:
        st.caption("There is no other lead in this ranking.")
        return
    beside = leads_of(shared.workspace(), dataset.id, [other["lead_id"]])
    open_text = []
    for column, each in zip(st.columns(2), (row, other), strict=True):
        with column, st.container(border=True, height="stretch"):
            lead_card(each, queue)
            if each is other:
                ids = (str(other["lead_id"]), str(row["lead_id"]))
                st.button("Open this lead", icon=":material/open_in_new:", on_click=look_at, args=ids)
            open_text.append(open_text_switch(dataset, str(each["lead_id"])))
    upper, lower = sorted((row, other), key=lambda each: int(each["rank"]))
    order_button(dataset, str(upper["lead_id"]), str(lower["lead_id"]))
    found = read_comparison(shared.workspace(), scoring.run_id, lead, beside)
    if found is None:
        _ask_for_it(dataset, scoring, str(row["lead_id"]), str(other["lead_id"]))
        _conversations((lead, beside), open_text)
        return
    a, b = (
        in_clear(own, each) if clear else without_names(own, each)
        for own, each, clear in zip((found.a, found.b), (lead, beside), open_text, strict=True)
    )
    _shown(replace(found, a=a, b=b), (lead, beside), open_text)


def _shown(found: PairReasons, leads: tuple[Leads, Leads], open_text: list[bool]) -> None:
    told, a, b = sentences(found), found.a.lead_id, found.b.lead_id
    figure, words = st.columns([1, 3], vertical_alignment="center")
    figure.metric(
        shared.literal(f"{a} before {b}"),
        f"{found.probability:.0%}",
        help="The chance that the first one is the better lead, as the model rates it: by the rule of Bradley and "
        "Terry, which it was trained by, from how far apart their scores are. 50% is a draw. It was not checked "
        "against outcomes.",
    )
    words.markdown("\n\n".join(shared.literal(line) for line in told))
    st.caption(shared.literal(taught(found)))
    for note in notes(found):
        st.info(shared.literal(note), icon=":material/info:")
    parts = shown(found, SHOWN)
    scale = max((abs(c.value) for c in parts), default=0.0)
    st.subheader("What parts them", anchor=False)
    st.html(bars([_bar(c) for c in parts], scale) or "Nothing: the model sees the two as equal.")
    st.caption(
        shared.literal(
            f"The strongest parts, in points of the part of the model that compares leads: to the right for this "
            f"lead, {a}, to the left for the other one, {b}. Those shown add up to "
            f"{sum(c.value for c in parts):+.2f}, all parts to {found.difference:+.2f}."
        )
    )
    _proofs(found, parts)
    _conversations(leads, open_text, found, scale)


def _proofs(found: PairReasons, parts: list[Compared]) -> None:
    """What was checked by leaving it out; the other bars are estimates."""
    told = [(c, said) for c in parts if (said := consequence(found, c))]
    for c, said in told:
        bar = _bar(c)
        st.caption(f":material/science: {shared.literal(f'{bar.name}, {bar.text}: {said}.')}")
    if told:
        st.caption("This was checked: the part is left out and both leads are scored again. The others are estimates.")


def _bar(c: Compared) -> Contribution:
    if c.kind == "turn":
        whose = "this lead" if c.lead == "a" else "the other lead"
        return Contribution("field", f"{c.speaker or 'Somebody'} of {whose}", f"“{quoted(c.text)}”", c.value)
    if c.kind == "shape":
        return Contribution("field", "the rest", c.name, c.value)
    return Contribution("field", c.name, c.text, c.value)


def _conversations(
    leads: tuple[Leads, Leads], open_text: list[bool], found: PairReasons | None = None, scale: float = 0.0
) -> None:
    """What was said, side by side; with a comparison, coloured by what speaks for each one's own lead."""
    st.subheader("What was said", anchor=False)
    if found is not None and scale > 0:
        st.html(legend(scale))
        st.caption("Each conversation is coloured by what speaks for or against its own lead.")
    told = (found.a, found.b) if found else (None, None)
    for column, lead, own, clear in zip(st.columns(2), leads, told, open_text, strict=True):
        with column:
            st.markdown(f"**{shared.literal(str(lead.lead_id.iat[0]))}**")
            shown = conversation(turns_of(lead, masked=not clear), own, scale)
            st.html(shown) if shown else st.caption("No conversation is known of this lead.")


def _ask_for_it(dataset: Dataset, scoring: Scoring, a: str, b: str) -> None:
    ws = shared.workspace()
    request = {"run_id": scoring.run_id, "dataset_id": dataset.id, "lead_a": a, "lead_b": b}
    job = next((job for job in records.jobs(ws, kind="compare") if job.request == request), None)
    if job is not None and job.state != "done":
        shared.watch_job(job.id, "The comparison is there.", role="viewer")
        if job.state in ACTIVE:
            return
    if st.button("Compare the two leads", type="primary", icon=":material/balance:"):
        with shared.guard():
            by = shared.need("viewer").email
            records.submit(ws, "compare", request, by=by, label="Compare two leads")
            st.query_params["beside"] = b
            st.rerun()
    st.caption(f"{how_long('compare', 'The last comparisons')}The answer is kept: the next look is at once.")
