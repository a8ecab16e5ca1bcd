"""Why one lead of a dataset stands above another (`compare`): found by a job, kept by model and by what both say."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace

from core import scoring as door
from core.answers import as_json
from core.comparing import from_dict, to_dict
from core.data.leads import Leads
from core.errors import LeadRankError
from core.jobs.rankings import as_read_by
from core.jobs.task import Outcome, Task
from core.pair_proofs import prove_pair
from core.pair_reasons import PairReasons
from core.workspace.datasets import leads_of
from core.workspace.explanations import explanation_path, kept_document
from core.workspace.runs import run, run_folder
from core.workspace.store import Workspace

TAUGHT = "teaching.safetensors"
"""In a run's folder where it is known which tier taught its ranking head what."""


def compare(task: Task) -> Outcome:
    """`compare`: {run_id, dataset_id, lead_a, lead_b} -> {key}, of `explanation_path`; where the same is kept
    the other way round, it stays there."""
    ws, asked = task.ws, task.request
    run_id, a, b = run(ws, asked["run_id"]).id, asked["lead_a"], asked["lead_b"]
    if a == b:
        raise LeadRankError(f"a lead is compared with another one, however: '{a}' was given twice; choose two")
    both = [leads_of(ws, asked["dataset_id"], [each]) for each in (a, b)]
    key = comparison_key(*both)
    path = explanation_path(ws, run_id, key)
    if read_comparison(ws, run_id, *both) is None:
        task.tell("load the model")
        scorer = door.load_scorer(run_folder(ws, run_id), tell=task.tell)
        read = as_read_by(leads_of(ws, asked["dataset_id"], [a, b]), scorer.schema)
        found = door.explain_pair(scorer, read, a, b, watch=task.watch)
        task.tell("check each reason")
        one, other = (door.rescorer(scorer, as_read_by(each, scorer.schema)) for each in both)
        found = prove_pair(one, other, found)
        partial = path.with_name(f"{task.job.id}.part")
        task.half_made(partial)
        partial.write_text(json.dumps(as_json(to_dict(found)), ensure_ascii=False), "utf-8")
        os.replace(partial, path)
        task.whole()
    return Outcome({"key": key})


def comparison_key(a: Leads, b: Leads) -> str:
    """What a comparison is kept under: sha256 of all that is known of both leads, and of which is which.

    Args:
        a, b: one lead each.
    """
    return hashlib.sha256(f"compare\0{a.content_hash}\0{b.content_hash}".encode()).hexdigest()


def read_comparison(ws: Workspace, run_id: str, a: Leads, b: Leads) -> PairReasons | None:
    """What `compare` found of the one lead in `a` beside that in `b`, or of `b` beside `a`; None where neither has been
    asked yet, or the model has learned since which tiers teach an order.

    Raises:
        LeadRankError: the file is damaged.
    """
    document, back = (
        kept_document(explanation_path(ws, run_id, comparison_key(*pair)), "compare") for pair in ((a, b), (b, a))
    )
    if document is None and back is None:
        return None
    found = from_dict(document) if document is not None else from_dict(back or {}).turned()
    if not found.tiers and (run_folder(ws, run_id) / TAUGHT).is_file():
        return None
    # The same content may have been compared under other ids.
    one, other = (str(each.lead_id.iat[0]) for each in (a, b))
    return replace(found, a=replace(found.a, lead_id=one), b=replace(found.b, lead_id=other))
