"""Where a file's leads are kept while they are examined: in memory, or in a folder that holds more than memory could.

    folder/  leads-00000.parquet   one shard of rows, the file's own order; column "7" is the seventh below
             leads-00001.parquet
             column-3.npy          a whole column once its cells are read as numbers or times; it counts before theirs

The columns are those of `ROLE_COLUMNS`, then the schema's features. By place, since a file's names may hold anything.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.data.leads import ROLE_COLUMNS, Leads
from core.data.schema import Schema
from core.data.values import to_text


def put(partial: Path, path: Path) -> None:
    """Give a finished file its name. After a power cut too it is there whole or not at all."""
    to_disk(partial)
    os.replace(partial, path)


def to_disk(path: Path) -> None:
    """Have the system write a file to its disk now."""
    with path.open("rb+") as written:
        os.fsync(written.fileno())


class Columns(Protocol):
    """Columns of all leads by name: a frame, or what lies on disk and is read one by one."""

    def __getitem__(self, name: str, /) -> pd.Series: ...

    def __setitem__(self, name: str, values: pd.Series, /) -> None: ...


class Keeper(Protocol):
    """What takes the leads of a file chunk by chunk."""

    def add(self, roles: pd.DataFrame, features: pd.DataFrame) -> None:
        """One more chunk, as the file has it: numbers and times are still cells."""
        ...

    def whole(self) -> tuple[Columns, Columns]:
        """Roles and features of all chunks; what is set in them is kept."""
        ...


class InMemory:
    """The leads as two frames."""

    def __init__(self) -> None:
        self.parts: list[tuple[pd.DataFrame, pd.DataFrame]] = []

    def add(self, roles: pd.DataFrame, features: pd.DataFrame) -> None:
        self.parts.append((roles, features))

    def whole(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        if len(self.parts) > 1:
            self.parts = [(self._joined(0), self._joined(1))]
        return self.parts[0]

    def _joined(self, kind: int) -> pd.DataFrame:
        return pd.concat([part[kind] for part in self.parts], ignore_index=True)


class OnDisk:
    """The leads as shards in `folder`; `sizes` are the rows of each that is there."""

    def __init__(self, folder: Path, schema: Schema, sizes: tuple[int, ...] = ()) -> None:
        self.folder, self.schema, self.sizes = folder, schema, sizes
        self.names = (*ROLE_COLUMNS, *schema.features.columns())

    def __len__(self) -> int:
        """How many leads."""
        return sum(self.sizes)

    def whole_on_disk(self) -> bool:
        """Whether every shard is still there."""
        return all(self._shard(number).exists() for number in range(len(self.sizes)))

    def add(self, roles: pd.DataFrame, features: pd.DataFrame) -> None:
        columns = [roles[name] for name in ROLE_COLUMNS] + [features[name] for name in self.names[len(ROLE_COLUMNS) :]]
        cells = [pa.array(_storable(column), from_pandas=True) for column in columns]
        table = pa.table(cells, names=[str(place) for place in range(len(cells))])
        pq.write_table(table, self._shard(len(self.sizes)), compression="zstd")
        to_disk(self._shard(len(self.sizes)))
        self.sizes = (*self.sizes, len(roles))

    def whole(self) -> tuple[Columns, Columns]:
        return _Stored(self, 0), _Stored(self, len(ROLE_COLUMNS))

    def first_row(self, shard: int) -> int:
        """How many leads stand before those of the shard."""
        return sum(self.sizes[:shard])

    def leads(self, shard: int) -> Leads:
        """The leads of one shard, once all have been examined."""
        table = pq.read_table(self._shard(shard))
        start, size = self.first_row(shard), self.sizes[shard]
        columns = []
        for place in range(len(self.names)):
            known = self._column(place)
            if known.exists():
                columns.append(pd.Series(np.load(known, mmap_mode="r")[start : start + size].copy()))
            else:
                columns.append(_series(table.column(str(place))))
        roles = dict(zip(ROLE_COLUMNS, columns, strict=False))
        features = dict(zip(self.names[len(ROLE_COLUMNS) :], columns[len(ROLE_COLUMNS) :], strict=True))
        index = pd.RangeIndex(size)
        return Leads(pd.DataFrame(roles, index=index), pd.DataFrame(features, index=index), self.schema)

    def read(self, place: int) -> pd.Series:
        """The column at a place, for all leads."""
        if self._column(place).exists():
            return pd.Series(np.load(self._column(place), mmap_mode="r"))
        shards = [pq.read_table(self._shard(n), columns=[str(place)]).column(0) for n in range(len(self.sizes))]
        return pd.concat([_series(shard) for shard in shards], ignore_index=True)

    def write(self, place: int, values: pd.Series) -> None:
        """Replace a column by numbers or times, in one step: it is there whole or not at all."""
        partial = self._column(place).with_suffix(".part")
        with partial.open("wb") as file:
            np.save(file, values.to_numpy())
        put(partial, self._column(place))

    def _shard(self, number: int) -> Path:
        return self.folder / f"leads-{number:05d}.parquet"

    def _column(self, place: int) -> Path:
        return self.folder / f"column-{place}.npy"


class _Stored:
    """Columns on disk by name, of which one at a time is in memory."""

    def __init__(self, kept: OnDisk, first: int) -> None:
        self.kept, self.first = kept, first

    def __getitem__(self, name: str, /) -> pd.Series:
        return self.kept.read(self.kept.names.index(name, self.first))

    def __setitem__(self, name: str, values: pd.Series, /) -> None:
        self.kept.write(self.kept.names.index(name, self.first), values)


def _storable(column: pd.Series) -> pd.Series:
    """Cells of mixed kinds as text, which is how they would be read in any case."""
    kind = column.dtype
    plain = isinstance(kind, pd.StringDtype) or pd.api.types.is_numeric_dtype(kind)
    return column if plain or pd.api.types.is_datetime64_any_dtype(kind) else to_text(column)


def _series(column: pa.ChunkedArray) -> pd.Series:
    # Integers with gaps stay integers: as floats, times in nanoseconds would lose their last digits.
    return column.to_pandas(integer_object_nulls=True)
