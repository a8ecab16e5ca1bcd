"""How long work takes here: told from the times that it took before on this machine, else not at all."""

from __future__ import annotations

from statistics import median

from core.jobs import records
from pages import _shared as shared
from pages._text import duration

LATEST = 10
"""Ended works of a kind that are gone by."""


def how_long(kind: str, what: str) -> str:
    """`what` takes about so long, as a sentence with a blank after it; "" where none was done yet. `kind`: of job."""
    done = [job for job in records.jobs(shared.workspace(), kind=kind) if job.state == "done"]
    took = [(job.ended - job.started).total_seconds() for job in done if job.started and job.ended][:LATEST]
    return f"{what} took about {duration(median(took))} here. " if took else ""
