"""What matters: which fields and which kinds of talk move scores, over many leads at once."""

from __future__ import annotations

import streamlit as st

from core.jobs.talks import findings
from core.talk.sentences import headline
from pages import _shared as shared
from pages._scored import ranked
from pages._talk_ask import ask, ask_again
from pages._talk_fields import fields_section
from pages._talk_kinds import kinds_section
from pages._talk_outcomes import months_section, outcomes_section

FEW = 100
"""Leads looked at below which the page warns."""
FIELDS, TALK, WON, MONTHS = "Fields", "What is said", "Won and lost", "Month by month"

shared.need("manager")
st.title("What matters", anchor=False)
st.text("What moves the scores of your leads: what is known of them, and what is said.")

with shared.guard():
    dataset, scoring = ranked(
        st.container(),
        "talk_dataset",
        "Bring in a file of leads, and this page tells what moves their scores.",
        "Once they are scored, this page tells what moves their scores.",
    )
    found = findings(shared.workspace(), scoring.run_id, dataset.id)
    if found is None:
        ask(dataset, scoring)
        st.stop()
    facts = found.facts
    with st.container(border=True):
        for sentence in headline(found):
            st.markdown(f"- {shared.literal(sentence)}")
        st.caption(
            f"From the reasons of {facts['sampled']:,} leads, chosen from {facts['leads']:,} so that the rare best "
            "ones are among them. Points are those of the part of the model that compares leads: between leads, scores "
            f"differ by {facts['spread']:.1f} points (standard deviation). Reasons are worked out quickly: those of a "
            f"lead add up to its score within {facts['miss']:.1f} points on average. It is the model's view, what it "
            "goes by; not what causes an order."
        )
    if facts["sampled"] < FEW:
        st.warning(
            f"Only {facts['sampled']:,} leads were looked at: ranges are wide, and much cannot be told. Have {FEW} or "
            "more looked at, below.",
            icon=":material/groups:",
        )
    section = st.segmented_control(
        "What to look at",
        [FIELDS, TALK, WON, MONTHS],
        default=FIELDS,
        required=True,
        key="talk_section",
        label_visibility="collapsed",
    )
    if section == FIELDS:
        fields_section(found)
    elif section == TALK:
        kinds_section(found)
    elif section == WON:
        outcomes_section(found)
    else:
        months_section(found)
    ask_again(dataset, scoring, facts)
