"""What comes in: a lead file becomes a dataset (`import`), a packed or placed run folder a model (`load_run`)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd

from core.archives import copy_run, unpack_run
from core.data.leads import Leads
from core.data.problems import Problem, Report
from core.data.reading import column_names, read_chunks
from core.data.schema import Schema, schema_from_dict
from core.data.validation import examine_file
from core.data.values import to_text
from core.errors import LeadRankError, RunError
from core.jobs.processes import ROOT
from core.jobs.task import Outcome, Task
from core.lift.tested import check_tested
from core.progress import Watch, in_percent
from core.workspace.datasets import add_dataset, datasets
from core.workspace.ids import new_id
from core.workspace.runs import add_run, new_run_folder
from core.workspace.store import Workspace
from core.workspace.tables import Upload
from core.workspace.uploads import drop_upload, upload_path

SHIPPED = "sample"
"""Name of the model that comes with the program, among the folders."""


def bring_in(task: Task) -> Outcome:
    """`import`: {upload_id, name, schema, shown} -> {valid, dataset_id, report}; without dataset_id if not valid."""
    ws, asked = task.ws, task.request
    dataset_id = task.remembered("dataset_id")
    if kept := next((each for each in datasets(ws, archived=True) if each.id == dataset_id), None):
        drop_upload(ws, asked["upload_id"], task.by, missing_ok=True)  # an earlier attempt ended just before
        return Outcome({"valid": True, "dataset_id": kept.id, "report": kept.report})
    schema = schema_from_dict(asked["schema"])
    path = upload_path(ws, asked["upload_id"])
    with ws.session(reading=True) as session:
        upload = session.get(Upload, asked["upload_id"])
        source_name = upload.name if upload else ""
    leads, report = examine_for_use(path, schema, task.watch)
    if leads is None:
        return Outcome(
            {"valid": False, "report": report.to_dict()}, "The file cannot be used before its errors are mended."
        )
    shown = _shown(path, list(asked.get("shown") or []), schema, task.watch)
    task.tell("save")
    if dataset_id is None:
        dataset_id = new_id()
        task.remember("dataset_id", dataset_id)
    made = add_dataset(
        ws,
        name=asked["name"],
        source_name=source_name,
        leads=leads,
        report=report,
        shown=shown,
        by=task.by,
        id=dataset_id,
    )
    drop_upload(ws, asked["upload_id"], task.by, missing_ok=True)  # the dataset is there, whoever deleted the file
    return Outcome({"valid": True, "dataset_id": made.id, "report": report.to_dict()})


def examine_for_use(path: Path, schema: Schema, watch: Watch) -> tuple[Leads | None, Report]:
    """Leads, or None where there are errors, and all that was found.

    A file whose outcomes are too few to learn from is no error: its leads can be scored. The report warns of it.

    Raises:
        ReadError: the file is no table.
    """
    learn = schema.roles.converted is not None
    leads, report = examine_file(path, schema, need_outcome=learn, on_progress=in_percent("read", watch))
    if leads is not None or not learn or not all(_about_outcomes(path, schema, p) for p in report.errors):
        return leads, report
    leads, plain = examine_file(path, schema, on_progress=in_percent("read for scoring alone", watch))
    warnings = [
        Problem(p.column, f"no model can be trained on this dataset: {p.message}", p.remedy) for p in report.errors
    ]
    return leads, Report(plain.leads, plain.errors, (*warnings, *report.warnings))


def load_run(task: Task) -> Outcome:
    """`load_run`: {upload_id, name} or {folder_name, name?} -> {run_id}.

    An archive that is no sound run is deleted, as trying again cannot help; after all else that may stop it, it stays.
    """
    ws, asked = task.ws, task.request
    run_id, folder = new_run_folder(ws)
    task.half_made(folder)
    upload_id = asked.get("upload_id")
    try:
        task.tell("unpack")
        if upload_id:
            unpack_run(upload_path(ws, upload_id), folder)
        else:
            copy_run(model_folder(asked["folder_name"]), folder)
        _check_run(task, folder, uploaded=bool(upload_id))
    except RunError:
        if upload_id:
            drop_upload(ws, upload_id, task.by, missing_ok=True)
        raise
    name = asked["name"] if upload_id else asked.get("name") or asked["folder_name"]
    task.whole()  # before its row: a folder without a row does no harm, a row without its folder would
    add_run(ws, run_id, name=name, dataset_id=None, by=task.by)
    if upload_id:
        drop_upload(ws, upload_id, task.by, missing_ok=True)
    return Outcome({"run_id": run_id})


def models_folder() -> Path:
    """Where the server's models lie: the environment's LEADRANK_MODELS, else `models` beside the program."""
    return Path(os.environ.get("LEADRANK_MODELS") or ROOT / "models")


def model_folders() -> list[str]:
    """What `load_run` takes as `folder_name`: finished runs in the server's models folder, and the shipped one."""
    place = models_folder()
    found = sorted(p.name for p in place.iterdir() if (p / "manifest.json").is_file()) if place.is_dir() else []
    shipped = [SHIPPED] if (shipped_model() / "manifest.json").is_file() and SHIPPED not in found else []
    return [*found, *shipped]


def model_folder(name: str) -> Path:
    """The folder of that name.

    Raises:
        RunError: there is none, or the name leads elsewhere.
    """
    if name not in model_folders():
        raise RunError(f"there is no model folder of this name on the server; there are {model_folders()}")
    own = models_folder() / name
    return own if (own / "manifest.json").is_file() else shipped_model()


def shipped_model() -> Path:
    """The run folder that comes with the program."""
    return ROOT / "sample_data" / "model"


def copy_whole(source: Path, ws: Workspace) -> tuple[str, Path]:
    """A new run folder with the files of the run `source`; nothing is left of it where that fails."""
    run_id, folder = new_run_folder(ws)
    try:
        copy_run(source, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return run_id, folder


def _about_outcomes(path: Path, schema: Schema, problem: Problem) -> bool:
    """Whether a problem only says that there are too few outcomes, not that a cell or the column is wrong."""
    return problem.column == schema.roles.converted and not problem.count and problem.column in column_names(path)


def _shown(path: Path, wanted: list[str], schema: Schema, watch: Watch) -> pd.DataFrame | None:
    """Columns for people only, one row per lead, as text."""
    twice = sorted(set(wanted) & set(schema.columns()))
    if twice:
        raise LeadRankError(f"columns to show must play no other part, however: {twice} do; leave them out")
    if not wanted:
        return None
    told = in_percent("read columns to show", watch)
    frames = [frame.apply(to_text) for frame in read_chunks(path, columns=wanted, on_progress=told)]
    return pd.concat(frames, ignore_index=True)


def _check_run(task: Task, folder: Path, uploaded: bool) -> None:
    from core.neural.checkpoints import load_run as read_run
    from core.scoring import load_scorer
    from core.training import model_card

    task.tell("check")
    run = read_run(folder)
    _check_backbone(run.identity.name if run.identity else "", uploaded)
    check_tested(folder)
    try:
        model_card(run.card)
    except Exception as error:  # whatever a made-up card causes
        raise RunError(f"the model's card cannot be understood: {error!r}; train it again with this version") from error
    task.tell("load the model")
    load_scorer(folder, tell=task.tell)


def _check_backbone(name: str, uploaded: bool) -> None:
    """An uploaded run must not make the server look into folders of its own disk."""
    path = Path(name)
    if uploaded and (path.is_absolute() or name.startswith(("~", ".")) or ".." in path.parts or "\\" in name):
        raise RunError(
            "an uploaded model must name its language model by a public name, however: this one names a folder of the "
            "machine it was trained on; put it into the server's models folder instead"
        )
