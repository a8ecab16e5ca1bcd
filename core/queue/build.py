"""Scores and leads become one Parquet file, a row a lead, best first: what `Queue` reads.

Columns: rank, lead_id, score, probability, previous_rank, previous_probability, trend, owner, owner_rank,
snapshot_time, stage, `field:<column>` for each numeric and categorical feature, `shown:<column>`, reasons,
pointwise_logit, pairwise_score, search. Where a value is unknown: null in numbers and dates, "" in text.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.data.leads import Leads
from core.data.prompts import shown_value
from core.errors import LeadRankError
from core.queue.reasons import reason_texts
from core.scores import PART, Scores

MOVED = 0.05
"""Share of the queue that a lead has to cross to be called improving or declining. Source: ours; two scorings of the
same leads by the same model trade neighbours all the time, a twentieth of the queue is a move that a person sees."""
ROWS = 16_384
"""Rows of a row group. A shown page is fetched by its ranks, which may lie anywhere: a smaller group means that less is
unpacked beside each row, a larger one that a whole scan has fewer pieces."""
BETWEEN = "\x1f"
"""Between the texts that are searched, so that no match spans two of them."""


def build_queue(
    path: Path,
    scores: Scores,
    leads: Leads,
    *,
    shown: pd.DataFrame | None = None,
    parts: pd.DataFrame | None = None,
    previous: Path | None = None,
) -> None:
    """Write the queue of `scores` to `path`; the file appears whole or not at all.

    `leads` must hold every scored lead and may hold more. `shown`: lead_id and columns for people only. `parts`:
    lead_id, one column per field and "dialogue", exact additive contributions to the score; without it the `part:`
    columns of `scores` are taken, without those there are no reasons. `previous`: the queue file of the scoring before.

    Trend: `improving` or `declining` where a lead crossed more than `MOVED` of the queue since `previous` (places as
    shares of the queue's length then and now), `steady` otherwise, `new` where it was not in it; "" without `previous`.

    Raises:
        LeadRankError: scored leads that `leads` does not hold; no leads at all; `previous` is no queue file.
    """
    frame = scores.frame
    if not len(frame):
        raise LeadRankError("a queue needs at least one scored lead, however: got none")
    ids = frame["lead_id"].astype(object)
    at = _places(ids, leads.lead_id, "the leads of this dataset do not hold")
    shown_at = None if shown is None else _places(ids, shown["lead_id"], None)
    contributions = _Contributions.of(frame, ids, parts)
    owner = leads.roles["owner"].astype(object).iloc[at].to_numpy()
    rank = np.arange(1, len(frame) + 1, dtype=np.int32)
    owner_rank = (pd.Series(owner).groupby(owner, sort=False).cumcount() + 1).to_numpy(dtype=np.int32)
    before = None if previous is None else _before(previous, ids)
    stages = np.array([*leads.schema.funnel.stages, ""], dtype=object)
    unfinished = path.with_name(path.name + ".part")
    writer: pq.ParquetWriter | None = None
    try:
        for start in range(0, len(frame), ROWS):
            rows = slice(start, start + ROWS)
            taken = leads.take(at[rows])
            columns: dict[str, pa.Array] = {
                "rank": pa.array(rank[rows]),
                "lead_id": _text(ids.iloc[rows]),
                "score": _number(frame["score"].iloc[rows]),
                "probability": _number(frame["probability"].iloc[rows]),
                **_trend(before, rank[rows], rows, len(frame)),
                "owner": _text(taken.roles["owner"]),
                "owner_rank": pa.array(owner_rank[rows]),
                "snapshot_time": pa.array(taken.roles["snapshot_time"], pa.timestamp("us"), from_pandas=True),
                "stage": _text(stages[taken.stage]),
            }
            for column in leads.schema.features.numeric:
                columns[f"field:{column}"] = _number(taken.features[column])
            for column in leads.schema.features.categorical:
                columns[f"field:{column}"] = _text(taken.features[column])
            people = [columns["lead_id"]]
            if shown is not None and shown_at is not None:
                for column in shown.columns.drop("lead_id"):
                    columns[f"shown:{column}"] = _shown(shown[column], shown_at[rows])
                    people.append(columns[f"shown:{column}"])
            columns["reasons"] = _text(reason_texts(contributions.names, contributions.values(rows), taken))
            for column in ("pointwise_logit", "pairwise_score"):
                more = frame[column].iloc[rows] if column in frame else pd.Series(np.nan, index=range(len(taken)))
                columns[column] = _number(more)
            columns["search"] = pc.utf8_lower(pc.binary_join_element_wise(*people, BETWEEN))
            table = pa.table(list(columns.values()), names=list(columns))
            if writer is None:
                writer = _writer(unfinished, table.schema)
            writer.write_table(table, row_group_size=ROWS)
        if writer is not None:
            writer.close()
        os.replace(unfinished, path)
    finally:
        if writer is not None:
            writer.close()
        unfinished.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Contributions:
    """Additive parts of the scores, read a stretch of the queue at a time."""

    names: list[str]
    columns: list[str]
    frame: pd.DataFrame
    at: np.ndarray

    @staticmethod
    def of(scored: pd.DataFrame, ids: pd.Series, parts: pd.DataFrame | None) -> _Contributions:
        if parts is None:
            columns = [str(c) for c in scored.columns if str(c).startswith(PART)]
            return _Contributions([c.removeprefix(PART) for c in columns], columns, scored, np.arange(len(scored)))
        columns = [str(c) for c in parts.columns if c != "lead_id"]
        at = _places(ids, parts["lead_id"], "have no contributions")
        return _Contributions(columns, columns, parts, at)

    def values(self, rows: slice) -> np.ndarray:
        """Shape (leads, parts)."""
        return self.frame[self.columns].iloc[self.at[rows]].to_numpy(dtype=float)


@dataclass(frozen=True)
class _Before:
    """Where each lead of the new queue stood in the one before; NaN where it did not."""

    rank: np.ndarray
    probability: np.ndarray
    leads: int


def _before(path: Path, ids: pd.Series) -> _Before:
    try:
        table = pq.read_table(path, columns=["lead_id", "rank", "probability"]).to_pandas()
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise LeadRankError(
            "the earlier scoring's queue file cannot be read: it is missing or damaged; score without it"
        ) from error
    at = pd.Index(table["lead_id"].astype(object)).get_indexer(pd.Index(ids))
    known = at >= 0
    rank = np.where(known, table["rank"].to_numpy(dtype=float)[at], np.nan)
    probability = np.where(known, table["probability"].to_numpy(dtype=float)[at], np.nan)
    return _Before(rank, probability, len(table))


def _trend(before: _Before | None, rank: np.ndarray, rows: slice, leads: int) -> dict[str, pa.Array]:
    if before is None:
        none = np.full(len(rank), np.nan)
        return _trend_columns(none, none, np.full(len(rank), "", dtype=object))
    risen = before.rank[rows] / before.leads - rank / leads
    word = np.select([np.isnan(risen), risen > MOVED, risen < -MOVED], ["new", "improving", "declining"], "steady")
    return _trend_columns(before.rank[rows], before.probability[rows], word.astype(object))


def _trend_columns(rank: np.ndarray, probability: np.ndarray, word: np.ndarray) -> dict[str, pa.Array]:
    return {
        "previous_rank": pa.array(rank, from_pandas=True).cast(pa.int32()),
        "previous_probability": pa.array(probability, from_pandas=True),
        "trend": _text(word),
    }


def _places(wanted: pd.Series, held: pd.Series, lacking: str | None) -> np.ndarray:
    """Position in `held` of each wanted id; -1 where it is not, or an error that says what is `lacking`."""
    at = pd.Index(held.astype(object)).get_indexer(pd.Index(wanted))
    if lacking is not None and (at < 0).any():
        missing = wanted.to_numpy()[at < 0]
        raise LeadRankError(
            f"{len(missing)} of {len(wanted)} scored leads {lacking}, the first of them '{missing[0]}': "
            "score this dataset again"
        )
    return at


def _number(values: pd.Series) -> pa.Array:
    return pa.array(values.to_numpy(dtype=float), pa.float64(), from_pandas=True)


def _text(values: pd.Series | np.ndarray | Sequence[str]) -> pa.Array:
    return pc.fill_null(pa.array(values, pa.string(), from_pandas=True), "")


def _shown(column: pd.Series, at: np.ndarray) -> pa.Array:
    """Text of a column for people; "" for a lead that it does not tell of."""
    taken = column.iloc[np.maximum(at, 0)].astype(object)
    return _text(np.array(["" if p < 0 else _whole(v) for p, v in zip(at, taken, strict=True)], dtype=object))


def _whole(value: object) -> str:
    """As `shown_value`, but a person's number, such as a telephone number or an amount, keeps all its digits."""
    if isinstance(value, float) and np.isfinite(value):
        return f"{value:.15g}"
    return shown_value(value)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Codes for repeated texts, but for those that hardly ever repeat; pages small enough to be skipped over.

    LZ4 unpacks twice as fast as ZSTD, which is what a search over millions of leads waits for; the reasons, read for
    the shown rows alone and half of the file, are packed tighter.
    """
    unlike = {"reasons", "search", "lead_id", "rank", "owner_rank", "previous_rank", "score", "probability"}
    coded = [n for n in schema.names if n not in unlike and not n.startswith("shown:")]
    return pq.ParquetWriter(
        path,
        schema,
        compression={name: "zstd" if name == "reasons" else "lz4" for name in schema.names},
        use_dictionary=coded,
        data_page_size=64 * 1024,
        # One lead among millions is looked up by its id, which no order of the file helps to find.
        bloom_filter_options={"lead_id": {"ndv": ROWS, "fpp": 0.01}},
    )
