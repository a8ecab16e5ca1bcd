"""Leads as Parquet: written once, read whole or a few at a time.

Columns are named `role:<name>`, `feature:<name>` and `shown:<name>`, in that order; the last are columns of the file
that are carried along for people (names, phone numbers) and that no model gets.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.data.leads import ROLE_COLUMNS, Leads
from core.data.schema import Schema
from core.data.values import to_text
from core.errors import LeadRankError

GROUP_ROWS = 25_000
"""Rows of a group, of which a look-up reads as few as it can."""
_ROLE_TYPES = dict.fromkeys(ROLE_COLUMNS, pa.large_string()) | {
    "snapshot_time": pa.timestamp("us"),
    "converted": pa.float64(),
    "stage": pa.int64(),
    "call_seconds": pa.float64(),
}


def write_leads(leads: Leads, path: Path, shown: pd.DataFrame | None = None) -> None:
    """Write the file in one step: it is there whole or not at all. `shown`: one row per lead, kept as text.

    A group of rows at a time is copied.

    Raises:
        LeadRankError: `shown` does not fit the leads, or the file cannot be written.
    """
    if shown is not None and (len(shown) != len(leads) or "lead_id" in shown):
        raise LeadRankError(
            f"columns to show need a row for each of the {len(leads):,} leads and names other than lead_id, "
            f"however: got {len(shown):,} rows and the columns {list(shown.columns)}; choose others, or rename them"
        )
    partial = path.with_name(f".{path.name}.part")
    groups = _groups(leads, shown)
    first = next(groups)
    bloom = {"role:lead_id": {"ndv": GROUP_ROWS}}
    try:
        with pq.ParquetWriter(partial, first.schema, compression="zstd", bloom_filter_options=bloom) as writer:
            for group in chain([first], groups):
                writer.write_table(group)
        os.replace(partial, path)
    except OSError as error:
        raise LeadRankError(
            f"the leads could not be written: the system says '{error.strerror or 'no'}'; see that the disk has room"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _groups(leads: Leads, shown: pd.DataFrame | None) -> Iterator[pa.Table]:
    """The rows of the file, one group after the other; an empty one where there are no leads."""
    for start in range(0, max(len(leads), 1), GROUP_ROWS):
        columns = columns_of(leads.take(np.arange(start, min(start + GROUP_ROWS, len(leads)))))
        if shown is not None:
            people = shown.iloc[start : start + GROUP_ROWS]
            columns |= {f"shown:{name}": _array(to_text(people[name]), pa.large_string()) for name in people.columns}
        yield pa.table(columns)


def columns_of(leads: Leads) -> dict[str, pa.Array]:
    """The leads' columns as they are stored, by their names there."""
    columns = {f"role:{name}": _array(pd.Series(leads.roles[name]), kind) for name, kind in _ROLE_TYPES.items()}
    numeric = leads.schema.features.numeric
    for name in leads.features.columns:
        kind = pa.float64() if name in numeric else pa.large_string()
        columns[f"feature:{name}"] = _array(leads.features[name], kind)
    return columns


def read_leads(path: Path, schema: Schema, lead_ids: Sequence[str] | None = None) -> Leads:
    """All leads in the order of the file, or those of `lead_ids` in that order.

    Raises:
        LeadRankError: the file is missing, damaged or of another schema, or has no lead of some id.
    """
    frame = _read(path, ("role:", "feature:"), lead_ids)
    roles = frame[[f"role:{name}" for name in ROLE_COLUMNS]].set_axis(list(ROLE_COLUMNS), axis=1)
    names = [name for name in frame.columns if name.startswith("feature:")]
    features = frame[names].set_axis([name.removeprefix("feature:") for name in names], axis=1)
    need_columns(features, schema)
    return Leads(roles, features, schema)


def need_columns(features: pd.DataFrame, schema: Schema) -> None:
    """Raises LeadRankError where the schema names features that are not there."""
    lacking = [name for name in schema.features.columns() if name not in features]
    if lacking:
        raise LeadRankError(
            f"the stored leads have no column {lacking}, which the schema names; bring the file in again"
        )


def read_outcomes(path: Path, schema: Schema) -> Leads:
    """All leads without their words and fields, which take most of the memory: for what asks for outcomes alone."""
    names = [name for name in ROLE_COLUMNS if name != "dialogue"]
    frame = _read(path, tuple(f"role:{name}" for name in names), None)
    roles = frame[[f"role:{name}" for name in names]].set_axis(names, axis=1)
    return Leads(roles.assign(dialogue=""), pd.DataFrame(index=roles.index), schema)


def read_field(path: Path, name: str) -> pd.Series:
    """One feature of all leads, in the order of the file.

    Raises:
        LeadRankError: the file is missing or damaged, or has no such feature.
    """
    frame = _read(path, (f"feature:{name}",), None)  # and those whose names begin alike
    if f"feature:{name}" not in frame:
        raise LeadRankError(
            f"the stored leads have no column ['{name}'], which the schema names; bring the file in again"
        )
    return frame[f"feature:{name}"].rename(name)


def read_shown(path: Path, lead_ids: Sequence[str] | None = None) -> pd.DataFrame:
    """lead_id and the columns to show, all text; rows as in `read_leads`."""
    frame = _read(path, ("role:lead_id", "shown:"), lead_ids)
    return frame.set_axis(["lead_id", *(name.removeprefix("shown:") for name in frame.columns[1:])], axis=1)


def read_rows(path: Path, places: Sequence[int]) -> pd.DataFrame:
    """The rows at these places (0 is the first lead), whose number is the index, in order; columns as they are stored.

    Raises:
        LeadRankError: the file is missing or damaged.
    """
    query = (
        "SELECT * FROM read_parquet(?, file_row_number = true) WHERE file_row_number IN (SELECT unnest(?::BIGINT[]))"
    )
    try:
        names = pq.read_schema(path).names
        with duckdb.connect(config={"threads": 2}) as connection:
            given = [literal_name(path), sorted({int(place) for place in places})]
            table = connection.sql(query, params=given).to_arrow_table()
    except (OSError, pa.ArrowException, duckdb.Error) as error:
        raise unreadable(path) from error
    # By place, as DuckDB renames columns whose names differ in case alone.
    frame = table.to_pandas().set_axis([*names, "place"], axis=1)
    return frame.set_index("place")


def decided_ids(path: Path, maturity_days: float, most: int) -> list[str]:
    """Ids of the newest `most` leads whose outcome is final, newest first; those without a date come last, and of one
    date the later of the file first.

    Final is what `splitting.open_rows` leaves out; told here without reading more than three columns, since a dataset
    may have millions of dialogues.

    Raises:
        LeadRankError: the file is missing or damaged.
    """
    query = """
        WITH rows AS (SELECT "role:lead_id" AS id, "role:snapshot_time" AS made, "role:converted" AS converted,
                             file_row_number AS place FROM read_parquet($path, file_row_number = true))
        SELECT id FROM rows
        WHERE converted = 1 OR (
            converted = 0
            AND (made IS NULL OR made <= (SELECT max(made) FROM rows) - to_microseconds($maturity::BIGINT))
        )
        ORDER BY made DESC NULLS LAST, place DESC LIMIT $most::BIGINT
    """
    maturity = pd.Timedelta(days=maturity_days) // pd.Timedelta(microseconds=1)
    given = {"path": literal_name(path), "maturity": maturity, "most": most}
    try:
        with duckdb.connect(config={"threads": 2}) as connection:
            return [id for (id,) in connection.execute(query, given).fetchall()]
    except (OSError, duckdb.Error) as error:
        raise unreadable(path) from error


def literal_name(path: Path) -> str:
    """The path as DuckDB has to be told it, for which `*`, `?` and `[` are patterns.

    Example:
        >>> literal_name(Path("a[1]/b.parquet"))
        'a[[]1]/b.parquet'
    """
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _read(path: Path, starts: tuple[str, ...], lead_ids: Sequence[str] | None) -> pd.DataFrame:
    wanted = None if lead_ids is None else [str(lead_id) for lead_id in lead_ids]
    try:
        names = pq.read_schema(path).names
        # By place: DuckDB takes no notice of case in names, and those of a file may differ in nothing else.
        places = [place for place, name in enumerate(names) if name.startswith(starts)]
        query = f"SELECT {', '.join(f'#{place + 1}' for place in places)} FROM read_parquet(?)"
        given: list[object] = [literal_name(path)]
        if wanted is not None:
            one = len(wanted) == 1  # for which DuckDB asks the bloom filter of each group
            query += ' WHERE "role:lead_id" ' + ("= ?" if one else "IN (SELECT unnest(?::VARCHAR[]))")
            given.append(wanted[0] if one else wanted)
        with duckdb.connect(config={"threads": 2}) as connection:
            table = connection.sql(query, params=given).to_arrow_table()
    except (OSError, pa.ArrowException, duckdb.Error) as error:
        raise unreadable(path) from error
    frame = table.to_pandas().set_axis([names[place] for place in places], axis=1)
    if wanted is None:
        return frame
    found = pd.Index(frame["role:lead_id"]).get_indexer(pd.Index(wanted, dtype="str"))
    if (found < 0).any():
        absent = [wanted[place] for place in np.flatnonzero(found < 0)]
        more = f" and {len(absent) - 1:,} more" if len(absent) > 1 else ""
        raise LeadRankError(
            f"there is no lead {absent[0]!r}{more} in this dataset; see that the id and dataset are right"
        )
    return frame.iloc[found].reset_index(drop=True)


def unreadable(path: Path) -> LeadRankError:
    """What is raised where the file of stored leads is missing or damaged."""
    return LeadRankError(
        f"the stored leads '{path.name}' cannot be read: the file is missing or damaged; put it back from a backup, or "
        "bring the leads in again"
    )


def _array(column: pd.Series, kind: pa.DataType) -> pa.Array:
    if pa.types.is_large_string(kind):
        return pa.array(column.astype("str"), kind)
    if pa.types.is_timestamp(kind):
        return pa.array(column.astype("datetime64[us]"), kind)
    # Numbers bit for bit, so that what is read back hashes the same.
    return pa.array(column.to_numpy(dtype=kind.to_pandas_dtype()), kind, from_pandas=False)
