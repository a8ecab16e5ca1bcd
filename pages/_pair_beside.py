"""One pair of leads side by side: what is known of each, what the funnel says, and what a person can say of it."""

from __future__ import annotations

import html
from typing import Any

import pandas as pd
import streamlit as st

from core.charts.reasons import conversation
from core.data.leads import Leads
from core.data.prompts import shown_name, shown_value
from core.data.reviews import TIER, Review
from core.pair_review import TierView
from core.retelling import turns_of
from core.workspace.datasets import leads_of
from core.workspace.tables import Dataset
from pages import _shared as shared
from pages._correct_pair import Seen, correct_order, leave_out, relabel
from pages._unmask import open_text_switch

ORDERED = {1.0: "ordered", 0.0: "did not order"}


def beside(dataset: Dataset, run_id: str, pair: dict[str, Any], tier: TierView) -> None:
    """Draw the pair, A being the lead that the funnel puts first, and the buttons."""
    a, b = str(pair["chosen"]), str(pair["rejected"])
    leads = leads_of(shared.workspace(), dataset.id, [a, b])
    scores = float(pair["chosen_score"]), float(pair["rejected_score"])
    apart = scores[0] - scores[1]
    puts = "above" if apart > 0 else "below"
    st.markdown(
        shared.literal(
            f"{'People put' if tier.name == TIER else 'The funnel puts'} A above B"
            f"{'' if tier.name == TIER else f' ({tier.words})'}, by {tier.margin:g} or more. "
            f"The model puts A {puts} B by {abs(apart):.2f}."
        )
    )
    seen, back = Seen(run_id, scores), Seen(run_id, scores[::-1])
    with st.container(horizontal=True):
        if st.button("B should be above A", icon=":material/swap_vert:", key=f"swap_{a}_{b}"):
            correct_order(dataset, b, a, back)
        if st.button("Leave this pair out", icon=":material/link_off:", key=f"skip_{a}_{b}"):
            leave_out(dataset, Review("skip_pair", chosen=a, rejected=b), seen)
    for column, name, place in zip(st.columns(2), "AB", (0, 1), strict=True):
        with column, st.container(border=True, height="stretch"):
            _one(dataset, leads.take([place]), name, scores[place], seen)  # type: ignore[arg-type]
    st.html(_fields(leads))
    for column, name, place in zip(st.columns(2), "AB", (0, 1), strict=True):
        with column:
            lead = leads.take([place])  # type: ignore[arg-type]
            st.markdown(f"**What was said with {name}**")
            clear = open_text_switch(dataset, str(lead.lead_id.iat[0]))
            shown = conversation(turns_of(lead, masked=not clear))
            st.html(shown) if shown else st.caption("No conversation is known of this lead.")


def _one(dataset: Dataset, lead: Leads, name: str, score: float, seen: Seen) -> None:
    lead_id = str(lead.lead_id.iat[0])
    st.subheader(shared.literal(f"{name}: {lead_id}"), anchor=False)
    stages = lead.schema.funnel.stages
    stage, seconds = int(lead.stage[0]), lead.call_seconds[0]
    made = pd.Timestamp(lead.roles["snapshot_time"].to_numpy()[0])
    told = [
        f"reached {shown_name(stages[stage])}" if 0 <= stage < len(stages) else "stage not known",
        ORDERED.get(float(lead.converted[0]), "outcome not known"),
        f"calls of {seconds:,.0f} s" if seconds == seconds else "",
        f"data of {made:%d %b %Y}" if not pd.isna(made) else "",
        f"score {score:.2f}",
    ]
    st.caption(shared.literal(" · ".join(filter(None, told))))
    with st.container(horizontal=True):
        if st.button("The data are wrong", icon=":material/edit:", key=f"wrong_{lead_id}"):
            relabel(dataset, lead_id, Seen(seen.run_id))
        if st.button("Leave this lead out", icon=":material/person_off:", key=f"out_{lead_id}"):
            leave_out(dataset, Review("skip_lead", lead_id=lead_id), Seen(seen.run_id))


def _fields(leads: Leads) -> str:
    """Fields of both, those that differ first, as a table; text fields are with the conversation's kind: not shown."""
    features = leads.schema.features
    told = {
        name: [shown_value(value) or "not known" for value in leads.features[name].tolist()]
        for name in (*features.numeric, *features.categorical)
    }
    frame = pd.DataFrame([(shown_name(name), *values) for name, values in told.items()], columns=["Field", "A", "B"])
    frame = frame.iloc[(frame["A"] == frame["B"]).argsort(kind="stable")]
    rows = "".join(
        f"<tr>{''.join(f'<td{_weight(a != b)}>{html.escape(str(value))}</td>' for value in (name, a, b))}</tr>"
        for name, a, b in frame.itertuples(index=False)
    )
    head = "<tr><th style='width:40%'>Field</th><th>A</th><th>B</th></tr>"
    style = "width:100%;max-width:58rem;table-layout:fixed;text-align:left;overflow-wrap:anywhere;font-size:.9rem"
    return f'<table style="{style}">{head}{rows}</table>'


def _weight(differs: bool) -> str:
    return "" if differs else " style='opacity:.65'"
