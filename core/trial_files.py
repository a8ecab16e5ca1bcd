"""What the verbs of a trial read and write: a team from its leads, a list of people, a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from core.console import load, reading, tell
from core.data.leads import Leads
from core.data.reading import read_table
from core.data.schema import load_schema
from core.decisions.field_trial.specialists import measured, read_specialists
from core.decisions.field_trial.team import Team, team_of
from core.errors import ConfigError, LeadRankError, NotComputable, ReadError
from core.progress import Event


def read_team(leads: Path | None, schema: Path | None, days: int, **how: Any) -> tuple[Team, Leads] | None:
    """The people of a lead file, and the leads; None without one."""
    if leads is None and schema is None:
        return None
    if leads is None or schema is None:
        raise ConfigError("--leads and --schema go together, however: only one was given; name both, or neither")
    found = load(leads, load_schema(schema), need_outcome=True)
    team = team_of(found, days, **how)
    for note in team.notes:
        tell(Event(f"note: {note}"))
    return team, found


def read_people(path: Path) -> pd.DataFrame:
    """A list of people, which a file of leads is not."""
    try:
        table = read_table(path, on_progress=reading(path))
    except ReadError as error:
        if path.is_file() and len(path.read_bytes().split(maxsplit=1)) < 2:
            raise ReadError(
                f"there is nobody in '{path.name}'; write a header with the column specialist and one row a person"
            ) from error
        raise
    return read_specialists(table)


def likeness(people: pd.DataFrame) -> tuple[float, float]:
    """How alike one person's leads are, and how many each had; 0 and 1 where nothing was counted."""
    try:
        each = measured(people)
    except NotComputable as error:
        tell(Event(f"note: {error}; drawn as if leads of one person were no more alike than others"))
        return 0.0, max(1.0, float(people["leads"].mean()))
    return each.icc, max(1.0, each.leads_per_specialist)


def write_once(report: Path, content: bytes) -> None:
    """A file that came meanwhile is not replaced either."""
    try:
        with report.open("xb") as stream:
            stream.write(content)
    except FileExistsError as error:
        raise ConfigError(f"--report must be a new file, however: '{report.name}' is there already") from error
    except OSError as error:
        raise LeadRankError(f"cannot write the report '{report.name}': {error.strerror}") from error
