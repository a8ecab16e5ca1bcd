"""A small workspace with ranked leads, for tests of pages: two sales people, names, reasons, a model of one card."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.leads import Leads
from core.data.problems import Report
from core.data.schema import schema_to_dict
from core.queue.build import build_queue
from core.scores import Scores
from core.workspace.datasets import add_dataset
from core.workspace.runs import add_run, new_run_folder, use_run
from core.workspace.scorings import add_scoring, new_scoring_path, scoring_in_use, scoring_path
from core.workspace.store import Workspace, open_workspace
from core.workspace.tables import Dataset, Run, Scoring
from tests.made import make_leads


def keep_leads(
    folder: Path, n: int = 60, dialogue: str | None = None, known: int = 0
) -> tuple[Workspace, Dataset, Leads]:
    """A workspace in `folder` with one dataset of n leads; all but the first `known` are open. `dialogue` is what the
    first of them said."""
    made = make_leads(n)
    outcome = np.where(np.arange(n) < known, made.converted, np.nan)
    roles = made.roles.assign(owner=np.where(np.arange(n) % 2, "Bo", "Ann"), converted=outcome)
    if dialogue is not None:
        roles["dialogue"] = [dialogue, *roles["dialogue"].tolist()[1:]]
    leads = Leads(roles, made.features, made.schema)
    ws = open_workspace(folder)
    shown = pd.DataFrame({"Name": [f"Person {i}" for i in range(n)]})
    report = Report(n, (), ())
    return (
        ws,
        add_dataset(ws, name="Leads of May", source_name="may.csv", leads=leads, report=report, shown=shown, by="x"),
        leads,
    )


def keep_run(ws: Workspace, name: str = "First model") -> Run:
    """A model of `make_leads` that is in use, of a card and a schema alone: enough for whoever does not load it."""
    id, folder = new_run_folder(ws)
    (folder / "schema.json").write_text(json.dumps(schema_to_dict(make_leads(1).schema)), "utf-8")
    (folder / "card.json").write_text(json.dumps({}), "utf-8")
    run = add_run(ws, id, name=name, dataset_id=None, by="x")
    use_run(ws, id, "x")
    return run


def fake_scores(leads: Leads, tilt: float = 0.0) -> Scores:
    """Ranked by `a` and, with `tilt`, the wish that was voiced, which the chance follows; with exact parts."""
    a = leads.features["a"].to_numpy(dtype=float)
    wish = leads.dialogue.str.contains("Yes").to_numpy(dtype=float)
    parts = {"part:a": a, "part:city": np.zeros(len(a)), "part:dialogue": tilt * wish}
    chance = 1 / (1 + np.exp(-(2 * wish - 1 + 0.2 * a)))
    return Scores.ranked(leads.lead_id, a + tilt * wish, chance, **parts)


def keep_scoring(ws: Workspace, dataset: Dataset, leads: Leads, run: Run, tilt: float = 0.0) -> Scoring:
    """One more scoring of the dataset, put in use."""
    scores = fake_scores(leads, tilt)
    shown = pd.DataFrame({"lead_id": leads.lead_id, "Name": [f"Person {i}" for i in range(len(leads))]})
    before = scoring_in_use(ws, dataset.id)
    id, path = new_scoring_path(ws)
    build_queue(path, scores, leads, shown=shown, previous=scoring_path(ws, before.id) if before else None)
    return add_scoring(
        ws, id, run_id=run.id, dataset_id=dataset.id, part="open", reason="first", by="x", leads=len(leads)
    )
