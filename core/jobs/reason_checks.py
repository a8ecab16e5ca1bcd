"""Whether a model's reasons are its own (`faithfulness`): measured on test leads, told by the model's card."""

from __future__ import annotations

import hashlib

from core import scoring as door
from core import trust
from core.jobs.rankings import as_read_by
from core.jobs.task import Outcome, Task
from core.workspace.audit import note_event
from core.workspace.datasets import leads_of
from core.workspace.runs import run, run_folder


def check_reasons(task: Task) -> Outcome:
    """`faithfulness`: {run_id, dataset_id, sample} -> {passed, verdict, card_left_as_it_was}; the figures are in
    the run's folder then, unless the last of these says why not."""
    ws, asked = task.ws, task.request
    run_id = run(ws, asked["run_id"]).id
    folder = run_folder(ws, run_id)
    leads = leads_of(ws, asked["dataset_id"])
    task.tell("load the model")
    scorer = door.load_scorer(folder, tell=task.tell)
    read = as_read_by(leads, scorer.schema)
    found = door.check_reasons(scorer, folder, read, sample=asked["sample"], watch=task.watch)
    told = {"passed": found.passed, "verdict": trust.verdict(found), "card_left_as_it_was": trust.too_little(found)}
    if not told["card_left_as_it_was"]:
        digest = hashlib.sha256((folder / trust.FILE).read_bytes()).hexdigest()
        note_event(ws, task.by, "reasons checked", run_id, {"passed": found.passed, "sha256": digest})
    return Outcome(told)
