"""Do the leads fit the schema? Every problem is gathered before any is reported, chunk by chunk, in bounded memory.

    chunks of a file -> by chunk: text, outcomes, dialogue -> whole file: numbers, dates, ids -> Leads, Report

Rows are numbered as a spreadsheet shows them: the header is row 1. With `need_outcome` (to train and to evaluate) every
column of the schema is demanded; without it (to score) only the lead id, the features and the dialogue are, and faults
in columns that scoring does not read are warnings. A `lead_id` of "#row" takes the place in the file for an id.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.data.dialogue import canonical
from core.data.leads import ROLE_COLUMNS, Leads
from core.data.reading import column_names, read_chunks
from core.data.schema import ROW_NUMBER, Schema
from core.data.values import day_order, to_numbers, to_outcomes, to_text, to_times
from core.errors import ValidationError

LEAST_OF_EACH_CLASS = 10
"""Converted, and not converted, mature leads that training needs: each part of the split holds a few. Source: ours."""
FEW_OF_EACH_CLASS = 100
"""Below this a warning: intervals are wide, an AUC's standard error is about 0.03 or more. Source: ours."""
MANY_CATEGORIES = 100
"""Values above which a category is questioned, if they are also a fifth of the leads. Source: ours."""
SHOWN_ROWS = 10
FIRST_ROW = 2  # below the header
_NO_NUMBER = "not a number"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a file, and what to do about it."""

    column: str
    """"" where the file as a whole is meant."""
    message: str
    remedy: str
    rows: tuple[int, ...] = ()
    """The first of the rows, as a spreadsheet numbers them."""
    count: int = 0
    """How many rows in all; 0 where no single row is meant."""

    def __str__(self) -> str:
        """One line.

        Example:
            >>> print(Problem("age", "not a number, such as 'old'", "write a number", rows=(2, 5), count=3))
            column 'age': not a number, such as 'old' (rows 2, 5 and 1 more); write a number
        """
        more = f" and {self.count - len(self.rows):,} more" if self.count > len(self.rows) else ""
        noun = "row" if self.count == 1 else "rows"
        rows = f" ({noun} {', '.join(map(str, self.rows))}{more})" if self.rows else ""
        return f"{f'column {self.column!r}: ' if self.column else ''}{self.message}{rows}; {self.remedy}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "column": self.column,
            "message": self.message,
            "remedy": self.remedy,
            "rows": list(self.rows),
            "count": self.count,
        }


@dataclass(frozen=True)
class Report:
    """What was found: `errors` forbid the use of the file, `warnings` do not."""

    leads: int
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "leads": self.leads,
            "errors": [problem.to_dict() for problem in self.errors],
            "warnings": [problem.to_dict() for problem in self.warnings],
        }


def load_leads(
    source: Path | bytes,
    schema: Schema,
    *,
    need_outcome: bool = False,
    least_of_each_class: int = LEAST_OF_EACH_CLASS,
    now: pd.Timestamp | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[Leads, Report]:
    """Read and validate a file; only the schema's columns are kept. `on_progress` gets the share that has been read.

    Raises:
        ReadError: the file is no table.
        ValidationError: with every error that was found.
    """
    return _sound(
        *examine_file(
            source,
            schema,
            need_outcome=need_outcome,
            least_of_each_class=least_of_each_class,
            now=now,
            on_progress=on_progress,
        )
    )


def examine_file(
    source: Path | bytes,
    schema: Schema,
    *,
    need_outcome: bool = False,
    least_of_each_class: int = LEAST_OF_EACH_CLASS,
    now: pd.Timestamp | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[Leads | None, Report]:
    """`examine` for a file, read chunk by chunk.

    Raises:
        ReadError: the file is no table.
    """
    names = column_names(source)
    # One column at least, so that rows are counted even where the schema fits none.
    wanted = [name for name in names if name in schema.columns()] or names[:1]
    return examine(
        read_chunks(source, columns=wanted, on_progress=on_progress),
        schema,
        need_outcome=need_outcome,
        least_of_each_class=least_of_each_class,
        now=now,
        names=names,
    )


def _sound(leads: Leads | None, report: Report) -> tuple[Leads, Report]:
    if leads is None:
        raise ValidationError(tuple(str(problem) for problem in report.errors))
    return leads, report


def validate(
    frame: pd.DataFrame | Iterable[pd.DataFrame],
    schema: Schema,
    *,
    need_outcome: bool = False,
    least_of_each_class: int = LEAST_OF_EACH_CLASS,
    now: pd.Timestamp | None = None,
    names: Sequence[str] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> tuple[Leads, Report]:
    """`examine`, with errors raised.

    Raises:
        ValidationError: with every error that was found, one line each.
    """
    return _sound(
        *examine(
            frame,
            schema,
            need_outcome=need_outcome,
            least_of_each_class=least_of_each_class,
            now=now,
            names=names,
            on_progress=on_progress,
        )
    )


def examine(
    frame: pd.DataFrame | Iterable[pd.DataFrame],
    schema: Schema,
    *,
    need_outcome: bool = False,
    least_of_each_class: int = LEAST_OF_EACH_CLASS,
    now: pd.Timestamp | None = None,
    names: Sequence[str] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> tuple[Leads | None, Report]:
    """Leads, or None where there are errors, and the report of all that was found.

    `frame`: a table or consecutive chunks of one. `names`: the file's columns where the chunks hold only some of them.
    `now`: when the outcomes were read; the newest snapshot otherwise. `on_progress` gets the rows done so far.
    """
    found = _Findings()
    parts: list[tuple[pd.DataFrame, pd.DataFrame]] = []
    rows = 0
    for chunk in [frame] if isinstance(frame, pd.DataFrame) else frame:
        if not parts:
            _check_columns(list(chunk.columns if names is None else names), schema, need_outcome, found)
        parts.append(_texts(chunk, schema, rows, need_outcome, found))
        rows += len(chunk)
        if on_progress is not None:
            on_progress(rows)
    if rows:
        roles = pd.concat([part[0] for part in parts], ignore_index=True)
        features = pd.concat([part[1] for part in parts], ignore_index=True)
        del parts
        _read_values(roles, features, schema, need_outcome, found)
        _check_roles(roles, schema, now, found)
        _check_features(features, schema, need_outcome, found)
        if need_outcome:
            _check_outcomes(roles, schema, least_of_each_class, now, found)
    else:
        found.note("error", "", "the file holds no leads", "give a file with one row per lead below the header")
    report = Report(rows, found.problems("error"), found.problems("warning"))
    return (None if report.errors else Leads(roles, features, schema)), report


@dataclass
class _Findings:
    """Problems by severity; those about rows grow with each chunk."""

    by_key: dict[tuple[str, str], tuple[str, Problem]] = field(default_factory=dict)

    def note(self, severity: str, column: str, message: str, remedy: str) -> None:
        self.by_key[column, message] = (severity, Problem(column, message, remedy))

    def rows(
        self, severity: str, column: str, mask: Any, message: str, remedy: str, *, start: int = 0, cells: Any = None
    ) -> None:
        positions = np.flatnonzero(np.asarray(mask, dtype=bool))
        if not len(positions):
            return
        _, problem = self.by_key.get((column, message), (severity, Problem(column, message, remedy)))
        if cells is not None and not problem.count:
            example = str(cells.iloc[positions[0]])
            problem = replace(problem, message=f"{message}, such as {example[:40]!r}")
        shown = (problem.rows + tuple(int(p) + start + FIRST_ROW for p in positions[:SHOWN_ROWS]))[:SHOWN_ROWS]
        self.by_key[column, message] = severity, replace(problem, rows=shown, count=problem.count + len(positions))

    def escalate(self, column: str, message: str, remedy: str) -> None:
        """Make an error of a warning."""
        problem = self.by_key[column, message][1]
        self.by_key[column, message] = "error", replace(problem, remedy=remedy)

    def count(self, column: str, message: str) -> int:
        return self.by_key[column, message][1].count if (column, message) in self.by_key else 0

    def at_fault(self) -> set[str]:
        """Columns with an error."""
        return {column for (column, _), (severity, _) in self.by_key.items() if severity == "error"}

    def problems(self, severity: str) -> tuple[Problem, ...]:
        return tuple(problem for level, problem in self.by_key.values() if level == severity)


def _check_columns(names: list[str], schema: Schema, need_outcome: bool, found: _Findings) -> None:
    roles = schema.roles
    demanded: tuple[str, ...] = (*roles.dialogue, *schema.features.columns())
    if roles.lead_id != ROW_NUMBER:
        demanded = (roles.lead_id, *demanded)
    if need_outcome:
        demanded = schema.columns()
        if roles.converted is None:
            message = "roles.converted is not set, so no outcome is known"
            found.note("error", "", message, "name the 0/1 outcome column in the schema")
    free = [name for name in names if name not in schema.columns()]
    for column in demanded:
        if column not in names:
            close = difflib.get_close_matches(column.casefold(), [name.casefold() for name in free], n=3, cutoff=0.6)
            meant = ", ".join(repr(name) for name in free if name.casefold() in close)
            found.note(
                "error",
                column,
                "the schema names it, but the file has no such column",
                f"did you mean {meant}?" if meant else "add the column or take it out of the schema",
            )
    for column in sorted({name for name in names if names.count(name) > 1 and name in schema.columns()}):
        found.note("error", column, "several columns of the file have this name", "give each a name of its own")
    for tier in schema.funnel.tiers:
        if (tier.kind == "stage" and roles.stage is None) or (tier.kind == "signal" and roles.call_seconds is None):
            role = "stage" if tier.kind == "stage" else "call_seconds"
            message = f"tier '{tier.name}' makes no pairs, as roles.{role} is not set"
            found.note("warning", "", message, "name its column in the schema or take the tier out")
    if roles.stage is not None and not schema.funnel.stages:
        message = "the stage is not used, as funnel.stages is empty"
        found.note("warning", roles.stage, message, "list the stages from shallow to deep")


def _texts(
    chunk: pd.DataFrame, schema: Schema, start: int, need_outcome: bool, found: _Findings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One chunk's roles and features, with numbers and times still as the cells that the file holds.

    A column that the file lacks (or has twice) comes out unknown.
    """
    size, names, severity = len(chunk), schema.roles, "error" if need_outcome else "warning"

    def cells(name: str | None) -> pd.Series:
        column = chunk.get(name) if name is not None else None
        if isinstance(column, pd.Series):
            return column.reset_index(drop=True)
        return pd.Series([""] * size, dtype="str")

    outcome, bad = to_outcomes(cells(names.converted))
    if names.converted is not None:
        remedy = "write 1/0, yes/no or true/false, or leave the cell empty where the outcome is unknown"
        raw = cells(names.converted)
        found.rows(severity, names.converted, bad, "not an outcome", remedy, start=start, cells=raw)
    stages = to_text(cells(names.stage))
    stage, strange = _stages(stages, schema.funnel.stages)
    if names.stage is not None:
        listed = ", ".join(schema.funnel.stages)
        remedy = f"write one of the schema's stages ({listed}) or add this one to funnel.stages"
        found.rows(severity, names.stage, strange, "unknown stage", remedy, start=start, cells=stages)
    ids = to_text(cells(names.lead_id))
    if names.lead_id == ROW_NUMBER:
        ids = pd.Series(np.arange(start + 1, start + size + 1).astype(str), dtype="str")
    customer = to_text(cells(names.customer_id))
    talks = [to_text(cells(name)) for name in names.dialogue] or [cells(None)]
    roles = {
        "lead_id": ids,
        "customer_id": customer.where(customer != "", ids),
        "owner": to_text(cells(names.owner)),
        "snapshot_time": cells(names.snapshot_time),
        "converted": outcome,
        "stage": stage,
        "call_seconds": cells(names.call_seconds),
        "dialogue": canonical(talks),
    }
    texts = (*schema.features.categorical, *schema.features.text)
    features = {name: cells(name) for name in schema.features.numeric} | {name: to_text(cells(name)) for name in texts}
    index = pd.RangeIndex(size)
    return pd.DataFrame(roles, index=index, columns=list(ROLE_COLUMNS)), pd.DataFrame(features, index=index)


def _read_values(
    roles: pd.DataFrame, features: pd.DataFrame, schema: Schema, need_outcome: bool, found: _Findings
) -> None:
    """Numbers and times, in place. By whole columns, for what a comma or 03/04 means is decided once per column."""
    names = schema.roles
    for frame, place, column in [
        (roles, "call_seconds", names.call_seconds or ""),
        *((features, name, name) for name in schema.features.numeric),
    ]:
        raw = frame[place]
        frame[place], bad = to_numbers(raw)
        found.rows("warning", column, bad, _NO_NUMBER, "it counts as missing; write a plain number", cells=raw)
    raw = roles["snapshot_time"]
    time, bad = to_times(raw)
    roles["snapshot_time"] = time.astype("datetime64[us]")
    if names.snapshot_time is not None:
        remedy = "write dates such as 2024-05-31 or 2024-05-31 14:30, or leave the cell empty"
        severity = "error" if need_outcome else "warning"
        found.rows(severity, names.snapshot_time, bad, "not a date", remedy, cells=raw)
        if need_outcome:
            remedy = "date these leads, or they are left out of training and test"
            found.rows("warning", names.snapshot_time, time.isna() & ~bad, "there is no date", remedy)
        if doubt := day_order(raw):
            found.note("warning", names.snapshot_time, doubt, "write 2024-05-31 for 31 May if that is wrong")


def _stages(cells: pd.Series, stages: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Position of each stage, -1 where empty, and a mask of the unknown; case, blanks, - and _ make no difference."""
    known = {_plain(stage): place for place, stage in reversed(list(enumerate(stages)))}
    known |= {stage: place for place, stage in enumerate(stages)}
    codes, spelt = pd.factorize(cells)
    places = np.array([known.get(stage, known.get(_plain(stage), -1)) for stage in spelt], dtype=np.int64)
    strange = np.array([bool(stages) and place < 0 and stage != "" for stage, place in zip(spelt, places, strict=True)])
    return (places[codes], strange[codes]) if len(cells) else (np.array([], dtype=np.int64), np.array([], dtype=bool))


def _plain(stage: str) -> str:
    return re.sub(r"[\s_\-]+", "", stage).casefold()


def _check_roles(roles: pd.DataFrame, schema: Schema, now: pd.Timestamp | None, found: _Findings) -> None:
    names, ids, time = schema.roles, roles["lead_id"], roles["snapshot_time"]
    if names.lead_id not in found.at_fault():
        found.rows("error", names.lead_id, ids == "", "the lead id is empty", "give every lead an id")
        twice = ids.duplicated(keep=False) & (ids != "")
        remedy = "keep one row per lead, or name a column that is unique"
        found.rows("error", names.lead_id, twice, "the lead id stands in several rows", remedy, cells=ids)
    if names.dialogue and not found.at_fault() & set(names.dialogue):
        remedy = "these leads are judged by their fields alone"
        found.rows("warning", ", ".join(names.dialogue), roles["dialogue"] == "", "there is no dialogue", remedy)
    if names.snapshot_time is not None:
        late = time > _utc(pd.Timestamp.now("UTC") if now is None else now)
        remedy = "check the format and the time zone; the newest date decides which outcomes are known"
        found.rows("warning", names.snapshot_time, late, "the date lies in the future", remedy, cells=time)


def _check_features(features: pd.DataFrame, schema: Schema, need_outcome: bool, found: _Findings) -> None:
    for name in [name for name in schema.features.columns() if name not in found.at_fault()]:
        column = features[name]
        if found.count(name, _NO_NUMBER) > column.notna().sum():
            found.escalate(name, _NO_NUMBER, "name it under features.categorical or text, or write plain numbers")
        elif need_outcome and (distinct := column.nunique()) <= 1:
            remedy = "it cannot tell leads apart; take it out of the schema"
            found.note("warning", name, "all leads have the same value", remedy)
        elif need_outcome and name in schema.features.categorical and distinct > max(MANY_CATEGORIES, len(column) / 5):
            message = f"{distinct:,} different values in {len(column):,} leads are many for a category"
            found.note("warning", name, message, "name it under features.text or numeric, or take an id out")


def _check_outcomes(
    roles: pd.DataFrame, schema: Schema, least: int, now: pd.Timestamp | None, found: _Findings
) -> None:
    names, stages, faulty = schema.roles, schema.funnel.stages, found.at_fault()
    converted, stage, time = roles["converted"], roles["stage"], roles["snapshot_time"]
    if names.converted is None or names.converted in faulty:
        return
    remedy = "they take no part in training and test"
    found.rows("warning", names.converted, converted.isna(), "the outcome is empty", remedy)
    if names.stage is not None and len(stages) > 1:
        remedy = "check the two columns, or the order of funnel.stages"
        lost, won = (stage == len(stages) - 1) & (converted == 0), (stage == 0) & (converted == 1)
        found.rows("warning", names.stage, lost, f"the deepest stage, '{stages[-1]}', but not converted", remedy)
        found.rows("warning", names.stage, won, f"the shallowest stage, '{stages[0]}', but converted", remedy)
    usable = converted.notna()
    if names.snapshot_time is not None and names.snapshot_time not in faulty:
        days = schema.split.maturity_days
        newest = time.max() if now is None else _utc(now)
        young = time > newest - pd.Timedelta(days=days)
        usable &= ~young
        message = f"the lead is younger than maturity_days = {days:g}: its outcome is not one yet"
        remedy = "it takes no part in training and test; wait, or set split.maturity_days lower"
        found.rows("warning", names.snapshot_time, young, message, remedy)
    won_count, count = int(converted[usable].sum()), int(usable.sum())
    counts = f"{won_count:,} of {count:,} leads with a known, mature outcome converted"
    fewest = min(won_count, count - won_count)
    if fewest == 0:
        found.note("error", names.converted, f"both outcomes are needed, however: {counts}", "give leads of both kinds")
    elif fewest < least:
        message = f"{least} converted and {least} other leads are needed, however: {counts}"
        found.note("error", names.converted, message, "give more leads")
    elif fewest < FEW_OF_EACH_CLASS:
        message = f"{counts}: enough to begin, too few for narrow intervals"
        found.note("warning", names.converted, message, f"{FEW_OF_EACH_CLASS} of each kind or more are better")


def _utc(moment: pd.Timestamp) -> pd.Timestamp:
    return moment.tz_convert("UTC").tz_localize(None) if moment.tzinfo is not None else moment
