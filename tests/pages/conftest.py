"""Pages in a workspace of their own, in an app that has been opened before."""

from __future__ import annotations

import pytest

from core.data.problems import Report
from core.jobs import processes, records
from core.jobs.running import run_job
from core.workspace.costs import keep_costs
from core.workspace.datasets import add_dataset
from core.workspace.store import open_workspace
from tests.campaigns_page import cost_table, kept_costs
from tests.core.jobs.kept import with_open_leads
from tests.field_trials import keep_sample
from tests.kept import keep_leads, keep_run, keep_scoring
from tests.made import make_leads
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
def kept(folder, request):
    """Workspace, dataset, leads, run and the scoring in use; the first lead said the module's SAID."""
    ws, dataset, leads = keep_leads(folder, dialogue=getattr(request.module, "SAID", None))
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


@pytest.fixture
def sample(ws):
    """The shipped leads."""
    return keep_sample(ws)


@pytest.fixture
def paid(ws, sample):
    """The sample with its costs kept."""
    keep_costs(ws, sample.id, kept_costs(cost_table()), "x")
    return sample


@pytest.fixture
def dataset(ws):
    """Leads of which the newest are open."""
    leads = with_open_leads(make_leads(240, words=False), 40)
    return add_dataset(ws, name="May", source_name="may.csv", leads=leads, report=Report(240, (), ()), by="x")


@pytest.fixture
def not_begun(monkeypatch):
    """No process is started: the rows of jobs are what the page sees."""
    monkeypatch.setattr(processes, "start", lambda *_: 2**22 + 1)
    monkeypatch.setattr(records, "sweep", lambda ws: [])
