"""A workspace, and one with a tiny model whose training was killed and went on."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.jobs import records
from core.workspace.store import Workspace, open_workspace
from core.workspace.tables import Dataset, Job
from tests.core.jobs.kept import TINY, keep, wait, with_open_leads
from tests.made import make_leads


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What shares the one training runs on one worker, so that it is trained once."""
    for item in items:
        if item.path.parent == Path(__file__).parent and "trained" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("jobs"))


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "ws")


@dataclass(frozen=True)
class Trained:
    """What became of one training, of leads of which twenty are open."""

    ws: Workspace
    data: Dataset
    second_click: Job
    """What another submit of the same gave while it ran."""
    killed: Job
    folders: list[str]
    """Run folders when it was killed."""
    done: Job

    @property
    def run_id(self) -> str:
        assert self.done.result is not None, self.done.message
        return self.done.result["run_id"]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Two real processes: the first is killed while it fine-tunes, the second goes on to the end."""
    ws = open_workspace(tmp_path_factory.mktemp("trained") / "ws")
    data = keep(ws, with_open_leads(make_leads()))
    slow = {**TINY, "epochs": "2", "probe": "false", "batch_leads": "8"}
    request = {"dataset_id": data.id, "name": "First model", "preset": "cpu-quick", "settings": slow}
    first = records.submit(ws, "train", request, by="ann", label="Train")
    second_click = records.submit(ws, "train", request, by="bob", label="Train")
    while (now := wait(ws, first.id, "running", *records.ENDED, seconds=120)).phase != "fine-tune":
        assert now.state == "running", (now.message, records.log_tail(ws, first.id))
        time.sleep(0.05)
    folders = sorted(path.name for path in (ws.folder / "runs").iterdir())
    os.kill(now.pid or 0, signal.SIGKILL)
    while not records.sweep(ws):
        time.sleep(0.05)
    killed = records.job(ws, first.id)
    records.resume(ws, first.id, "ann")
    return Trained(ws, data, second_click, killed, folders, wait(ws, first.id, seconds=200))
