"""The first start: the sample leads, the model that was trained on them and its scores, where nothing is there yet."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from core.data.reading import Source
from core.data.schema import load_schema
from core.data.splitting import as_open
from core.data.validation import examine_file
from core.errors import LeadRankError
from core.jobs.arrivals import copy_whole, shipped_model
from core.queue.build import build_queue
from core.scores import Scores
from core.workspace.datasets import add_dataset, datasets, leads_of
from core.workspace.runs import add_run, run_in_use, runs, use_run
from core.workspace.scorings import add_scoring, new_scoring_path, scorings
from core.workspace.store import Workspace
from core.workspace.tables import Dataset, Run

NAME = "Sample: car leads (simulated)"
MODEL_NAME = "Sample model"
BY = "first start"
"""Who did it, in the audit trail."""
PATIENCE = 120
"""Seconds to wait for another process that does the same."""


def bring_in_sample(ws: Workspace, home: Path | None = None) -> list[str]:
    """Bring in what is missing of dataset, model and scores; returns what was brought in, in words, [] for nothing.

    An interrupted first start is completed by the next one. A workspace that holds datasets or models of its own is
    left alone, and so is a sample that was archived. `home`: the folder `sample_data`.

    Raises:
        LeadRankError: the shipped files are missing or damaged, or another process does not end with the same.
    """
    place = home or shipped_model().parent
    if _whole(ws, place):
        return []
    try:
        with FileLock(ws.folder / "first-start.lock", timeout=PATIENCE):
            return _bring_in(ws, place)
    except Timeout:
        raise LeadRankError(
            f"another process has been bringing the sample into this workspace for over {PATIENCE} seconds; wait for "
            "it to end, or stop it, then start again"
        ) from None


def _whole(ws: Workspace, place: Path) -> bool:
    """Whether nothing is missing, or nothing is to be brought in."""
    held, models = datasets(ws, archived=True), runs(ws, archived=True)
    if not held and not models:
        return False
    sample = _sample(held)
    if sample is None:
        return True
    model = _model(models)
    if model is None:
        return bool(models)
    return not (place / "open_scores.parquet").is_file() or bool(scorings(ws, sample.id))


def _bring_in(ws: Workspace, place: Path) -> list[str]:
    brought: list[str] = []
    if _whole(ws, place):
        return brought
    sample = _sample(datasets(ws, archived=True))
    if sample is None:
        sample = _add_leads(ws, place / "leads.csv", place / "schema.toml")
        brought.append(f"{sample.leads:,} sample leads")
    model = _model(runs(ws, archived=True))
    if model is None and not runs(ws, archived=True):
        run_id, folder = copy_whole(place / "model", ws)
        try:
            model = add_run(ws, run_id, name=MODEL_NAME, dataset_id=sample.id, by=BY)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        brought.append("the sample model")
    if model is not None and run_in_use(ws) is None and not model.archived:
        use_run(ws, model.id, BY)
    scores = place / "open_scores.parquet"
    if model is not None and scores.is_file() and not scorings(ws, sample.id):
        brought.append(f"{_add_scores(ws, scores, sample, model):,} scored leads")
    return brought


def _sample(held: list[Dataset]) -> Dataset | None:
    return next((each for each in held if each.made_by == BY), None)


def _model(models: list[Run]) -> Run | None:
    return next((each for each in models if each.made_by == BY), None)


def _add_leads(ws: Workspace, file: Source, schema: Path) -> Dataset:
    leads, report = examine_file(file, load_schema(schema), need_outcome=True)
    if leads is None:
        raise LeadRankError(f"the sample leads that ship are damaged: {report.errors[0]}; fetch the program again")
    return add_dataset(ws, name=NAME, source_name="leads.csv", leads=leads, report=report, by=BY)


def _add_scores(ws: Workspace, file: Path, sample: Dataset, model: Run) -> int:
    """The queue of the shipped scores. They are of the shipped model, so of these leads and that run."""
    frame = pd.read_parquet(file)
    scoring_id, path = new_scoring_path(ws)
    try:
        build_queue(path, Scores(frame), as_open(leads_of(ws, sample.id)))
        add_scoring(
            ws,
            scoring_id,
            run_id=model.id,
            dataset_id=sample.id,
            part="open",
            reason="first",
            by=BY,
            leads=len(frame),
        )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return len(frame)
