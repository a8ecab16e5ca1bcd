"""Made leads as a dataset of a workspace, and waiting for a job."""

import time

import numpy as np

from core.data.leads import Leads
from core.data.problems import Report
from core.jobs import records
from core.workspace.datasets import add_dataset
from core.workspace.store import Workspace
from core.workspace.tables import Dataset, Job

TINY = {"backbone": "tiny", "depth": "2", "fields": "tower", "baselines": "false", "device": "cpu"} | {
    "engine.precision": "fp32"
}


def with_open_leads(leads: Leads, last: int = 20) -> Leads:
    """The newest ones without an outcome yet."""
    roles = leads.roles.copy()
    roles.loc[len(roles) - last :, "converted"] = np.nan
    return Leads(roles, leads.features, leads.schema)


def keep(ws: Workspace, leads: Leads, name: str = "Made leads") -> Dataset:
    report = Report(len(leads), (), ())
    return add_dataset(ws, name=name, source_name="made.csv", leads=leads, report=report, by="test")


def wait(ws: Workspace, job_id: str, *states: str, seconds: float = 120) -> Job:
    """Until the job is in one of the states, or has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = records.job(ws, job_id)
        if found.state in (states or records.ENDED):
            return found
        time.sleep(0.1)
    raise AssertionError(f"{found.state} after {seconds} s; log: {records.log_tail(ws, job_id)}")
