"""What moves scores over many leads (`talk`): reasons of a sample, kinds of talk, won and lost, month by month."""

from __future__ import annotations

from pathlib import Path

from core import scoring as door
from core.jobs.rankings import as_read_by
from core.jobs.task import Outcome, Task
from core.talk.findings import Findings, read_findings, write_findings
from core.workspace.datasets import leads_of
from core.workspace.explanations import talk_folder
from core.workspace.runs import run, run_folder
from core.workspace.store import Workspace


def look_at_many(task: Task) -> Outcome:
    """`talk`: {run_id, dataset_id, sample} -> {sampled}; what was found: `findings`.

    A second attempt, or a larger sample, goes on with the reasons that are there.
    """
    from core.talk.looking import look  # scikit-learn: not before it is needed

    ws, asked = task.ws, task.request
    run_id = run(ws, asked["run_id"]).id
    leads = leads_of(ws, asked["dataset_id"])
    task.tell("load the model")
    scorer = door.load_scorer(run_folder(ws, run_id), tell=task.tell)
    folder = talk_folder(ws, run_id, asked["dataset_id"])
    read = as_read_by(leads, scorer.schema)
    mark = door.reasons_mark(scorer, run_folder(ws, run_id))
    kept = folder / f"reasons-{mark[:16]}"  # a newer version, with another way to give reasons, starts anew
    found = look(scorer, leads, kept, asked["sample"], model=mark, read=read, watch=task.watch)
    write_findings(found, findings_file(ws, run_id, asked["dataset_id"]))
    return Outcome({"sampled": found.facts["sampled"]})


def findings(ws: Workspace, run_id: str, dataset_id: str) -> Findings | None:
    """What was found last for a model and its leads; None where nobody has looked yet. Raises as `read_findings`."""
    return read_findings(findings_file(ws, run_id, dataset_id))


def findings_file(ws: Workspace, run_id: str, dataset_id: str) -> Path:
    """Where they lie; it need not be there."""
    return talk_folder(ws, run_id, dataset_id) / "findings.zip"
