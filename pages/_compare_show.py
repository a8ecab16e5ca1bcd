"""One comparison: how far it is, the table so far while it runs, and at the end the answer and what it rests on."""

from __future__ import annotations

import streamlit as st

from core.benchmark.forecast import seconds_left
from core.benchmark.results import Results
from core.benchmark.store import finished, read_results
from core.benchmark.table import RESAMPLES, Table, build_table
from core.charts.style import counted
from core.errors import LeadRankError, NotComputable, RunError
from core.jobs import records
from core.jobs.benchmarks import benchmark_folder, future_columns_of
from core.jobs.ledger import ACTIVE
from core.workspace.tables import Job
from pages import _shared as shared
from pages._compare_answer import show_answer
from pages._compare_tables import so_far

EVERY = 4.0
"""Seconds between two looks at the table so far."""
QUICK = 100
"""Resamples while it runs, when no range is shown yet; the last table has them all."""
STATES = {
    "queued": "waits to start",
    "running": "is running",
    "done": "finished",
    "failed": "failed",
    "cancelled": "stopped",
    "interrupted": "interrupted",
}


@st.cache_resource(max_entries=6, show_spinner=False)
def compared(job_id: str, kept: tuple[int, ...], resamples: int) -> Table:
    """The table of a comparison of which so much is kept, by `finished`; as long as that is the same, so is the table,
    and everybody who watches shares it."""
    return build_table(read_results(benchmark_folder(shared.workspace(), job_id)), resamples=resamples)


def show_comparison(job_id: str) -> None:
    """The job with this id."""
    ws = shared.workspace()
    job = records.job(ws, job_id)
    if job.kind != "benchmark":
        raise LeadRankError("the address of this page names other work; choose a comparison under All comparisons")
    st.caption(
        shared.literal(
            f"{job.label}, started {job.created:%d %b %Y at %H:%M} UTC by {job.by}. You can leave this page and come "
            "back."
        )
    )
    job = shared.watch_job(job_id, "The comparison is finished.", role="analyst")
    if job.state == "failed":
        _vouch(job)
    if job.state in ACTIVE:
        st.fragment(_live, run_every=EVERY, key=f"live_{job_id}")(job_id)
        return
    kept = finished(benchmark_folder(ws, job_id))
    if kept[0]:
        with st.spinner("Working out tables and ranges"):
            table = compared(job_id, kept, RESAMPLES)
        show_answer(table, job_id, kept)


def _live(job_id: str) -> None:
    with shared.guard():
        kept = finished(benchmark_folder(shared.workspace(), job_id))
        try:
            table = compared(job_id, kept, QUICK)
        except (RunError, NotComputable):
            st.caption("The table appears here with the first results.")
            return
        st.text(_how_far(table.results))
        st.caption("What is done so far, on the tested leads.")
        so_far(table)


def _how_far(found: Results) -> str:
    planned = sum(len(seeds) for key, seeds in found.shared["seeds_of"].items() if key not in found.left_out)
    left = seconds_left(found)
    when = f"; about {shared.duration(left)} left in all" if left else ""
    return f"{len(found.trials):,} of {counted(planned, 'training')} done{when}."


def _vouch(job: Job) -> None:
    """After a refusal: the columns that seem to tell the future, to vouch for or to leave out."""
    found = future_columns_of(shared.workspace(), job.id)
    if not found:
        return
    st.text("What to do: a column that is known only afterwards makes every figure too good to be true.")
    sure = st.multiselect(
        "I am sure that these are known before the call", list(found), key=f"sure_{job.id}", placeholder="None"
    )
    with st.container(horizontal=True):
        if st.button("Compare with them", icon=":material/play_arrow:", disabled=set(sure) != set(found)):
            request = {**job.request, "allow": sorted({*job.request.get("allow", ()), *sure})}
            by = shared.need("analyst").email
            st.query_params["job"] = records.submit(shared.workspace(), "benchmark", request, by=by, label=job.label).id
            st.rerun()
        if st.button("Bring the leads in without them", icon=":material/upload_file:"):
            st.switch_page("pages/leads.py")


def list_comparisons(dataset_id: str) -> None:
    """Running and past comparisons of a dataset, newest first."""
    ws = shared.workspace()
    records.sweep(ws)  # one that was killed must not be said to run
    every = records.jobs(ws, kind="benchmark", limit=200)
    found = {job.id: job for job in every if job.request.get("dataset_id") == dataset_id}
    if not found:
        return
    st.subheader("Comparisons of these leads", anchor=False)
    names = shared.told_apart({id: _named(job) for id, job in found.items()})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Begun", list(names), format_func=names.__getitem__, width=480, key=f"past_{dataset_id}")
        if st.button("Open this one", icon=":material/arrow_forward:"):
            st.query_params["job"] = chosen
            st.rerun()


def _named(job: Job) -> str:
    done = f", {job.result['arms']} ways to rank" if job.result else ""
    return f"{job.created:%d %b %Y %H:%M} UTC by {job.by}: {STATES[job.state]}{done}"
