"""Validated leads: what every later step takes and none changes."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from core.data.schema import Schema
from core.errors import LeadRankError, NotComputable

ROLE_COLUMNS = ("lead_id", "customer_id", "owner", "snapshot_time", "converted", "stage", "call_seconds", "dialogue")

SEARCHED_IDS = 20_000
"""Lead ids among which one that was mistyped is looked for."""


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
        return Leads(
            self.roles.iloc[rows].reset_index(drop=True), self.features.iloc[rows].reset_index(drop=True), self.schema
        )

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
            for column in frame.columns:
                digest.update(str(column).encode())
                digest.update(pd.util.hash_pandas_object(frame[column], index=False).to_numpy().tobytes())
        return digest.hexdigest()
