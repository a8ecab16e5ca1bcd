"""Finding the segments: rules with counts, what stands in the way, the one main action and its progress."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.data.leads import Leads
from core.data.prompts import shown_name
from core.data.segment_rules import Condition, Rules, first_guess, rules_from_dict
from core.decisions.segments.telling import METHOD_WORDS, OBSERVED_WORDS
from core.errors import SchemaError
from core.jobs import records
from core.jobs.ledger import ACTIVE
from core.workspace.segmentations import Segmentation
from core.workspace.tables import Dataset, Job
from pages import _shared as shared
from pages._segment_data import constant_fields, leads_for
from pages._segment_editor import Editor
from pages._segment_rules import edit

FEW, PROVABLE = 100, 350
"""Leads of a segment with which it can hardly be learned, and known campaign customers with which all tests by hiding
go through: 10 in the smallest part, and 20 hidden of a fifth of the test part."""


def find(dataset: Dataset, newest: Segmentation | None) -> None:
    """The editor, filled in with the rules of `newest` or a first guess, and the way to have the segments found."""
    job = job_of(dataset)
    if job is not None and job.state != "done":
        shared.watch_job(job.id, "The segments are found.")
        if job.state in ACTIVE:
            return
    folder = str(shared.workspace().folder)
    leads = leads_for(folder, dataset.id)
    first = rules_from_dict(newest.card["rules"]) if newest else _guess(leads)
    rules = edit(Editor(leads, folder, dataset.id), first, Condition("converted", "is", 1))
    ready = rules is not None and _counts(leads, rules)
    if fixed := constant_fields(folder, dataset.id):
        told = ", ".join(shown_name(name) for name in fixed)
        st.caption(shared.literal(f"Not learned from, as they never vary: {told}."))
    how, hiding = _settings(dataset)
    if rules is None:
        st.info("Choose a column and a value for whom a campaign brought: clicks, or the source of the lead.")
    kind: Any = "secondary" if newest else "primary"
    if st.button("Find the segments", type=kind, icon=":material/groups:", key="segments_find", disabled=not ready):
        assert rules is not None  # the button is disabled without
        request = {"dataset_id": dataset.id, "rules": rules.to_dict(), "how": how, "hiding": hiding}
        by = shared.need("manager").email
        records.submit(shared.workspace(), "segments", request, by=by, label=f"Find the segments of {dataset.name}")
        st.rerun()
    st.caption("Some minutes, in the background: you can leave this page. What was found before stays.")


def job_of(dataset: Dataset) -> Job | None:
    """The newest such work on these leads."""
    found = records.jobs(shared.workspace(), kind="segments")
    return next((job for job in found if job.request.get("dataset_id") == dataset.id), None)


def _guess(leads: Leads) -> Rules | None:
    try:
        return first_guess(leads)
    except SchemaError as error:
        st.info(shared.literal(error), title="No first guess of the rules", icon=":material/rule:")
        return None


def _counts(leads: Leads, rules: Rules) -> bool:
    """Leads by what the rules say, and what stands in the way; whether the segments can be looked for."""
    labels, control = rules.labels(leads), rules.arm(leads) == 0
    counts = {name: int((labels == name).sum()) for name in OBSERVED_WORDS}
    with st.container(horizontal=True):
        for name, words in OBSERVED_WORDS.items():
            if counts[name] or name:
                st.metric(words, f"{counts[name]:,}", border=True, width=215)
        if rules.control:
            st.metric("Left out by chance", f"{int(control.sum()):,}", border=True, width=215)
    missing = [words for name, words in OBSERVED_WORDS.items() if name and not counts[name]]
    for words in missing:
        st.warning(f"The rules find nobody for “{words}”: change them.", icon=":material/rule:")
    small = [words for name, words in OBSERVED_WORDS.items() if name and 0 < counts[name] < FEW]
    for words in small:
        st.warning(f"Few leads for “{words}”: with fewer than about {FEW} it can hardly be learned.")
    if FEW <= counts["campaign"] < PROVABLE:
        st.info(f"With fewer than about {PROVABLE} known campaign customers the test by hiding may not be possible.")
    if rules.control and not 0 < control.sum() < len(leads):
        st.warning("All leads are in one group: without both, what the campaign changes cannot be proved.")
    if leads.roles["snapshot_time"].isna().all():
        st.info("These leads have no date: the order of the file stands for time, and months cannot be compared.")
    return not missing


def _settings(dataset: Dataset) -> tuple[dict[str, Any], dict[str, Any]]:
    """How labels are filled in, and how that is tested."""
    with st.expander("Settings", icon=":material/tune:"), st.container(horizontal=True, vertical_alignment="bottom"):
        precision = st.slider(
            "Of 100 labels filled in, right should be", 50, 95, 80, 5, key="segments_precision", width=300,
            help="More: fewer are filled in, and surer ones.", persist_state="session",
        )  # fmt: skip
        loss = st.selectbox(
            "How they are filled in", list(METHOD_WORDS), format_func=METHOD_WORDS.__getitem__, key="segments_loss",
            width=260, persist_state="session",
        )  # fmt: skip
        seeds = st.number_input(
            "Times it is tested", 1, 10, 5, key="segments_seeds", width=160, persist_state="session",
            help="Each time other labels are hidden; ranges come from the differences.",
        )  # fmt: skip
    return {"loss": loss, "precision": precision / 100}, {"seeds": int(seeds)}
