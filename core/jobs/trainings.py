"""Train a model on a dataset (`train`), then rank the dataset's leads with it."""

from __future__ import annotations

import json
from pathlib import Path

from core.config import load_config, with_settings
from core.errors import LeadRankError
from core.jobs import folders
from core.jobs.rankings import choose_rows, score_rows
from core.jobs.task import Follow, Outcome, Task
from core.trust import LEAST_LEADS
from core.workspace.reviews import as_said, reviews_by_id
from core.workspace.runs import add_run, new_run_folder, run_folder, run_in_use, runs, use_run
from core.workspace.scorings import scorings


def train(task: Task) -> Outcome:
    """`train`: {dataset_id, name, preset, settings: {key: text}, reviews: [id]} -> {run_id, scoring_id or None}.

    `reviews` of pairs, where given, count whether they were withdrawn since or not: an attempt learns what the one
    before it did. A second attempt goes on in the run folder of the first; what is finished in it is not done again.
    """
    from core.training import train as train_whole

    ws, asked = task.ws, task.request
    assignments = [f"{key}={value}" for key, value in (asked.get("settings") or {}).items()]
    config = with_settings(load_config(None, asked.get("preset", "cpu-quick")), assignments)
    leads = task.leads(asked["dataset_id"])
    run_id = task.remembered("run_id")
    if run_id is None:
        run_id, _ = new_run_folder(ws)
        task.remember("run_id", run_id)
    folder = run_folder(ws, run_id)
    if not (folder / "manifest.json").is_file():
        folder.mkdir(exist_ok=True)
        said = as_said(reviews_by_id(ws, asked["dataset_id"], asked.get("reviews") or []))
        train_whole(leads, config, folder, reviews=said, resume=True, watch=task.watch)
    known = {each.id: each for each in runs(ws, archived=True)}
    made = known.get(run_id) or add_run(ws, run_id, name=asked["name"], dataset_id=asked["dataset_id"], by=task.by)
    if run_in_use(ws) is None:
        use_run(ws, run_id, task.by)
    result = {"run_id": made.id, "scoring_id": None}
    then = reasons_check(folder, made.id, asked["dataset_id"], made.name)
    try:
        chosen = choose_rows(leads, "open")
        first = not scorings(ws, asked["dataset_id"])
        # Without open leads there is nobody to call: the test part is ranked once, so that the queue can be seen.
        if chosen.part == "open" or (chosen.part == "test" and first):
            current = run_in_use(ws)
            use = first or (current is not None and current.id == run_id)
            scored, _ = score_rows(task, leads, chosen, run_id, asked["dataset_id"], "new model", use=use)
            result["scoring_id"] = scored.id
            return Outcome(result, chosen.note, then)
    except LeadRankError as error:  # the model is there all the same
        folders.remove_partials(ws, task.job.id)
        return Outcome(result, f"The model is trained, but the leads could not be scored with it: {error}", then)
    return Outcome(result, then=then)


def reasons_check(folder: Path, run_id: str, dataset_id: str, name: str) -> Follow | None:
    """The check of a new model's reasons, which is part of its card; None where it reads no text."""
    if not json.loads((folder / "ranking.json").read_text("utf-8"))["reads"]:
        return None
    asked = {"run_id": run_id, "dataset_id": dataset_id, "sample": LEAST_LEADS}
    return Follow("faithfulness", asked, f"Check the reasons of {name}")
