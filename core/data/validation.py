"""Do the leads fit the schema? Every problem is gathered before any is reported, chunk by chunk, in bounded memory.

    chunks of a file -> by chunk: text, outcomes, dialogue -> whole file: numbers, dates, ids -> Leads, Report

Rows are numbered as a spreadsheet shows them: the header is row 1. With `need_outcome` (to train and to evaluate) every
column of the schema is demanded; without it (to score) only the lead id, the features and the dialogue are, and faults
in columns that scoring does not read are warnings. A `lead_id` of "#row" takes the place in the file for an id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.checks import (
    LEAST_OF_EACH_CLASS,
    NO_NUMBER,
    check_columns,
    check_features,
    check_outcomes,
    check_roles,
)
from core.data.dialogue import canonical
from core.data.keeping import Columns, InMemory, Keeper
from core.data.leads import ROLE_COLUMNS, Leads
from core.data.problems import Findings, Report
from core.data.reading import column_names, read_chunks
from core.data.schema import ROW_NUMBER, Schema
from core.data.values import day_order, to_numbers, to_outcomes, to_text, to_times
from core.errors import ValidationError


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
    held = InMemory()
    report = examine_onto(
        held,
        frame,
        schema,
        need_outcome=need_outcome,
        least_of_each_class=least_of_each_class,
        now=now,
        names=names,
        on_progress=on_progress,
    )
    return (None if report.errors else Leads(*held.whole(), schema)), report


def examine_onto(
    keeper: Keeper,
    frame: pd.DataFrame | Iterable[pd.DataFrame],
    schema: Schema,
    *,
    need_outcome: bool = False,
    least_of_each_class: int = LEAST_OF_EACH_CLASS,
    now: pd.Timestamp | None = None,
    names: Sequence[str] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Report:
    """`examine`, with the leads left in `keeper`, which holds no sound ones where the report has errors."""
    found, rows = Findings(), 0
    for chunk in [frame] if isinstance(frame, pd.DataFrame) else frame:
        if not rows:
            check_columns(list(chunk.columns if names is None else names), schema, need_outcome, found)
        keeper.add(*_texts(chunk, schema, rows, need_outcome, found))
        rows += len(chunk)
        if on_progress is not None:
            on_progress(rows)
    if rows:
        roles, features = keeper.whole()
        _read_values(roles, features, schema, need_outcome, found)
        check_roles(roles, schema, now, found)
        check_features(features, schema, need_outcome, found)
        if need_outcome:
            check_outcomes(roles, schema, least_of_each_class, now, found)
    else:
        found.note("error", "", "the file holds no leads", "give a file with one row per lead below the header")
    return Report(rows, found.problems("error"), found.problems("warning"))


def _sound(leads: Leads | None, report: Report) -> tuple[Leads, Report]:
    if leads is None:
        raise ValidationError(tuple(str(problem) for problem in report.errors))
    return leads, report


def _texts(
    chunk: pd.DataFrame, schema: Schema, start: int, need_outcome: bool, found: Findings
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
    dialogue = canonical(talks)
    if names.dialogue and not found.at_fault() & set(names.dialogue):
        remedy = "these leads are judged by their fields alone"
        found.rows("warning", ", ".join(names.dialogue), dialogue == "", "there is no dialogue", remedy, start=start)
    roles = {
        "lead_id": ids,
        "customer_id": customer.where(customer != "", ids),
        "owner": to_text(cells(names.owner)),
        "snapshot_time": cells(names.snapshot_time),
        "converted": outcome,
        "stage": stage,
        "call_seconds": cells(names.call_seconds),
        "dialogue": dialogue,
    }
    texts = (*schema.features.categorical, *schema.features.text)
    features = {name: cells(name) for name in schema.features.numeric} | {name: to_text(cells(name)) for name in texts}
    index = pd.RangeIndex(size)
    return pd.DataFrame(roles, index=index, columns=list(ROLE_COLUMNS)), pd.DataFrame(features, index=index)


def _read_values(roles: Columns, features: Columns, schema: Schema, need_outcome: bool, found: Findings) -> None:
    """Numbers and times, in place. By whole columns, for what a comma or 03/04 means is decided once per column."""
    names = schema.roles
    for table, place, column in [
        (roles, "call_seconds", names.call_seconds or ""),
        *((features, name, name) for name in schema.features.numeric),
    ]:
        raw = table[place]
        table[place], bad = to_numbers(raw)
        found.rows("warning", column, bad, NO_NUMBER, "it counts as missing; write a plain number", cells=raw)
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
    known = {plain_stage(stage): place for place, stage in reversed(list(enumerate(stages)))}
    known |= {stage: place for place, stage in enumerate(stages)}
    codes, spelt = pd.factorize(cells)
    places = np.array([known.get(stage, known.get(plain_stage(stage), -1)) for stage in spelt], dtype=np.int64)
    strange = np.array([bool(stages) and place < 0 and stage != "" for stage, place in zip(spelt, places, strict=True)])
    return (places[codes], strange[codes]) if len(cells) else (np.array([], dtype=np.int64), np.array([], dtype=bool))


def plain_stage(stage: str) -> str:
    """A stage as it is compared: case, blanks, - and _ make no difference.

    Example:
        >>> plain_stage("Test drive") == plain_stage("test_drive")
        True
    """
    return re.sub(r"[\s_\-]+", "", stage).casefold()
