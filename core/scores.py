"""What a model says about leads: ranked scores, and why one lead got its score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.data.changing import Unit
from core.data.finding import distinct, places, texts
from core.data.formulas import neutral, original
from core.data.leads import Leads
from core.data.reading import column_names, read_table
from core.data.schema import Schema
from core.errors import LeadRankError, ReadError
from core.progress import Watch, nobody

COLUMNS = ("lead_id", "score", "probability", "rank")
PART = "part:"
"""Begins the columns that a score is the sum of, such as `part:budget`; see `core.scoring.score`."""
DIALOGUE = "dialogue"
"""The part of the words: of the dialogue, and of text fields, which are read along with it."""
TEXT = "what the text says"
"""The part of the words where the text that is read tells the fields as well."""


@dataclass(frozen=True)
class Scores:
    """Ranked leads, best first.

    `frame` holds `lead_id` (str), `score` (the ranking score, any scale), `probability` (calibrated, 0..1) and `rank`
    (1 = call first; ties broken by lead_id); a model may add numeric columns of its own, such as each head's logit.
    """

    frame: pd.DataFrame

    @staticmethod
    def ranked(
        lead_id: pd.Series | np.ndarray, score: np.ndarray, probability: np.ndarray, **more: np.ndarray
    ) -> Scores:
        """Sort by score, ties by lead_id, and number from 1.

        Example:
            >>> scores = Scores.ranked(np.array(["b", "a"]), np.array([1.0, 1.0]), np.array([0.2, 0.3]))
            >>> scores.frame["lead_id"].tolist()
            ['a', 'b']
        """
        columns = {"lead_id": np.asarray(lead_id, dtype=object), "score": score, "probability": probability, **more}
        frame = pd.DataFrame(columns)
        if not np.isfinite(frame["score"].to_numpy(dtype=float)).all():
            raise LeadRankError(
                "scores must be finite numbers, however: some leads got none; this model cannot rank these leads"
            )
        told = pa.table({"score": frame["score"].to_numpy(dtype=float), "lead_id": texts(frame["lead_id"])})
        order = pc.sort_indices(told, sort_keys=[("score", "descending"), ("lead_id", "ascending")])
        frame = frame.iloc[order.to_numpy()].reset_index(drop=True)
        frame.insert(3, "rank", np.arange(1, len(frame) + 1))
        return Scores(frame)

    def __len__(self) -> int:
        return len(self.frame)

    def aligned(self, lead_ids: pd.Series) -> pd.DataFrame:
        """The rows for `lead_ids`, in that order.

        Raises:
            LeadRankError: some of the ids were not scored.
        """
        at = places(texts(lead_ids), texts(self.frame["lead_id"]))
        missing = at < 0
        if missing.any():
            raise LeadRankError(
                f"{int(missing.sum())} of {len(at)} leads have no score, the first of them "
                f"'{lead_ids.iloc[int(missing.argmax())]}': score the same lead file that is evaluated"
            )
        return self.frame.iloc[at].reset_index(drop=True)


def joined(parts: Sequence[Scores]) -> Scores:
    """The leads of several rankings by one scorer, ranked as one."""
    if len(parts) == 1:
        return parts[0]
    frame = pd.concat([part.frame for part in parts], ignore_index=True).drop(columns="rank")
    return Scores.ranked(**{str(name): column.to_numpy() for name, column in frame.items()})


def write_scores(scores: Scores, path: Path) -> None:
    """Write .parquet, or .csv in which no lead id can act as a spreadsheet formula (a quote mark before it is text)."""
    frame = scores.frame
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.assign(lead_id=neutral(frame["lead_id"])).to_csv(path, index=False)


def read_scores(path: Path) -> Scores:
    """Read what `write_scores` wrote, or any table with lead_id and score; probability may be missing.

    Raises:
        ReadError: no table, missing columns, repeated leads, or scores that are no numbers; names the rows.
    """
    names = column_names(path)
    missing = [name for name in ("lead_id", "score") if name not in names]
    if missing:
        raise ReadError(
            f"'{path.name}': a score file needs the columns lead_id and score, however: {missing} missing; "
            "`score` writes one"
        )
    # Millions of leads with a column for each part would take gigabytes.
    frame = read_table(path, columns=[name for name in ("lead_id", "score", "probability") if name in names])
    ids = frame["lead_id"].astype(str)
    if path.suffix != ".parquet":
        ids = original(ids)
    if distinct(texts(ids)) < len(ids):
        rows = (np.flatnonzero(ids.duplicated())[:5] + 2).tolist()
        raise ReadError(f"'{path.name}': each lead may have one score, however: rows {rows} repeat a lead_id")
    columns = {}
    for name in frame.columns.intersection(["score", "probability"]):
        columns[name] = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float)
        bad = ~np.isfinite(columns[name])
        if bad.any():
            rows = (np.flatnonzero(bad)[:5] + 2).tolist()
            raise ReadError(f"'{path.name}': column '{name}' must hold numbers, however: rows {rows} do not")
    return Scores.ranked(
        ids.to_numpy(dtype=object), columns["score"], columns.get("probability", np.full(len(ids), np.nan))
    )


class Scorer(Protocol):
    """Anything that ranks leads: a trained run, a baseline, a rule, a fake in a test."""

    @property
    def name(self) -> str:
        """Shown in tables, such as `LightGBM (fields)`."""
        ...

    @property
    def schema(self) -> Schema:
        """Of the leads that it was trained on: what a lead file needs to be scored."""
        ...

    def score(self, leads: Leads, watch: Watch = nobody) -> Scores:
        """Score each lead once; the result holds one row per lead."""
        ...


class Rescorer(Protocol):
    """Scores changed copies of one lead, which it was made for; what they share with it is read once."""

    @property
    def lead(self) -> Leads:
        """That one lead as the model reads it: without names, where it reads none."""
        ...

    def score(self, changed: Leads) -> pd.DataFrame:
        """One row per changed lead, in their order and not ranked; their ids do not matter.

        Columns: score and probability, as in `Scores`; pointwise_logit and pairwise_score where the model has heads.
        """
        ...

    def blanked(self, units: Sequence[Unit], text: str) -> pd.DataFrame:
        """As `score`, the lead itself for each of its units: `text` in place of the words of that field or turn, token
        by token, and the training mean in place of its numbers.

        Raises:
            LeadRankError: the lead has no such field or turn.
            NotComputable: the scorer is no trained run.
        """
        ...

    def readings(self, changed: Leads) -> np.ndarray:
        """What `score` would cost, shape (n,): each changed lead's share of a whole reading of the lead; 0 where
        nothing has to be read, since the same was read before, or no language model reads."""
        ...

    def unmet(self, changed: Leads) -> list[tuple[str, ...]]:
        """Fields of each changed lead whose value the model hardly met in training; () where that is not known."""
        ...


@dataclass(frozen=True)
class Contribution:
    """How much one part of the input moved the logit: positive speaks for the lead, negative against it."""

    kind: str
    """`field`, `turn` or `word`."""
    name: str
    """Field name; `turn 3`; or the word itself."""
    text: str
    """The field's value, "" where missing; the words of the turn; for a word, the name of its turn or text field."""
    value: float
    """In units of the head's logit."""
    turn: int | None = None
    """0-based position in the whole dialogue, for turns and their words."""
    speaker: str = ""
    second: float | None = None
    """The value against a second baseline, in the same units; None where it was not worked out."""


@dataclass(frozen=True)
class Proof:
    """What the same model says of the lead once one unit of it is really left out: computed, not estimated."""

    kind: str
    """`field` or `turn`, and `lead` for the lead with nothing left out."""
    name: str
    turn: int | None
    score: float
    """The ranking score, on the scale of `Scores`."""
    probability: float
    logit: float
    """Of the head that is explained."""
    blank: float | None = None
    """That head's logit where the unit is not left out, but says nothing: `Rescorer.blanked`; None where it was not
    worked out."""


@dataclass(frozen=True)
class Attribution:
    """Why one lead got its logit: contributions that sum to `logit - baseline_logit` within `relative_error`."""

    lead_id: str
    head: str
    logit: float
    baseline_logit: float
    relative_error: float
    converged: bool
    steps: int
    fields: tuple[Contribution, ...]
    turns: tuple[Contribution, ...]
    words: tuple[Contribution, ...]
    truncated_turns: int = 0
    """Oldest turns that the token limit left out: they could not move the score."""
    method: str = "integrated gradients"
    proofs: tuple[Proof, ...] = ()
    """Of the strongest fields and turns, in their order; () where none was proved yet."""
    unchanged: Proof | None = None
    """The lead with nothing left out, scored beside its proofs; None where there are none."""
    neutral: str = ""
    """What stood for words not said; "" where no text was read."""
