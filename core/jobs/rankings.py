"""A dataset's leads ranked by a model (`score`), and one lead's reasons (`explain`)."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import numpy as np

from core import scoring as door
from core.attribution import from_dict, to_dict
from core.bulk.whole import score_at_hand
from core.data.leads import Leads
from core.data.schema import Features, Schema, schema_from_dict
from core.data.splitting import as_open, open_rows, split_by_time
from core.decisions.segments.telling import segment_words
from core.errors import LeadRankError, ValidationError
from core.jobs.folders import job_folder
from core.jobs.task import Outcome, Task
from core.jobs.turns import WAITING
from core.proofs import prove
from core.queue.build import build_queue
from core.queue.sources import RankedFile
from core.scores import Attribution
from core.workspace.datasets import dataset, leads_of, shown_of
from core.workspace.explanations import explanation_path, kept_document
from core.workspace.runs import run, run_folder, scores_folder
from core.workspace.scorings import add_scoring, new_scoring_path, scoring_in_use, scoring_path
from core.workspace.segmentations import segmentations
from core.workspace.store import Workspace
from core.workspace.tables import Dataset, Scoring


@dataclass(frozen=True)
class Chosen:
    """Which leads are ranked."""

    part: str
    """`open`, `test` or `all`."""
    rows: np.ndarray
    """Positions among the dataset's leads, ascending."""
    note: str = ""
    """Why it is another part than was asked for; "" where it is not."""


def score(task: Task) -> Outcome:
    """`score`: {run_id, dataset_id, part, reason, use} -> {scoring_id, part, leads, read}.

    `use`: for everybody's queue. A second attempt, and the next scoring by the same model, find what it has said of
    leads that did not change; the others, `read` in number, are read.
    """
    ws, asked = task.ws, task.request
    run(ws, asked["run_id"])
    leads = task.leads(asked["dataset_id"])
    chosen = choose_rows(leads, asked.get("part", "open"))
    reason, use = asked.get("reason", "manual"), asked.get("use", True)
    made, read = score_rows(task, leads, chosen, asked["run_id"], asked["dataset_id"], reason, use=use)
    return Outcome({"scoring_id": made.id, "part": made.part, "leads": made.leads, "read": read}, chosen.note)


def choose_rows(leads: Leads, part: str) -> Chosen:
    """The rows of a part; where no lead is open, those of the test part, and where there is none either, all.

    Raises:
        LeadRankError: there is no such part, or the test part was asked for and there is none.
    """
    if part == "all":
        return Chosen("all", np.arange(len(leads)))
    if part == "open":
        rows = open_rows(leads)
        if len(rows):
            return Chosen("open", rows)
    elif part != "test":
        raise LeadRankError(f"the part to score must be open, test or all, however: got={part!r}")
    nothing_open = "No lead of this dataset is open: every outcome is known. "
    try:
        tested = split_by_time(leads).test
    except ValidationError:
        if part == "test":
            raise
        tested = np.array([], dtype=np.int64)
    if len(tested):
        said = nothing_open + "The leads of the test part were scored instead." if part == "open" else ""
        return Chosen("test", tested, said)
    if part == "test":
        raise LeadRankError("this dataset has no test part: its schema gives all leads to training; score all of them")
    return Chosen("all", np.arange(len(leads)), nothing_open + "All leads were scored instead.")


def score_rows(
    task: Task, leads: Leads, chosen: Chosen, run_id: str, dataset_id: str, reason: str, *, use: bool = True
) -> tuple[Scoring, int]:
    """Rank the chosen leads with a run and keep the ranking as one more scoring of the dataset.

    Returns it, and how many leads the model read now: what it said of the others was kept.
    """
    ws, folder = task.ws, run_folder(task.ws, run_id)
    task.tell("load the model")
    read = as_read_by(leads, door.run_schema(folder))
    ranked = job_folder(ws, task.job.id) / "ranked.parquet"
    ranked.parent.mkdir(parents=True, exist_ok=True)
    task.half_made(ranked)
    done = score_at_hand(
        folder,
        read,
        chosen.rows,
        ranked,
        work=scores_folder(ws, run_id),
        key=hashlib.sha256(dataset(ws, dataset_id).sha256.encode() + chosen.rows.tobytes()).hexdigest(),
        waiting=lambda: task.tell(WAITING),
        watch=task.watch,
    )
    fields = leads.without_words().take(chosen.rows)
    return _keep_ranked(task, ranked, fields, chosen.part, run_id, dataset_id, reason, use), done.scored


def _keep_ranked(
    task: Task, ranked: Path, leads: Leads, part: str, run_id: str, dataset_id: str, reason: str, use: bool
) -> Scoring:
    """Write the queue of these leads, which needs none of their words, and its row."""
    ws = task.ws
    if part == "open":
        leads = as_open(leads)
    task.tell("write the queue")
    scoring_id, path = new_scoring_path(ws)
    task.half_made(path)
    shown = shown_of(ws, dataset_id, leads.lead_id.tolist()) if dataset(ws, dataset_id).shown else None
    before = scoring_in_use(ws, dataset_id)
    previous = scoring_path(ws, before.id) if before else None
    found = segmentations(ws, dataset_id)
    build_queue(
        path,
        RankedFile(ranked),
        leads,
        shown=shown,
        previous=previous if previous and previous.is_file() else None,
        segment=segment_words(found[0].assigned()) if found else None,
    )
    ranked.unlink()
    task.whole()  # before its row: a file without a row does no harm, a row without its file would
    return add_scoring(
        ws,
        scoring_id,
        run_id=run_id,
        dataset_id=dataset_id,
        part=part,
        reason=reason,
        by=task.by,
        leads=len(leads),
        use=use,
    )


def as_read_by(leads: Leads, schema: Schema) -> Leads:
    """The leads with the columns, and the schema, of the model that is to read them.

    Raises:
        LeadRankError: they lack columns that the model reads, or hold them as another kind.
    """
    wrong = lacking(leads.schema.features, schema.features)
    if wrong:
        raise LeadRankError(
            f"this model reads columns that the dataset does not have, or has as another kind: {', '.join(wrong)}; "
            "choose a model that was trained on such data, or bring the file in again with these columns"
        )
    return Leads(leads.roles, leads.features[list(schema.features.columns())], schema)


def lacking(own: Features, wanted: Features) -> list[str]:
    """The wanted columns that are not there as the same kind, each with its kind.

    Example:
        >>> lacking(Features(numeric=("age",)), Features(numeric=("age", "income")))
        ["'income' (numeric)"]
    """
    kinds = ("numeric", "categorical", "text")
    return [f"'{name}' ({kind})" for kind in kinds for name in getattr(wanted, kind) if name not in getattr(own, kind)]


def unfit(ws: Workspace, data: Dataset, run_id: str) -> list[str]:
    """Columns that the run reads and the dataset lacks, each with its kind; [] where the run can rank these leads."""
    reads = schema_from_dict(json.loads((run_folder(ws, run_id) / "schema.json").read_text("utf-8"))).features
    return lacking(schema_from_dict(data.schema).features, reads)


def explain(task: Task) -> Outcome:
    """`explain`: {run_id, dataset_id, lead_id, head} -> {key}; the reasons lie at `explanation_path`."""
    ws, asked = task.ws, task.request
    run_id, head = run(ws, asked["run_id"]).id, asked["head"]
    leads = leads_of(ws, asked["dataset_id"], [asked["lead_id"]])
    key = explanation_key(leads, head)
    path = explanation_path(ws, run_id, key)
    if not path.is_file():
        task.tell("load the model")
        scorer = door.load_scorer(run_folder(ws, run_id), tell=task.tell)
        read = as_read_by(leads, scorer.schema)
        attribution = door.explain(scorer, read, asked["lead_id"], head=head, watch=task.watch)
        attribution = prove(door.rescorer(scorer, read), attribution)
        partial = path.with_name(f"{task.job.id}.part")
        task.half_made(partial)
        _write(attribution, partial)
        os.replace(partial, path)
        task.whole()
    return Outcome({"key": key})


def explanation_key(lead: Leads, head: str, *, first: bool = False) -> str:
    """What one lead's reasons are kept under: sha256 of the head and of all that is known of it. `lead`: it alone.

    `first`: of the first reasons, which are kept beside those that `explain` works out.
    """
    kind = f"first {head}" if first else head
    return hashlib.sha256(f"{kind}\0{lead.content_hash}".encode()).hexdigest()


def read_explanation(ws: Workspace, run_id: str, lead: Leads, head: str, *, first: bool = False) -> Attribution | None:
    """What was found of the one lead in `lead`; None where it has not been asked yet. `first`: its first reasons.

    Raises:
        LeadRankError: the file is damaged.
    """
    path = explanation_path(ws, run_id, explanation_key(lead, head, first=first))
    document = kept_document(path, "explain")
    if document is None:
        return None
    # The same content may have been explained under another id.
    return replace(from_dict(document), lead_id=str(lead.lead_id.iat[0]))


def keep_explanation(ws: Workspace, run_id: str, lead: Leads, found: Attribution, *, first: bool = False) -> None:
    """Keep what was found of the one lead in `lead`, in place of what was kept before; see `read_explanation`."""
    path = explanation_path(ws, run_id, explanation_key(lead, found.head, first=first))
    partial = path.with_name(f"{uuid4().hex}.part")  # two sessions may find the same at once
    _write(found, partial)
    os.replace(partial, path)


def _write(attribution: Attribution, path: Path) -> None:
    path.write_text(json.dumps(to_dict(attribution), ensure_ascii=False, default=_plain), "utf-8")


def _plain(value: object) -> object:
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no JSON value")
