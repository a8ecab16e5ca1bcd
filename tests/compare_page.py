"""The Compare page as AppTest opens it, with what jobs have left."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.benchmark.results import Results
from core.benchmark.store import leave_out, write_json, write_test, write_trial
from core.jobs.benchmarks import benchmark_folder
from core.workspace.store import Workspace
from core.workspace.tables import Dataset, Job
from tests.seen import sound

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = ("Orders by calls", "All figures", "What it costs", "What it teaches", "How it was done")


def compare(role: str | None = None, **query: str) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    if role:
        at.secrets["auth"] = {"x": "y"}
        at.secrets["roles"] = {"ana@example.com": role}
        at.user = {"is_logged_in": True, "email": "ana@example.com"}
    at = at.switch_page("pages/compare.py")
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception, [e.message for e in at.exception]
    return at


def found_by(ws: Workspace, dataset: Dataset, results: Results, state: str = "done", **more) -> str:
    """A job of this state that left these results."""
    with ws.session() as session:
        job = Job(kind="benchmark", label="Comparison on May", by="bo", state=state, **more)
        job.request = {"dataset_id": dataset.id, "arms": list(results.arms)}
        job.result = {"arms": len(results.arms), "trainings": len(results.trials), "left_out": len(results.left_out)}
        session.add(job)
        session.flush()
        id = job.id
    out = benchmark_folder(ws, id)
    seeds_of = {key: [0] if key in ("newest", "lightgbm") else [0, 1, 2] for key in results.arms}
    arms = [asdict(arm) for arm in results.arms.values()]
    common = {"arms": arms, "seeds_of": seeds_of, "stages": list(results.stages), "capacity": results.capacity}
    write_json(out / "shared.json", {**results.shared, **common})
    write_test(out, results.test)
    for trial in results.trials:
        write_trial(out, trial)
    for arm, reason in results.left_out.items():
        leave_out(out, arm, reason)
    return id


def section(at: AppTest, name: str) -> AppTest:
    return sound(at.segmented_control(key="compare_section").set_value(name).run())
