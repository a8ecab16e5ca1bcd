"""Validated leads: what every later step takes and none changes."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa

from core.data.schema import Schema
from core.errors import LeadRankError, NotComputable

ROLE_COLUMNS = ("lead_id", "customer_id", "owner", "snapshot_time", "converted", "stage", "call_seconds", "dialogue")

SEARCHED_IDS = 20_000
"""Lead ids among which one that was mistyped is looked for."""
HASHED_LEADS = 65_536
"""Leads whose texts are in memory as Python's own while they are hashed."""


@dataclass(frozen=True)
class Leads:
    """Leads that passed validation. Never mutated; `take` makes a new one.

    `roles`: one row per lead, always these columns, with a 0..n-1 index:
        lead_id        str, unique
        customer_id    str; the lead_id where the customer is unknown
        owner          str, "" where unknown
        snapshot_time  datetime64[us], UTC, naive; NaT where unknown
        converted      float64: 1.0, 0.0, or NaN where unknown
        stage          int64: position in schema.funnel.stages, -1 where unknown
        call_seconds   float64, NaN where unknown
        dialogue       str: one turn a line, "Speaker: words", oldest first; "" where there is none
    `features`: same index; the schema's numeric (float64), categorical (str, "" = missing) and text (str) columns.
    """

    roles: pd.DataFrame
    features: pd.DataFrame
    schema: Schema

    def __len__(self) -> int:
        return len(self.roles)

    def take(self, rows: np.ndarray) -> Leads:
        """The leads at integer positions `rows`, in that order."""
        rows = np.asarray(rows)
        if rows.dtype == bool or (rows < 0).any():
            rows = np.arange(len(self))[rows]
        return Leads(_taken(self.roles, rows), _taken(self.features, rows), self.schema)

    def without_words(self) -> Leads:
        """The same leads as if nothing had been said or written, for what asks for fields and outcomes alone: words
        take most of the memory."""
        texts = dict.fromkeys(self.schema.features.text, "")
        return Leads(self.roles.assign(dialogue=""), self.features.assign(**texts), self.schema)

    def row_of(self, lead_id: str) -> int:
        """Where the lead stands.

        Raises:
            LeadRankError: it is not there; names ids that look alike.
        """
        rows = np.flatnonzero((self.lead_id == lead_id).to_numpy())
        if len(rows) == 1:
            return int(rows[0])
        near = difflib.get_close_matches(lead_id, self.lead_id.iloc[:SEARCHED_IDS].tolist())
        meant = f"did you mean {' or '.join(near)}?" if near else "take one from the column lead_id of the leads"
        raise LeadRankError(f"lead_id must be one of the {len(self):,} leads given, however: got='{lead_id}'; {meant}")

    def labelled(self, part: str) -> Leads:
        """The leads whose outcome is known; `part` names them in the message.

        Raises:
            NotComputable: none converted, or all did.
        """
        known = self.take(np.flatnonzero(np.isfinite(self.converted)))
        won = int(known.converted.sum())
        if not 0 < won < len(known):
            raise NotComputable(
                f"the {part} part needs converted and unconverted leads, however: {won} of {len(known)} leads with a "
                "known outcome converted; give more leads, or other shares under [split]"
            )
        return known

    @property
    def lead_id(self) -> pd.Series:
        return self.roles["lead_id"]

    @property
    def converted(self) -> np.ndarray:
        """Shape (n,), float64: 1.0, 0.0 or NaN."""
        return self.roles["converted"].to_numpy(dtype=np.float64)

    @property
    def stage(self) -> np.ndarray:
        """Shape (n,), int64: position in the funnel, -1 where unknown."""
        return self.roles["stage"].to_numpy(dtype=np.int64)

    @property
    def call_seconds(self) -> np.ndarray:
        """Shape (n,), float64 seconds, NaN where unknown."""
        return self.roles["call_seconds"].to_numpy(dtype=np.float64)

    @property
    def dialogue(self) -> pd.Series:
        return self.roles["dialogue"]

    @cached_property
    def content_hash(self) -> str:
        """sha256 over every value that a model may see or learn from; the same leads in the same order hash alike."""
        digest = hashlib.sha256()
        for frame in (self.roles, self.features):
            for name in frame.columns:
                digest.update(str(name).encode())
                for start in range(0, len(frame), HASHED_LEADS):
                    part = frame[name].iloc[start : start + HASHED_LEADS]
                    digest.update(pd.util.hash_pandas_object(part, index=False).to_numpy().tobytes())
        return digest.hexdigest()


def _taken(frame: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    pieces = {name: found for name, column in frame.items() if (found := _pieces(column)) is not None}
    if not pieces:
        return frame.iloc[rows].reset_index(drop=True)
    rest = frame[[name for name in frame.columns if name not in pieces]].iloc[rows].reset_index(drop=True)
    texts = {name: _text_at(found, rows) for name, found in pieces.items()}
    return pd.concat([rest, pd.DataFrame(texts, index=rest.index)], axis=1)[list(frame.columns)]


def _pieces(column: pd.Series) -> pa.ChunkedArray | None:
    """The pieces of a text column that lies in several, as those of large files do."""
    if not isinstance(column.array, pd.arrays.ArrowStringArray):
        return None
    held = pa.array(column.array)
    return held if isinstance(held, pa.ChunkedArray) and held.num_chunks > 1 else None


def _text_at(pieces: pa.ChunkedArray, rows: np.ndarray) -> pd.Series:
    """The texts at `rows`. Arrow itself would copy the whole column, which may be larger than memory."""
    rising = bool((rows[1:] >= rows[:-1]).all())
    order = np.arange(len(rows)) if rising else np.argsort(rows, kind="stable")
    ends = np.cumsum([len(piece) for piece in pieces.chunks])
    bounds = [0, *np.searchsorted(rows[order], ends).tolist()]
    found = []
    for number, (low, high) in enumerate(pairwise(bounds)):
        if low < high:
            piece = pieces.chunk(number)
            found.append(piece.take(pa.array(rows[order[low:high]] - (ends[number] - len(piece)))))
    taken = pa.chunked_array(found, pieces.type)
    if not rising:
        taken = pa.chunked_array([pa.concat_arrays(found).take(pa.array(np.argsort(order)))])
    return taken.to_pandas()
