"""What moves scores over many leads: the result, as tables that charts, pages and files share."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4
from zipfile import BadZipFile, ZipFile

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


def write_findings(found: Findings, file: Path) -> None:
    """Write the zip archive `file`, in one step, in place of what was there: whoever reads finds the old or the new."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{uuid4().hex}.part")
    try:
        with ZipFile(partial, "w") as archive:
            for name in TABLES:
                archive.writestr(f"{name}.parquet", getattr(found, name).to_parquet(index=False))
            archive.writestr(_FACTS, json.dumps({"facts": found.facts, "untold": found.untold}))
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)


def read_findings(file: Path) -> Findings | None:
    """What was written; None where nothing was.

    Raises:
        LeadRankError: the file is damaged.
    """
    try:
        with ZipFile(file) as archive:
            told = json.loads(archive.read(_FACTS))
            tables: dict[str, Any] = {
                name: pd.read_parquet(BytesIO(archive.read(f"{name}.parquet"))) for name in TABLES
            }
        return Findings(**told, **tables)
    except FileNotFoundError:
        return None
    except (BadZipFile, KeyError, OSError, ValueError, TypeError) as error:
        raise LeadRankError(
            f"what moves scores was kept as '{file.name}', however: this file is damaged; look at the leads again"
        ) from error
