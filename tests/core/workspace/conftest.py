"""A workspace of its own for each test."""

import json

import pandas as pd
import pytest

from core.data.problems import Report
from core.workspace.datasets import add_dataset
from core.workspace.runs import add_run, new_run_folder
from core.workspace.store import open_workspace
from tests.made import make_leads


@pytest.fixture
def ws(tmp_path):
    return open_workspace(tmp_path / "workspace")


@pytest.fixture
def leads():
    return make_leads(40)


@pytest.fixture
def dataset(ws, leads):
    shown = pd.DataFrame({"phone": [f"+49 170 {n:07d}" for n in range(len(leads))]})
    report = Report(len(leads), (), ())
    return add_dataset(ws, name="May", source_name="leads.csv", leads=leads, report=report, shown=shown, by="ana")


@pytest.fixture
def make_run(ws):
    def make(name="asLLR", dataset_id=None):
        id, folder = new_run_folder(ws)
        (folder / "card.json").write_text(json.dumps({"name": name, "metrics": {"auc": 0.7}}))
        return add_run(ws, id, name=name, dataset_id=dataset_id, by="ana")

    return make
