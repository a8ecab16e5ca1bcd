"""The shipped leads in a workspace, with a field trial among their people, for tests of pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from core.data.leads import Leads
from core.data.problems import Report
from core.data.schema import load_schema
from core.data.validation import load_leads
from core.decisions.field_trial.assignment import Design, assign
from core.decisions.field_trial.protocol import Protocol
from core.decisions.field_trial.team import team_of
from core.workspace.datasets import add_dataset
from core.workspace.store import Workspace
from core.workspace.tables import Dataset, Run, Trial
from core.workspace.trials import ArmQueue, freeze_trial

SAMPLE = Path(__file__).resolve().parents[1] / "sample_data"
BEGINS = "2025-08-01"
"""A day in the middle of the shipped leads."""


@cache
def sample_leads() -> Leads:
    return load_leads(SAMPLE / "leads.csv", load_schema(SAMPLE / "schema.toml"))[0]


def keep_sample(ws: Workspace) -> Dataset:
    leads = sample_leads()
    return add_dataset(ws, name="Cars", source_name="cars.csv", leads=leads, report=Report(len(leads), (), ()), by="x")


def sample_protocol(start: str = BEGINS, days: int = 90, **more) -> Protocol:
    """A trial among the people of the shipped leads, drawn on what was known when August began."""
    team = team_of(sample_leads(), days, until=pd.Timestamp(BEGINS))
    drawn = assign(team.specialists, Design())
    settings: dict[str, Any] = {
        "name": "Autumn",
        "made": (pd.Timestamp(start) - timedelta(days=2)).isoformat(),
        "made_by": "ana",
        "start": start,
        "days": days,
        "maturity_days": 30.0,
        "leads_per_specialist": team.situation.leads_per_specialist,
        "icc": team.situation.icc,
        "design": Design(),
        "draws": drawn.draws,
        "arms": {"treatment": "by the new model", "control": "newest lead first"},
        "specialists": drawn.frame,
    }
    return Protocol(**settings | more)


def keep_trial(
    ws: Workspace, dataset: Dataset, run: Run, protocol: Protocol, people: Sequence[tuple[str, str]] = ()
) -> Trial:
    """Frozen two days before it starts; the control arm calls the newest lead first."""
    queues = {"treatment": ArmQueue(run.id), "control": ArmQueue(run.id, "snapshot_time", True)}
    at = datetime.fromisoformat(protocol.start) - timedelta(days=2)
    return freeze_trial(ws, protocol, dataset.id, queues, people=people, by="ana", at=at)
