"""Lead files to score, runs that score them, and what they say in one go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from core import scoring
from core.bulk.local import score_locally
from core.bulk.worker import Done
from core.data.leads import Leads
from core.data.validation import validate
from core.progress import nobody
from core.training import train
from tests.made import make_leads, tiny_config


def table(n: int = 200, seed: int = 5) -> pd.DataFrame:
    """Leads as a file holds them."""
    leads = make_leads(n, seed)
    frame = pd.concat([leads.roles[["lead_id", "customer_id", "dialogue"]], leads.features], axis=1)
    return frame.assign(snapshot_time=leads.roles["snapshot_time"].astype(str), converted="")


def trained(folder: Path, leads: Leads, *assignments: str) -> Path:
    config = tiny_config(
        "baselines=false", "device=cpu", "epochs=0", "max_tokens=160", "engine.precision=auto", *assignments
    )
    train(leads, config, folder, watch=nobody)
    return folder


def in_one_go(run: Path, source: Path, *, parts: bool = False) -> pd.DataFrame:
    scorer = scoring.load_scorer(run, device="cpu")
    leads, _ = validate(pd.read_csv(source, dtype=str, keep_default_na=False), scorer.schema)
    return scoring.score(leads, scorer, parts=parts).frame


class Counted:
    """The local means, which tells how many shards it was given; `ends` after so many of them."""

    def __init__(self, ends: int | None = None) -> None:
        self.ends, self.shards = ends, 0

    def __call__(self, order, shards, workers, at, watch) -> Iterator[Done]:
        for done in score_locally(order, shards, workers, at, watch):
            if self.shards == self.ends:
                raise KeyboardInterrupt
            self.shards += 1
            yield done
