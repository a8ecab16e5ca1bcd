"""Compare many ways to rank a dataset's leads (`benchmark`)."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.benchmark.results import Results
from core.benchmark.wording import in_minutes
from core.config import load_config, with_settings
from core.data.leads import Leads
from core.data.leaks import future_columns
from core.data.problems import Problem
from core.data.splitting import split_by_time
from core.errors import LeadRankError, ValidationError
from core.jobs import folders
from core.jobs.task import Outcome, Stopped, Task
from core.progress import Event
from core.workspace.datasets import dataset, leads_of
from core.workspace.store import Workspace

FUTURE = "future_columns"
"""What a job remembers of columns that stopped it: {column: why it seems to tell the future}."""
SPENT = (
    "The budget of {minutes} is spent after {done} of {all} trainings. What is done is kept; start it again, "
    "and it goes on from where it was, with as many minutes more."
)
HELD_UP = (
    "{done} of {all} trainings are done, and {arms} held up: {reasons}. What is done is kept; start it again once that "
    "is mended, and it goes on from where it was."
)
LEAKS = (
    "{columns} must be known before a lead is called, however: {reasons}. Bring the leads in again without what comes "
    "later, or vouch for a column that you are sure of."
)


def benchmark_folder(ws: Workspace, job_id: str) -> Path:
    """Where a comparison keeps what it finds; for `core.benchmark.store`. It need not be there yet."""
    return folders.job_folder(ws, job_id) / "benchmark"


def compare(task: Task) -> Outcome:
    """`benchmark`: {dataset_id, arms, seeds, trials, capacity, known_stage, recency, allow: [column], preset,
    settings: {key: text}, minutes or None} -> {arms, trainings, left_out}: how many; the rest is in the job's folder.

    A second attempt goes on there; what is finished is not done again. A spent budget is an interruption, as is a
    language model that cannot be had.
    """
    from core.benchmark.running import Asked, run_benchmark

    asked = task.request
    assignments = [f"{key}={value}" for key, value in (asked.get("settings") or {}).items()]
    config = with_settings(load_config(None, asked.get("preset", "cpu-quick")), assignments)
    taken = ("seeds", "trials", "capacity", "known_stage", "recency")
    question = Asked(
        tuple(asked["arms"]), allowed=tuple(asked.get("allow", ())), **{n: asked[n] for n in taken if n in asked}
    )
    task.watch(Event("reading the leads"))
    leads = leads_of(task.ws, asked["dataset_id"])
    notes = tuple(str(Problem(**each)) for each in dataset(task.ws, asked["dataset_id"]).report.get("warnings", ()))
    out = benchmark_folder(task.ws, task.job.id)
    task.remember(FUTURE, {})
    try:
        minutes = asked.get("minutes")
        found = run_benchmark(leads, config, question, out, minutes=minutes, data_notes=notes, watch=task.watch)
    except ValidationError:
        _tell_future_columns(task, leads, question.allowed)
        raise
    if found.waiting:
        raise Stopped("interrupted", _why_waiting(found, asked.get("minutes")))
    shutil.rmtree(out / "work", ignore_errors=True)  # large, and of no use once all is done
    return Outcome({"arms": len(found.arms), "trainings": len(found.trials), "left_out": len(found.left_out)})


def future_columns_of(ws: Workspace, job_id: str) -> dict[str, str]:
    """Columns that stopped this comparison as they seem to tell the future, and why each does."""
    return dict(folders.read_memory(ws, job_id).get(FUTURE) or {})


def _why_waiting(found: Results, minutes: float | None) -> str:
    """What holds up the ways to rank that wait; the budget, where nothing else does."""
    counts = {"done": len(found.trials), "all": sum(len(seeds) for seeds in found.shared["seeds_of"].values())}
    if not found.held_up:
        return SPENT.format(minutes=in_minutes(minutes or 0), **counts)
    arms = "one way to rank is" if len(found.held_up) == 1 else f"{len(found.held_up)} ways to rank are"
    reasons = "; ".join(dict.fromkeys(reason.rstrip(".") for reason in found.held_up.values()))
    return HELD_UP.format(arms=arms, reasons=reasons, **counts)


def _tell_future_columns(task: Task, leads: Leads, allowed: tuple[str, ...]) -> None:
    """Remember columns that seem to tell the future, and say so in words for a page; without any, nothing."""
    told = future_columns(leads, split_by_time(leads).train)
    found = {column: why for column, why in told.items() if column not in allowed}
    if found:
        task.remember(FUTURE, found)
        columns = ("column " if len(found) == 1 else "columns ") + ", ".join(f"'{column}'" for column in found)
        reasons = "; ".join(f"of '{column}', {why}" for column, why in found.items())
        raise LeadRankError(LEAKS.format(columns=columns, reasons=reasons))
