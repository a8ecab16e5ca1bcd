"""What campaigns cost, kept beside the dataset whose leads they brought: one table each, the last one counts."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from core.errors import LeadRankError
from core.workspace.audit import add_event
from core.workspace.store import Workspace, existing
from core.workspace.tables import Dataset


@dataclass(frozen=True, eq=False)
class KeptCosts:
    """A table of costs as it is kept."""

    frame: pd.DataFrame
    """As `campaigns.read_costs` gives it."""
    sha256: str
    """Of the file: it stands for the content wherever an answer is cached."""


def keep_costs(ws: Workspace, dataset_id: str, costs: pd.DataFrame, by: str) -> None:
    """Keep `costs`, as `campaigns.read_costs` gives them, in place of those before; the file appears as a whole.

    Raises:
        LeadRankError: there is no such dataset, or the disk does not take the file.
    """
    with ws.session() as session:
        row = existing(session, Dataset, dataset_id, "dataset", for_update=True)
        path = _path(ws, row.id)
        partial = path.with_suffix(f".{secrets.token_hex(4)}.part")
        try:
            costs.to_parquet(partial, index=False)
            os.replace(partial, path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise LeadRankError(
                f"the costs could not be kept: the system says '{error.strerror}'; see that the disk has room"
            ) from error
        add_event(session, by, "campaign costs kept", row.id, {"rows": len(costs), "cost": float(costs["cost"].sum())})


def costs_of(ws: Workspace, dataset_id: str) -> KeptCosts | None:
    """The costs of a dataset's campaigns, or None where nobody has given any.

    Raises:
        LeadRankError: there is no such dataset, or the file is damaged.
    """
    with ws.session(reading=True) as session:
        path = _path(ws, existing(session, Dataset, dataset_id, "dataset").id)
    try:
        content = path.read_bytes()
        return KeptCosts(pd.read_parquet(io.BytesIO(content)), hashlib.sha256(content).hexdigest())
    except FileNotFoundError:
        return None
    except (OSError, pa.ArrowException) as error:
        raise LeadRankError(
            "the costs of these campaigns cannot be read: their file is damaged; give them again"
        ) from error


def drop_costs(ws: Workspace, dataset_id: str, by: str) -> None:
    """Delete them; nothing happens where there are none. Raises LeadRankError where there is no such dataset."""
    with ws.session() as session:
        path = _path(ws, existing(session, Dataset, dataset_id, "dataset").id)
        if path.is_file():
            path.unlink()
            add_event(session, by, "campaign costs deleted", dataset_id)


def _path(ws: Workspace, dataset_id: str) -> Path:
    return ws.folder / "datasets" / f"{dataset_id}.costs.parquet"
