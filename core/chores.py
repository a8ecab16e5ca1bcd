"""What the command line does with a workspace: a job's own process, scoring by the clock, the first start."""

from __future__ import annotations

from core.answers import Answer
from core.charts.style import counted
from core.errors import LeadRankError, RunError
from core.jobs import records
from core.jobs.ledger import ACTIVE
from core.jobs.rankings import unfit
from core.jobs.running import run_job
from core.jobs.shipped import bring_in_sample
from core.workspace.datasets import dataset as dataset_row
from core.workspace.datasets import datasets
from core.workspace.runs import run as run_row
from core.workspace.runs import run_in_use
from core.workspace.store import Workspace, open_workspace
from core.workspace.tables import Dataset

WHO = "schedule"
"""Who scored, in the audit trail."""


def job(job_id: str) -> Answer:
    """Do one queued job; the app starts this."""
    ws = open_workspace()
    began = run_job(ws, job_id)
    row = records.job(ws, job_id)
    text = f"{row.state}: {row.message}" if row.message else row.state
    if not began:
        text = f"not begun here, as it is {row.state}"
    document = {"id": row.id, "kind": row.kind, "state": row.state, "message": row.message, "result": row.result}
    return Answer(document, text, code=0 if not began or row.state == "done" else 2)


def rescore(dataset: str | None, run: str | None) -> Answer:
    """Score the open leads again with the model in use; 2 where some could not be scored."""
    ws = open_workspace()
    records.sweep(ws)
    model = run_row(ws, run) if run else run_in_use(ws)
    if model is None:
        raise RunError("no model is in use; choose one in the app under Models, or name one with --run")
    wanted = [dataset_row(ws, dataset)] if dataset else datasets(ws)
    if not wanted:
        raise LeadRankError("there is no dataset to score; bring one in with the app, or run `prepare` for the sample")
    told, code = [], 0
    for each in wanted:
        state, said = _rescored(ws, each, model.id, named=dataset is not None)
        code = code if state in ("done", "skipped") else 2
        told.append({"dataset": each.id, "name": each.name, "state": state, "said": said})
    lines = [f"{entry['name']}: {entry['said']}" for entry in told]
    return Answer({"run": model.id, "datasets": told}, "\n".join(lines), code)


def prepare() -> Answer:
    """Make the workspace ready: tables, the sample where nothing is there yet, jobs whose process is gone."""
    ws = open_workspace()
    brought = bring_in_sample(ws)
    lost = records.sweep(ws)
    lines = [f"brought in: {', '.join(brought)}"] if brought else []
    lines += [f"interrupted: {each.label}" for each in lost]
    document = {"brought_in": brought, "interrupted": [each.id for each in lost]}
    return Answer(document, "\n".join(lines) or "The workspace is ready.")


def _rescored(ws: Workspace, data: Dataset, run_id: str, named: bool) -> tuple[str, str]:
    """How one dataset fared: the job's state, or `skipped`, and words. `named`: asked for, so never skipped."""
    lacks = unfit(ws, data, run_id)
    reason = ""
    if not data.open_leads:
        reason = "no lead is open: every outcome is known"
    elif lacks:
        reason = f"the model reads columns that it does not have: {', '.join(lacks)}"
    if reason:
        return ("failed" if named else "skipped"), reason
    request = {"run_id": run_id, "dataset_id": data.id, "part": "open", "reason": "schedule"}
    done = records.run_here(ws, "score", request, by=WHO, label=f"Score {data.name}")
    if done.state == "done":
        result = done.result or {}
        leads, read = int(result.get("leads", 0)), int(result.get("read", 0))
        known = "" if read == leads else f", {read:,} of them read: the others did not change"
        return "done", f"{counted(leads, 'lead')} scored{known}"
    if done.state in ACTIVE:
        return "skipped", "it is being scored by another process"
    return done.state, done.message
