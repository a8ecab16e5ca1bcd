"""Segmentations of a dataset: a folder each, with the model, its card and every lead's segment; older ones stay."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from core.data.segment_rules import FORMAT
from core.errors import LeadRankError
from core.workspace.ids import checked_id
from core.workspace.store import Workspace

ASSIGNED = "assigned.parquet"
"""Written last: a folder without it is not whole."""


@dataclass(frozen=True)
class Segmentation:
    """One that is kept."""

    id: str
    made: datetime
    """Naive UTC."""
    card: dict[str, Any]
    """As `train_segments` makes it, with made and by."""
    folder: Path

    def assigned(self) -> pd.DataFrame:
        """Every lead with its segment and chances, in the order of the dataset. Raises LeadRankError: damaged."""
        try:
            return pd.read_parquet(self.folder / ASSIGNED)
        except (OSError, ValueError) as error:
            raise _damaged() from error


def segmentation_folder(ws: Workspace, dataset_id: str, id: str) -> Path:
    """Where it is kept, which need not be there. Raises LeadRankError for what cannot be an id."""
    return _home(ws, dataset_id) / checked_id(id, "segmentation")


def segmentations(ws: Workspace, dataset_id: str) -> list[Segmentation]:
    """Those of a dataset, newest first. What an older version found is left out: the segments are found again.

    Raises:
        LeadRankError: no dataset can have that id, or a card is damaged.
    """
    read = (_read(path.parent) for path in _home(ws, dataset_id).glob(f"*/{ASSIGNED}"))
    found = [one for one in read if one is not None]
    return sorted(found, key=lambda one: (one.made, one.id), reverse=True)


def _home(ws: Workspace, dataset_id: str) -> Path:
    return ws.folder / "segments" / checked_id(dataset_id, "dataset")


def _read(folder: Path) -> Segmentation | None:
    try:
        document = json.loads((folder / "segmenter.json").read_text("utf-8"))
        if document["format"] != FORMAT:
            return None
        card = document["card"]
        return Segmentation(folder.name, datetime.fromisoformat(card["made"]), card, folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged() from error


def _damaged() -> LeadRankError:
    return LeadRankError(
        "a segmentation of these leads cannot be read: its files are damaged; put them back from a backup, or find the "
        "segments again"
    )
