"""A job's history as one tidy table, for the curves of a training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import pandas as pd

COLUMNS = {"phase": "str", "step": "int64", "name": "str", "value": "float64"}


class Told(Protocol):
    """What a row of a job's history holds of use here."""

    @property
    def phase(self) -> str: ...
    @property
    def done(self) -> int: ...
    @property
    def figures(self) -> dict: ...


def history(events: Iterable[Told]) -> pd.DataFrame:
    """Every figure that was told: phase, step, name, value; oldest first.

    A training that was resumed goes back to its last checkpoint and tells some steps anew: the later word counts.
    """
    rows = [
        (event.phase, event.done, name, float(value))
        for event in events
        for name, value in event.figures.items()
        if isinstance(value, int | float)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    return table.drop_duplicates(["phase", "step", "name"], keep="last").reset_index(drop=True)
