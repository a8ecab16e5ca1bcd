"""Step 4 of a trial: whether the new ranking sells more, as far as the frozen protocol lets it be seen."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.trial_results import daily_chart, groups_chart, looks_chart, methods_chart
from core.charts.trial_words import METHODS, STATES, between, uplift
from core.decisions.field_trial.protocol import Protocol
from core.decisions.field_trial.reading import TrialResult, read
from core.trial_report.files import html_report, pdf_report
from core.workspace import datasets, trials
from core.workspace.tables import Trial
from pages import _shared as shared
from pages._trial_watch import frozen, pick_outcomes


def read_step(trial: Trial) -> None:
    """The answer first, then how it was found; a report to hand on."""
    protocol = frozen(trial.id)
    chosen = pick_outcomes(trial)
    if chosen is None:
        return
    dataset, until = chosen
    result = _result(str(shared.workspace().folder), trial.id, trial.stopped is not None, dataset.id, until)
    unfair = [check for check in result.checks if check.state == "stop"]
    for check in unfair:
        st.error(shared.literal(f"{check.name}: {check.words}"), title=STATES["stop"], icon=":material/report:")
    st.info(shared.literal(result.verdict), icon=":material/flag:")
    if result.headline is not None:
        _figures(result)
        _charts(result, protocol)
    with st.container(horizontal=True):
        for kind, mime, make in (
            ("PDF", "application/pdf", lambda: pdf_report(result, protocol)),
            ("HTML", "text/html", lambda: html_report(result, protocol).encode()),
        ):
            shared.download(
                f"Report ({kind})",
                make,
                f"trial_{trial.sha256[:8]}.{kind.lower()}",
                mime,
                f"report of trial {trial.id} as {kind}",
                "manager",
                key=f"report_{kind}",
            )


@st.cache_data(max_entries=10, ttl=600, show_spinner="Counting orders, and drawing lots again …")
def _result(folder: str, trial_id: str, stopped: bool, dataset_id: str, until: pd.Timestamp) -> TrialResult:
    """A trial read on a dataset, which never changes; what its people were shown grows."""
    ws = shared.workspace()
    trial = trials.trial(ws, trial_id)
    leads = datasets.leads_of(ws, dataset_id)
    # Leads that changed hands since the trial was planned tell whether the halves kept apart.
    earlier = datasets.leads_of(ws, trial.dataset_id) if trial.dataset_id != dataset_id else None
    return read(
        frozen(trial_id),
        leads,
        until,
        earlier,
        stopped=pd.Timestamp(trial.stopped) if trial.stopped else None,
        shown=trials.shown_leads(ws, trial_id),
    )


def _figures(result: TrialResult) -> None:
    assert result.headline is not None
    one = result.headline
    with st.container(horizontal=True):
        st.metric(
            "More orders by the new ranking",
            uplift(one.uplift),
            border=True,
            help=f"{METHODS[one.method]}, as frozen; {between(one.low, one.high)}.",
        )
        assert result.extra_orders is not None
        value, low, high = result.extra_orders
        st.metric("Orders that it brought", f"{value:+,.0f}", border=True, help=f"Likely {low:+,.0f} to {high:+,.0f}.")
        st.metric("Orders per 100 leads, new", f"{100 * one.treatment:.2f}", border=True)
        st.metric("Orders per 100 leads, old", f"{100 * one.control:.2f}", border=True)


def _charts(result: TrialResult, protocol: Protocol) -> None:
    """One chart a question; parts of a team or of the time are drawn where two of them at least can be told."""
    drawn = {
        "daily": (daily_chart(result.days), result.days),
        "methods": (methods_chart(result.methods, protocol.headline), result.methods),
    }
    if result.sequence["uplift"].notna().sum() > 1:
        drawn["looks"] = (looks_chart(result.sequence), result.sequence)
    untold = []
    for name, groups in (("tiers", result.tiers), ("weeks", result.weeks)):
        if groups["uplift"].notna().sum() > 1:
            drawn[name] = (groups_chart(groups, result.headline.uplift if result.headline else None), groups)
        else:
            untold.append(name)
    columns = st.columns(2)
    for place, (name, (figure, data)) in enumerate(drawn.items()):
        with columns[place % 2]:
            shared.chart(figure, data, f"trial_{name}", style.spoken(figure))
    if untold:
        st.caption(f"Too few orders to tell {' or '.join(untold)} apart.")
