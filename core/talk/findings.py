"""What moves scores over many leads: the result, as tables that charts, pages and files share."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from core.answers import as_json
from core.errors import LeadRankError


@dataclass(frozen=True)
class Findings:
    """The model as a whole, by a sample of leads. A table that could not be made is empty, and `untold` says why."""

    facts: dict[str, Any]
    """sampled (leads whose reasons were looked at), leads, conversations, won, lost (of all leads), spread (standard
    deviation of the score, in its points), miss (points by which a lead's reasons, added up, miss its score on
    average), made (ISO, UTC)."""
    untold: dict[str, str]
    """By table, why it is empty: kinds, outcomes, moved, months."""
    fields: pd.DataFrame
    """`fields.fields_of`."""
    curves: pd.DataFrame
    """`fields.fields_of`."""
    kinds: pd.DataFrame
    """`effects.kinds_of`."""
    examples: pd.DataFrame
    """`effects.examples_of`."""
    groups: pd.DataFrame
    """`effects.groups_of`."""
    outcomes: pd.DataFrame
    """`outcomes.talk_by_outcome`."""
    moved: pd.DataFrame
    """`outcomes.moved_by_outcome`, with what (field or talk), name, and kind (-1 for fields)."""
    months: pd.DataFrame
    """`drift.by_month`."""
    trends: pd.DataFrame
    """`drift.by_month`."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; a figure without a value is null."""
        return {name: as_json(getattr(self, name)) for name in ("facts", "untold", *TABLES)}


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of one of the tables, each by column."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def named(found: Findings, frame: pd.DataFrame) -> pd.DataFrame:
    """A table that tells kinds of talk by number, with their names before it, for people."""
    return found.kinds[["kind", "talk", "side"]].merge(frame, on="kind")


TABLES = tuple(f.name for f in fields(Findings) if f.name not in ("facts", "untold"))
_FACTS = "facts.json"


def write_findings(found: Findings, folder: Path) -> None:
    """Write into `folder`, in one step, in place of what was there."""
    partial = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name in TABLES:
        getattr(found, name).to_parquet(partial / f"{name}.parquet", index=False)
    (partial / _FACTS).write_text(json.dumps({"facts": found.facts, "untold": found.untold}), "utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)


def read_findings(folder: Path) -> Findings | None:
    """What was written; None where nothing was.

    Raises:
        LeadRankError: the files are damaged.
    """
    if not (folder / _FACTS).is_file():
        return None
    try:
        told = json.loads((folder / _FACTS).read_text("utf-8"))
        tables: dict[str, Any] = {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
        return Findings(**told, **tables)
    except (OSError, ValueError, TypeError) as error:
        raise LeadRankError(
            f"what moves scores was kept in '{folder.name}', however: its files are damaged; look at the leads again"
        ) from error
