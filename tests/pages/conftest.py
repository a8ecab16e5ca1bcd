"""Pages in a workspace of their own, in an app that has been opened before."""

from __future__ import annotations

import pytest

from core.jobs import processes
from core.jobs.running import run_job
from core.workspace.store import open_workspace
from tests.kept import keep_leads, keep_run, keep_scoring
from tests.running import as_if_running


@pytest.fixture(autouse=True)
def a_running_app(monkeypatch):
    """Nothing is remembered from the test before, and no click is lost."""
    as_if_running(monkeypatch)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A workspace that is empty and stays so: the app brings no sample into it."""
    monkeypatch.setenv("LEADRANK_WORKSPACE", str(tmp_path / "kept"))
    monkeypatch.delenv("LEADRANK_DATABASE", raising=False)
    monkeypatch.setattr("pages._entry.bring_in_sample", lambda ws: [])
    return tmp_path / "kept"


@pytest.fixture
def kept(folder):
    """Workspace, dataset, leads and the scoring in use."""
    ws, dataset, leads = keep_leads(folder)
    run = keep_run(ws)
    return ws, dataset, leads, run, keep_scoring(ws, dataset, leads, run)


@pytest.fixture
def ws(folder):
    return open_workspace(folder)


@pytest.fixture
def at_once(ws, monkeypatch):
    """Jobs are done in this process, before the page goes on."""

    def start(arguments, *_):
        run_job(ws, arguments[1])
        return 2**22 + 1

    monkeypatch.setattr(processes, "start", start)
